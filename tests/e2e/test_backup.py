"""A Luna who was restored into an empty folder is the same: to her people and to the server."""

import json
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from tests.e2e.administrator import Administrator
from tests.e2e.conftest import fixture
from tests.e2e.homeserver import free_port
from tests.e2e.house import House
from tests.e2e.luna import ROOT, LunaProcess
from tests.e2e.person import Person
from tests.e2e.process import ChildProcess
from tests.e2e.server_operator import ServerOperator
from tests.e2e.talk import name_of, summon
from tests.e2e.timeline import message
from tests.fake_model import FakeModel

SECRET = {"LUNA_BACKUP__PASSPHRASE": "correct horse battery"}


async def luna_command(verb: str, config: Path, file: Path) -> list[str]:
    """Run `luna backup` or `luna restore`; return what it says."""
    command = [sys.executable, "-m", "lunabot", verb, "--config", str(config), str(file)]
    process = ChildProcess(command, environment={"PYTHONPATH": str(ROOT), **SECRET})
    await process.start()
    assert await process.wait(60) == 0, process.describe(f"luna {verb} failed")
    return process.output


async def restored(house: House, luna: LunaProcess, file: Path, person: Person) -> LunaProcess:
    """Return the same Luna in an empty folder, restored there and not started yet."""
    other = house.luna(person, environment=SECRET)
    said = await luna_command("restore", other.configuration_file, file)
    assert "must never run again" in said[-1]
    assert json.loads(other.configuration_file.read_text()) == luna.configuration
    other.configuration = luna.configuration
    other.user_id, other.admin_alias = luna.user_id, luna.admin_alias
    return other


async def test_restored_from_a_backup_made_while_she_ran(
    house: House, operator: ServerOperator, model: FakeModel
) -> None:
    luna, admin = await house.household(encrypted=True, environment=SECRET)
    alice = await house.person("alice", encrypted=True)
    persona = await summon(admin, model, "scout")
    rooms = {user: await alice.direct(user, encrypted=True) for user in (luna.user_id, persona)}
    for user, room in rooms.items():
        await alice.send(room, f"a word for {user}")
        await alice.wait_for_message(room, user, "a word for")
    assert (await admin.command("/backup")).mark == "✅"
    (file,) = (luna.folder / "data" / "backups").iterdir()
    for user, room in rooms.items():  # keys go on to be used, which the backup does not know
        await alice.send(room, "said after the backup")
        await alice.wait_for_message(room, user, "after the backup")
    devices = [await operator.devices(user) for user in rooms]
    await luna.stop()
    other = await restored(house, luna, file, admin.person)
    await other.start()
    assert [await operator.devices(user) for user in rooms] == devices
    for user, room in rooms.items():
        await alice.send(room, "do you know me?")
        await alice.wait_for_message(room, user, "do you know me?")
        asked = [each for each in model.requests if each.last_user.endswith("do you know me?")]
        assert any(f"a word for {user}" in turn["content"] for turn in asked[-1].messages)
    listed = await admin.command("/personas")
    assert name_of(persona) in listed.text
    assert "Traceback" not in other.log


@fixture
async def managed(house: House, alice: Person) -> AsyncIterator[LunaProcess]:
    """A Luna with a server of her own, who was not started yet; alice only lends her name."""
    luna = house.luna(alice, environment=SECRET)
    address = f"http://127.0.0.1:{free_port()}"
    luna.configure("homeserver", {"url": address, "name": "localhost", "managed": True})
    luna.configure("luna", {"user": "luna"})
    luna.configure("admin", {"users": ["@ada:localhost"], "room": "luna-admin"})
    luna.user_id = "@luna:localhost"
    yield luna


async def test_restored_with_her_own_server_from_a_backup_made_while_she_was_stopped(
    house: House, managed: LunaProcess, alice: Person, tmp_path: Path
) -> None:
    await managed.start(60)
    line = await managed.process.wait_for_line("Made the account @ada")
    password = re.findall(r"password (\S+)", line)[0]
    address = managed.configuration["homeserver"]["url"]
    ada = await Person.log_in(address, "ada", password)
    house.push_async_callback(ada.close)
    room = await ada.accept_invitation(sender=managed.user_id)
    direct = await ada.direct(managed.user_id)
    await ada.send(direct, "before")
    await ada.wait_for_message(direct, managed.user_id, "before")
    await managed.stop()
    said = await luna_command("backup", managed.configuration_file, tmp_path / "b")
    assert said[0].startswith(f"Made {tmp_path / 'b'}")
    other = await restored(house, managed, tmp_path / "b", alice)
    await other.start(60)
    assert not any("Made the account" in line for line in other.process.output)
    await ada.send(direct, "and after")
    await ada.wait_for_message(direct, managed.user_id, "and after")
    admin = Administrator(ada, room, managed.user_id)
    assert (await admin.command("/health")).mark == "✅"
    assert len(ada.timeline.find(direct, message(managed.user_id))) == 2
    assert "Traceback" not in other.log
