"""The disk is full while people talk and administrators command: nothing confirmed is lost."""

import re
from pathlib import Path

import pytest

from tests.e2e.administrator import NO, YES, Administrator
from tests.e2e.house import House
from tests.e2e.luna import LunaProcess
from tests.e2e.person import Person
from tests.e2e.talk import hear, times_said
from tests.e2e.timeline import notice
from tests.e2e.waiting import until
from tests.faults.small_disk import filled, full_for, mounted
from tests.faults.world import World
from tests.tokens import new_token

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def answered_once(person: Person, room: str, account: str, token: str) -> None:
    """Wait for an answer; ask once more, so that a second one to the first would have come."""
    await hear(person, room, account, token)
    last = new_token()
    await person.send(room, f"luna what of {last}?")
    await hear(person, room, account, last)
    assert times_said(person, room, account, token) == 1


async def all_is_well(admin: Administrator) -> None:
    """Return once she says so: the state is tried again every ten seconds."""

    async def is_well() -> bool:
        return "All is well" in (await admin.command("!health")).text

    await until(is_well, 30, "all is well", pause_s=1)


def told(admin: Administrator, *words: str) -> list[str]:
    """Return the notices to the administrators that hold all these words."""
    found = admin.person.timeline.find(admin.room, notice(admin.luna_id))
    bodies = [str(event["content"]["body"]) for event in found]
    return [body for body in bodies if all(word in body for word in words)]


async def test_a_disk_that_is_full_for_a_while_costs_nothing(world: World) -> None:
    luna, admin, place = world.luna, world.admin, world.places[0]
    if not luna.process.running:
        await luna.start()
    await all_is_well(admin)
    token = new_token()
    with full_for(luna.process.pid):
        await place.person.send(place.room, f"luna what of {token}?")
        await until(lambda: bool(told(admin, "archive.db failed")), 30, "a line on the archive")
        assert not times_said(place.person, place.room, luna.user_id, token)
    await answered_once(place.person, place.room, luna.user_id, token)
    await all_is_well(admin)
    assert len(told(admin, "archive.db failed")) == 1
    assert "Traceback" not in luna.log


async def test_on_a_disk_of_her_own_that_is_full(world: World, tmp_path: Path) -> None:
    async with House(world.server, tmp_path, world.model.base_url) as house:
        person = await house.person()
        luna = house.luna(person)
        with mounted(luna.folder) as is_mounted:
            if not is_mounted:
                pytest.skip("this user may not mount a file system")
            _, admin = await house.start(luna, person)
            try:
                await _fill_up(luna, admin, await house.person())
            finally:
                await luna.close()


async def _fill_up(luna: LunaProcess, admin: Administrator, person: Person) -> None:
    room = await person.direct(luna.user_id)
    confirmed = await admin.command("/spawn keeper You keep what was confirmed.")
    assert confirmed.mark == YES
    before, during = new_token(), new_token()
    with filled(luna.folder):
        await person.send(room, f"luna what of {before}?")
        await until(lambda: bool(told(admin, "archive.db failed")), 30, "a line on the archive")
        waiting = await admin.say("/spawn late You come when there is room again.")
        await luna.kill()
        await luna.start()
        await until(lambda: len(told(admin, "archive.db")) > 1, 30, "what is wrong, once more")
        await person.send(room, f"luna what of {during}?")
    late = await admin.result(waiting, 60)
    if late.mark == NO:  # the little that is free after a restart let it begin
        assert re.search(r"That did not work: .*(No space left|disk is full)", late.text)
        late = await admin.command("/spawn late You come when there is room again.")
    assert late.mark == YES
    await answered_once(person, room, luna.user_id, before)
    await answered_once(person, room, luna.user_id, during)
    await luna.restart()
    personas = (await admin.command("/personas")).text
    assert "keeper" in personas and "late" in personas
    assert "All is well" in (await admin.command("!health")).text
    assert "Traceback" not in luna.log
