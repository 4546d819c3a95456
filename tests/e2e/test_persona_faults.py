"""Whatever happens at whichever step of a summons or a dismissal: all of it is done, or nothing.

A request of Luna's is the boundary between two steps. At each of them the server refuses, or is
cut off before or after it has done what it was asked, or Luna is killed, or stopped. Usually a
sample of boundaries and faults is tried; ``LUNA_LONG=1`` tries each boundary with each fault.
"""

import asyncio
import itertools
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

import pytest

from tests.e2e.administrator import Administrator, CommandResult
from tests.e2e.boundaries import Boundaries
from tests.e2e.conftest import fixture
from tests.e2e.faults import Behaviour, cut, hold, late_answer, lost_answer, refusal
from tests.e2e.homeserver import Homeserver
from tests.e2e.house import House
from tests.e2e.luna import LunaProcess
from tests.e2e.proxy import FaultyProxy
from tests.e2e.session import unique
from tests.e2e.timeline import membership, notice
from tests.e2e.traces import Traces
from tests.fake_model import FakeModel
from tests.faults.small_disk import full_for

LONG = os.environ.get("LUNA_LONG") == "1"
AT_ONCE = 3
STOP_S = 4.0
PATIENT = ["-m", "lunabot"]
IMPATIENT = """
import functools
from lunabot import __main__, app
app.HomeserverClient = functools.partial(app.HomeserverClient, patience_s=5)
__main__.main()
"""
# Those before a summons begins: nothing was done yet, and nothing needs to be told.
LOOKS = ("GET /_synapse/admin/v2/users/…", "GET /directory/room/…")


@dataclass(frozen=True)
class World:
    """A Luna behind a proxy, her administrator, and a room of his that both are in."""

    luna: LunaProcess
    admin: Administrator
    boundaries: Boundaries
    traces: Traces
    room: str

    async def be_patient(self, patient: bool) -> None:
        """Let Luna wait long for a server that is silent, as she usually does, or not so long."""
        arguments = PATIENT if patient else ["-c", IMPATIENT]
        if self.luna.process.command[1:3] != arguments:
            self.luna.process.command[1:3] = arguments
            await self.luna.restart()

    async def spawn(self, name: str, *, given_room: bool = False) -> CommandResult:
        return await self.admin.result(await self.say_spawn(name, given_room=given_room), 60)

    async def say_spawn(self, name: str, *, given_room: bool) -> str:
        room = f"--room {self.room} " if given_room else ""
        return await self.admin.say(f"/spawn {name} {room}You are {name}.")

    async def respawn(self, name: str, *, given_room: bool = True) -> None:
        """Summon somebody of a name that was there before."""
        await self.traces.until_names_can_come_back()
        result = await self.spawn(name, given_room=given_room)
        assert result.mark == "✅", result

    async def despawn(self, name: str) -> CommandResult:
        return await self.admin.result(await self.say_despawn(name), 60)

    async def say_despawn(self, name: str) -> str:
        return await self.admin.say(f"/despawn {name} --yes")

    async def spawn_several(self, count: int) -> list[str]:
        """Summon personas with names of their own."""
        places, names = asyncio.Semaphore(AT_ONCE), [unique("scout") for _ in range(count)]

        async def one(name: str) -> CommandResult:
            async with places:
                return await self.spawn(name, given_room=True)

        results = await asyncio.gather(*map(one, names))
        assert {result.mark for result in results} == {"✅"}, results
        return names

    def heal(self, cases: "Sequence[Case]") -> None:
        """End the faults."""
        for case in cases:
            self.boundaries.heal(case.name)

    async def gone(self, name: str) -> None:
        """Return once nothing is left of a persona anywhere."""
        await self.traces.until_none(name, self.room)

    async def told(self, text: str) -> None:
        """Return once the administrators were told something in one line."""
        line = await self.admin.person.wait_for(self.admin.room, notice(self.luna.user_id, text))
        assert "\n" not in line["content"]["body"]


@fixture(scope="module")
async def world(
    homeserver: Homeserver, model: FakeModel, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    folder, boundaries = tmp_path_factory.mktemp("house"), Boundaries()
    async with (
        FaultyProxy(homeserver.url) as proxy,
        House(homeserver, folder, model.base_url) as house,
    ):
        person = await house.person("admin")
        luna = house.luna(person, homeserver_url=proxy.url)
        with proxy.fault("", boundaries):
            luna, admin = await house.start(luna, person)
            room = await person.create_room(invite=[luna.user_id])
            await person.wait_for(room, membership(luna.user_id, "join"))
            async with Traces.looked_for(homeserver, luna) as traces:
                yield World(luna, admin, boundaries, traces, room)


@fixture(scope="module")
async def summons(world: World) -> dict[bool, list[str]]:
    """The requests of a clean summons, with a room given and without."""
    return {given: await _requests(world, f"{given}", given_room=given) for given in (True, False)}


async def _requests(world: World, word: str, *, given_room: bool) -> list[str]:
    name = unique(word.lower())
    world.boundaries.watch(name)
    result = await world.spawn(name, given_room=given_room)
    assert result.mark == "✅", result
    return _steps(world.boundaries.requests[name])


@fixture(scope="module")
async def dismissal(world: World) -> list[str]:
    """The requests of a clean dismissal."""
    (name,) = await world.spawn_several(1)
    world.boundaries.watch(name)
    result = await world.despawn(name)
    assert result.mark == "✅", result
    await world.gone(name)
    return _steps(world.boundaries.requests[name])


def _steps(requests: Sequence[str]) -> list[str]:
    """Return the requests up to the last that changes something, before people are told.

    What is read after it (a sync, what was said before) is read in the background.
    """
    told = list(itertools.takewhile(lambda request: "/send/" not in request, requests))
    while told[-1].startswith("GET "):
        told.pop()
    return told


ALIVE: dict[str, Behaviour] = {
    "refused": refusal(403, "M_FORBIDDEN"),
    "cut off": cut(),
    "answer lost": lost_answer(),
}


@dataclass(frozen=True)
class Case:
    """A summons or dismissal that meets a fault at one of its requests."""

    name: str
    number: int
    request: str
    fault: str
    given_room: bool = False


def _pairs(
    requests: Sequence[str], faults: Mapping[str, Behaviour], stride: int, first: int = 0
) -> list[tuple[int, str]]:
    """Return the boundaries with the faults to try there: all, or every `stride`-th."""
    pairs = list(itertools.product(range(len(requests)), faults))
    return pairs if LONG else pairs[first::stride]


def _plan(
    world: World,
    requests: Sequence[str],
    faults: Mapping[str, Behaviour],
    stride: int,
    first: int = 0,
    *,
    given_room: bool = False,
    names: Sequence[str] = (),
) -> list[Case]:
    """Plan faults, each for a persona of its own, who is new unless `names` are given."""
    pairs = _pairs(requests, faults, stride, first)
    chosen = names or [unique("scout") for _ in pairs]
    for name, (number, fault) in zip(chosen, pairs, strict=True):
        world.boundaries.plan(name, number, faults[fault])
    return [
        Case(name, number, requests[number], fault, given_room)
        for name, (number, fault) in zip(chosen, pairs, strict=True)
    ]


@pytest.mark.parametrize("given_room", [False, True], ids=["own room", "given room"])
async def test_a_summons_whose_server_fails_leaves_nothing(
    world: World, summons: dict[bool, list[str]], given_room: bool
) -> None:
    await world.be_patient(False)
    places = asyncio.Semaphore(AT_ONCE)

    async def spawn(case: Case) -> CommandResult:
        async with places:
            result = await world.spawn(case.name, given_room=given_room)
            world.boundaries.heal(case.name)
            return result

    cases = _plan(world, summons[given_room], ALIVE, 8, given_room=given_room)
    results = await asyncio.gather(*map(spawn, cases))
    if any("not undone yet" in result.text for result in results):
        await world.luna.restart()  # undoing took longer than she waits: the machine is busy
    for case, result in zip(cases, results, strict=True):
        assert (result.mark, case.name in world.boundaries.met) == ("❌", True), (case, result)
        await world.gone(case.name)
    for case in cases if LONG else cases[::3]:
        await world.respawn(case.name, given_room=given_room)


ENDED: dict[str, Behaviour] = {
    "before": hold(asyncio.Event()),
    "after": late_answer(asyncio.Event()),
}


async def _end(luna: LunaProcess, how: str) -> None:
    """Kill her, or ask her to stop, which she does in time whatever she is doing."""
    await (luna.kill() if how == "killed" else luna.stop(STOP_S))
    assert luna.exit_status == (-signal.SIGKILL if how == "killed" else 0)


@pytest.mark.parametrize(("how", "first"), [("killed", 0), ("stopped", 4)])
async def test_a_summons_that_is_cut_off_is_taken_back_at_the_next_start(
    world: World, summons: dict[bool, list[str]], how: str, first: int
) -> None:
    await world.be_patient(True)
    cases = [
        case
        for given in (True, False)
        for case in _plan(world, summons[given], ENDED, 9, first, given_room=given)
    ]
    for case in cases:
        await world.say_spawn(case.name, given_room=case.given_room)
    await world.boundaries.until_met({case.name for case in cases})
    await _end(world.luna, how)
    world.heal(cases)
    await world.luna.start(60)
    for case in cases:
        await world.gone(case.name)
        if case.request not in LOOKS:
            await world.told(f"Took back the spawn of {world.traces.user_id(case.name)}")
    for case in cases if LONG else cases[::5]:
        await world.respawn(case.name, given_room=case.given_room)


async def test_a_dismissal_whose_server_fails_is_completed_when_it_is_asked_for_again(
    world: World, dismissal: list[str]
) -> None:
    await world.be_patient(False)
    names = await world.spawn_several(len(_pairs(dismissal, ALIVE, 5)))
    cases = _plan(world, dismissal, ALIVE, 5, names=names)
    results = await asyncio.gather(*(world.despawn(name) for name in names))
    world.heal(cases)
    failed = [case for case, result in zip(cases, results, strict=True) if result.mark == "❌"]
    for case in failed:
        again = await world.despawn(case.name)
        assert again.mark == "✅", (case, again)
    for name in names:
        await world.gone(name)
    assert len(failed) > len(cases) / 2
    await world.respawn(names[-1])


@pytest.mark.parametrize(("how", "first"), [("killed", 0), ("stopped", 2)])
async def test_a_dismissal_that_is_cut_off_is_completed_at_the_next_start(
    world: World, dismissal: list[str], how: str, first: int
) -> None:
    await world.be_patient(True)
    names = await world.spawn_several(len(_pairs(dismissal, ENDED, 5, first)))
    cases = _plan(world, dismissal, ENDED, 5, first, names=names)
    for case in cases:
        await world.say_despawn(case.name)
    await world.boundaries.until_met(set(names))
    await _end(world.luna, how)
    world.heal(cases)
    await world.luna.start(60)
    for case in cases:
        if case.number == 0:
            continue  # it was only looked at
        await world.gone(case.name)
        await world.told(f"Completed the despawn of {world.traces.user_id(case.name)}")
    await world.respawn(names[-1])


@pytest.mark.parametrize("request_before", ["POST /login", "POST /join/…"])
async def test_a_disk_that_is_full_from_a_step_on_leaves_nothing(
    world: World, summons: dict[bool, list[str]], request_before: str
) -> None:
    name, release = unique("scout"), asyncio.Event()
    world.boundaries.plan(name, summons[True].index(request_before), hold(release))
    command = await world.say_spawn(name, given_room=True)
    await world.boundaries.until_met({name})
    with full_for(world.luna.process.pid):
        release.set()
        result = await world.admin.result(command, 60)
    assert (result.mark, "Something broke" in result.text) == ("❌", False), result
    world.boundaries.heal(name)
    await world.luna.restart()
    await world.gone(name)
    await world.respawn(name)
