"""Whoever asks Luna to stop, and whatever she does just then: she ends in order and in time."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.conftest import fixture
from tests.e2e.faults import hold
from tests.e2e.homeserver import Homeserver, free_port
from tests.e2e.house import House, Household
from tests.e2e.luna import ROOT, LunaProcess
from tests.e2e.person import Person
from tests.e2e.process import ChildProcess
from tests.e2e.proxy import FaultyProxy
from tests.e2e.timeline import message, notice
from tests.fake_model import Answer, FakeModel

STOP_S = 4.0  # two seconds by contract, but the machine of the tests may be slow and busy
SKILLS = '''\
import asyncio
import sys
import threading

from lunabot.admin.call import Call
from lunabot.admin.skill import skill
from lunabot.instance import request_shutdown


@skill("child_asks")
async def child_asks(call: Call) -> str:
    """Have a child process ask for the stop."""
    code = "from lunabot.instance import request_shutdown as ask; print(ask('a child of hers'))"
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
    return f"exit status {await child.wait()}"


@skill("threads_ask")
async def threads_ask(call: Call) -> str:
    """Have two threads ask for the stop, one right after the other."""
    for _ in range(2):
        thread = threading.Thread(target=request_shutdown, args=("a thread of hers",))
        thread.start()
        await asyncio.to_thread(thread.join)
    return "asked"
'''


@fixture(scope="module")
async def household(
    homeserver: Homeserver, model: FakeModel, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Household]:
    """A Luna with two skills more."""
    async with House(homeserver, tmp_path_factory.mktemp("house"), model.base_url) as house:
        person = await house.person("admin")
        luna = house.luna(person)
        luna.configuration["skills"].append(str(_skill_folder(luna.folder)))
        yield await house.start(luna, person)


@fixture
async def luna(household: Household) -> LunaProcess:
    """The module's Luna, started again where a test ended her."""
    if not household.luna.process.running:
        await household.luna.start()
    return household.luna


def _skill_folder(folder: Path) -> Path:
    skills = folder / "more-skills"
    skills.mkdir()
    (skills / "asking.py").write_text(SKILLS)
    return skills


async def _ask(way: str, household: Household) -> None:
    luna, admin = household
    match way:
        case "SIGTERM" | "SIGINT":
            luna.process.send_signal(signal.Signals[way])
        case "luna stop":
            assert await (await _luna_stop(luna)).wait(15) == 0
        case command:
            await admin.say(command)


async def _luna_stop(luna: LunaProcess) -> ChildProcess:
    """Start ``luna stop``."""
    command = [sys.executable, "-m", "lunabot", "stop", "--config", str(luna.configuration_file)]
    stop = ChildProcess(command, environment={"PYTHONPATH": str(ROOT)})
    await stop.start()
    return stop


@pytest.mark.parametrize(
    ("way", "reason"),
    [
        ("SIGTERM", "the system asked me to (SIGTERM)"),
        ("SIGINT", "Ctrl-C"),
        ("luna stop", "somebody typed luna stop"),
        ("/shutdown --yes spring cleaning", "spring cleaning"),
        ("/child_asks", "a child of hers"),
        ("/threads_ask", "a thread of hers"),
    ],
)
async def test_each_way_to_stop_leaves_the_answer_that_is_written_owed(
    household: Household,
    luna: LunaProcess,
    alice: Person,
    model: FakeModel,
    way: str,
    reason: str,
) -> None:
    room = await alice.direct(luna.user_id)
    held = asyncio.Event()
    model.enqueue(Answer("never heard", hold=held))
    await alice.send(room, f"a question before {way}")
    await model.wait_for(lambda request: f"before {way}" in request.last_user)
    await _ask(way, household)
    assert await luna.process.wait(STOP_S) == 0
    admin, farewell = household.admin, f"I am stopping now: {reason}. One answer is left"
    await admin.person.wait_for(admin.room, notice(luna.user_id, farewell))
    held.set()
    await luna.start()
    await alice.wait_for_message(room, luna.user_id, f"before {way}")
    await alice.send(room, "and another")
    await alice.wait_for_message(room, luna.user_id, "and another")
    assert len(alice.timeline.find(room, message(luna.user_id))) == 2


async def test_a_second_signal_ends_her_at_once(
    luna: LunaProcess, alice: Person, model: FakeModel
) -> None:
    room = await alice.direct(luna.user_id)
    model.enqueue(Answer("never heard", hold=asyncio.Event()))
    await alice.send(room, "a question before two signals")
    await model.wait_for(lambda request: "before two signals" in request.last_user)
    luna.process.send_signal(signal.SIGINT)
    luna.process.send_signal(signal.SIGTERM)
    assert await luna.process.wait(STOP_S) in (128 + signal.SIGINT, 128 + signal.SIGTERM)
    await luna.start()
    await alice.wait_for_message(room, luna.user_id, "before two signals")


async def test_she_stops_in_time_while_the_server_is_silent(
    house: House, proxy: FaultyProxy, alice: Person, model: FakeModel
) -> None:
    luna, _ = await house.household(homeserver_url=proxy.url)
    room = await alice.direct(luna.user_id)
    model.enqueue(Answer("never heard", hold=asyncio.Event()))
    await alice.send(room, "a question before silence falls")
    await alice.wait_for(room, lambda event: event["type"] == "m.typing")
    with proxy.fault("", hold(asyncio.Event())):
        assert await luna.stop(STOP_S) == 0


async def test_she_stops_while_she_waits_for_the_server(house: House, alice: Person) -> None:
    luna = house.luna(alice, homeserver_url=f"http://127.0.0.1:{free_port()}")
    await luna.spawn()
    await luna.process.wait_for_line(r"no connection.*Trying again in \d+ s")
    assert await luna.stop(STOP_S) == 0


async def test_luna_stop_needs_no_sound_configuration(house: House, alice: Person) -> None:
    luna = house.luna(alice)
    luna.configuration_file.write_text("luna: {user: [")
    stop = await _luna_stop(luna)
    assert await stop.wait(15) == 0
    assert stop.output == [f"No Luna runs on {luna.folder / 'data'}."]
