"""Bots that talk in circles are stopped, whoever they are, and people set them free."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import count
from typing import Any

import pytest

from tests.e2e.administrator import Administrator
from tests.e2e.conftest import fixture
from tests.e2e.luna import LunaProcess
from tests.e2e.person import Person
from tests.e2e.talk import answers, ask, caught_up, group, name_of, replying, said, spoken, summon
from tests.e2e.timeline import Event, message, notice
from tests.fake_model import Answer, FakeModel, Request, Script, echo

EXCHANGES = 6


@pytest.fixture(scope="module")
def luna_options() -> dict[str, Any]:
    """Strangers that behave like bots are stopped sooner, to save time."""
    return {"sections": {"loops": {"pair_events": EXCHANGES}}}


@fixture(scope="module")
async def pair(admin: Administrator, model: FakeModel) -> list[str]:
    """Two personas, by user id."""
    return [await summon(admin, model, word) for word in ("ada", "bert")]


@asynccontextmanager
async def tireless(bot: Person, room: str, user_id: str) -> AsyncIterator[None]:
    """Let a bot that is not Luna's speak to an account, and again after each of its messages."""

    async def go_on() -> None:
        for number in count(1):
            await bot.send(room, f"{user_id} is right", **{"m.mentions": {"user_ids": [user_id]}})
            await bot.wait_for(room, message(user_id), timeout_s=60, count=number)

    talking = asyncio.create_task(go_on())
    yield
    talking.cancel()
    with suppress(asyncio.CancelledError):
        await talking


def is_pause(event: Event) -> bool:
    """Match the notice that somebody was stopped."""
    return notice()(event) and "paused" in event["content"]["body"]


def pauses(person: Person, room: str) -> int:
    return len(person.timeline.find(room, is_pause))


def lines_about(admin: Administrator, room: str) -> int:
    """Return how many lines of the admin room tell of a pause in a room."""
    found = admin.person.timeline.find(admin.room, is_pause)
    return sum(room in event["content"]["body"] for event in found)


async def test_two_personas_who_call_each_other_stop_at_the_sixth_round_until_a_person_speaks(
    luna: LunaProcess, admin: Administrator, alice: Person, model: FakeModel, pair: list[str]
) -> None:
    room = await group(alice, *pair)
    with replying(model, lambda request: calling_the_other(request, pair)):
        for time in (1, 2):
            await alice.send(room, f"{name_of(pair[0])}, talk with {name_of(pair[1])}")
            await alice.wait_for(room, is_pause, count=time)
            await caught_up_with(alice, pair)
            spoke = Counter(event["sender"] for event in answers(alice, room, *pair))
            assert spoke == dict.fromkeys(pair, 5 * time)
            assert pauses(alice, room) == time
            await admin.person.wait_for(admin.room, is_pause, count=time)
            assert lines_about(admin, room) == time
        assert room in (await admin.command("/health")).text
        freed = await admin.command(f"/resume {room}")
        assert freed.mark == "✅", freed
        assert room not in (await admin.command("/health")).text


async def test_a_bot_that_mentions_her_at_once_is_stopped_in_a_group(
    luna: LunaProcess, admin: Administrator, alice: Person, bob: Person
) -> None:
    room = await group(alice, luna.user_id, bob)
    async with tireless(bob, room, luna.user_id):
        await alice.wait_for(room, is_pause)
        await caught_up(alice, luna.user_id)
        heard = len(said(alice, room, luna.user_id))
        assert heard == EXCHANGES // 2
        await ask(alice, room, luna, "luna, are you still there?")


async def test_a_bot_that_answers_at_once_is_stopped_in_a_direct_room_even_after_a_restart(
    luna: LunaProcess, admin: Administrator, alice: Person, bob: Person
) -> None:
    room = await bob.direct(luna.user_id)
    async with tireless(bob, room, luna.user_id):
        await bob.wait_for(room, is_pause)
        await caught_up(alice, luna.user_id)
    assert len(said(bob, room, luna.user_id)) == EXCHANGES
    await luna.restart()
    await bob.send(room, "are you there again?")
    await caught_up(alice, luna.user_id)
    assert len(said(bob, room, luna.user_id)) == EXCHANGES
    assert pauses(bob, room) == lines_about(admin, room) == 1
    assert room in (await admin.command("/health")).text
    assert (await admin.command(f"/resume {room}")).mark == "✅"
    await ask(bob, room, luna, "and now?")


def calling_the_other(request: Request, pair: list[str]) -> Script:
    """Let each of the two answer with a question to the other; elsewhere they echo."""
    names = list(map(name_of, pair))
    (other,) = [name for name in names if f"You are {name}" not in request.system]
    if any(name in spoken(request) for name in names):
        return Answer(f"{other}, what do you say?")
    return echo(request)


async def caught_up_with(person: Person, users: list[str]) -> None:
    for user in users:
        await caught_up(person, user)
