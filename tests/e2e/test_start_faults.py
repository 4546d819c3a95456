"""What can be wrong when Luna starts, and whom she cannot trust afterwards: said, mended, told."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from tests.e2e.administrator import Administrator
from tests.e2e.homeserver import Homeserver
from tests.e2e.house import House
from tests.e2e.luna import LunaProcess
from tests.e2e.person import Person
from tests.e2e.process import ChildProcess
from tests.e2e.proxy import FaultyProxy
from tests.e2e.server_operator import ServerOperator
from tests.e2e.session import Session
from tests.e2e.timeline import membership, notice
from tests.fake_model import Answer, FakeModel

NO_SECRET = {"LUNA_HOMESERVER__REGISTRATION_SHARED_SECRET": ""}


async def failed(luna: LunaProcess, status: int) -> str:
    """Start a Luna who cannot live; return what she said about it."""
    await luna.spawn()
    assert await luna.process.wait(30) == status, luna.process.describe("she lives")
    assert "Traceback" not in luna.log
    return luna.log


async def test_a_server_out_of_reach_is_waited_for(
    house: House, proxy: FaultyProxy, alice: Person
) -> None:
    luna = house.luna(alice, homeserver_url=proxy.url)
    await proxy.stop()
    await luna.spawn()
    said = await luna.process.wait_for_line("Trying again")
    assert proxy.url in said
    await proxy.start()
    await luna.process.wait_for_line("^Luna is ready")


async def test_a_wrong_password_is_said_in_a_line(house: House, homeserver: Homeserver) -> None:
    person = await house.person()
    luna = house.luna(person, environment=NO_SECRET, sections={"luna": {"password": "forgotten"}})
    async with Session(homeserver.url) as session:
        await session.register(homeserver.registration_shared_secret, luna.localpart)
    log = await failed(luna, 1)
    assert f"{luna.user_id} cannot log in" in log
    assert "luna.password" in log
    assert "forgotten" not in log


async def test_every_mistake_in_the_configuration_is_said_at_once(
    house: House, alice: Person
) -> None:
    luna = house.luna(alice, environment=NO_SECRET)
    luna.configure("llm", {"modle": "gpt", "timeout_s": "soon"})
    luna.configure("admin", {"users": ["somebody"]})
    lines = (await failed(luna, 2)).splitlines()
    for key in ("llm.modle", "llm.timeout_s", "admin.users", "luna.password"):
        assert [line for line in lines if key in line], key
    assert sorted(path.name for path in luna.folder.iterdir()) == ["config.yaml"]


async def test_a_second_luna_on_the_same_folder_is_refused(
    luna: LunaProcess, admin: Administrator
) -> None:
    second = ChildProcess(luna.process.command, environment=luna.process.environment)
    await second.start()
    assert await second.wait(20) == 1
    assert f"process {luna.process.pid}" in "\n".join(second.errors)
    assert (await admin.command("!health")).mark == "✅"


@pytest.mark.parametrize("running", [True, False], ids=["while she runs", "while she is away"])
async def test_logged_out_from_elsewhere_she_logs_in_anew(
    luna: LunaProcess,
    admin: Administrator,
    alice: Person,
    operator: ServerOperator,
    running: bool,
) -> None:
    (device,) = await operator.devices(luna.user_id)
    secrets = [_access_token(luna.folder), _password(luna.folder)]
    if running:
        before = len(luna.process.output)
        await operator.log_out(luna.user_id, device)
        await luna.process.wait_for_line("^Luna is ready", after=before)
    else:
        await luna.stop()
        await operator.log_out(luna.user_id, device)
        await luna.start()
    (new_device,) = await operator.devices(luna.user_id)
    assert new_device != device
    room = await alice.direct(luna.user_id)
    await alice.send(room, "is it you?")
    await alice.wait_for_message(room, luna.user_id, "is it you?")
    heard = json.dumps(admin.person.timeline.events + alice.timeline.events)
    written = (luna.folder / "data" / "logs" / "luna.log").read_text() + luna.log
    for secret in [*secrets, _access_token(luna.folder)]:
        assert secret not in heard + written + "\n".join(luna.process.output)


def _access_token(folder: Path) -> str:
    session = json.loads((folder / "secrets" / "director_token.json").read_text())
    return str(session["access_token"])


def _password(folder: Path) -> str:
    return (folder / "secrets" / "luna_password").read_text().strip()


async def test_without_her_keys_she_is_a_new_device(house: House, operator: ServerOperator) -> None:
    luna, admin = await house.household(encrypted=True)
    (device,) = await operator.devices(luna.user_id)
    assert (await admin.command("!health")).mark == "✅"
    await luna.stop()
    shutil.rmtree(luna.folder / "secrets" / "crypto")
    await luna.start()
    (new_device,) = await operator.devices(luna.user_id)
    assert new_device != device
    assert (await admin.command("!health")).mark == "✅"


@pytest.mark.parametrize("preset", ["private_chat", "public_chat"])
async def test_somebody_elses_room_under_her_alias_is_left_to_them(
    house: House, alice: Person, bob: Person, preset: str
) -> None:
    luna = house.luna(alice)
    taken = await bob.create_room(room_alias_name=f"{luna.localpart}-admin", preset=preset)
    await luna.start()
    room = await alice.accept_invitation(sender=luna.user_id)
    assert room != taken
    told = await alice.wait_for(room, notice(luna.user_id, "admin.room"))
    assert "of her own" in told["content"]["body"]
    await luna.restart()
    admin = Administrator(alice, room, luna.user_id)
    assert (await admin.command("!health")).mark == "✅"
    assert luna.user_id not in await bob.joined_members(taken)


async def test_kicked_while_she_answers_she_goes_on(
    luna: LunaProcess, admin: Administrator, alice: Person, model: FakeModel
) -> None:
    room = await alice.direct(luna.user_id, preset="private_chat")
    held = asyncio.Event()
    model.enqueue(Answer("never heard", hold=held))
    await alice.send(room, "go away")
    await model.wait_for(lambda request: "go away" in request.last_user)
    await alice.kick(room, luna.user_id)
    await admin.command("!health")
    held.set()
    await admin.person.wait_for(admin.room, notice(luna.user_id, f"No answer to {alice.user_id}"))
    await alice.invite(room, luna.user_id)
    await alice.wait_for(room, membership(luna.user_id, "join"), count=2)
    await alice.send(room, "come back")
    await alice.wait_for_message(room, luna.user_id, "come back")


async def test_without_the_right_to_invite_she_says_so(
    luna: LunaProcess, admin: Administrator, alice: Person, bob: Person
) -> None:
    levels = {"invite": 50}
    room = await alice.direct(
        luna.user_id, preset="private_chat", power_level_content_override=levels
    )
    result = await admin.command(f"!add_participant {room} {bob.user_id}")
    assert result.mark == "❌"
    assert f"I cannot invite {bob.user_id}" in result.text
