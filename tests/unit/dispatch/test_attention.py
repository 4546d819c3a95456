"""Typing notices and receipts: only where somebody waits, and never left standing."""

import asyncio
from contextlib import AbstractAsyncContextManager

import pytest

from lunabot.dispatch.attention import Attention
from lunabot.matrix.ids import EventId, RoomId
from tests.clock import Clock
from tests.fake_account import FakeAccount

ROOM = RoomId("!room:localhost")
FIRST, SECOND = EventId("$1"), EventId("$2")
SHOWN = [("read", FIRST), ("typing", True)]


@pytest.fixture
def attention(clock: Clock) -> Attention:
    return Attention()


async def test_an_answer_that_comes_at_once_costs_one_receipt_later(
    attention: Attention, account: FakeAccount, clock: Clock
) -> None:
    async with attention.on(account, ROOM, FIRST):
        await clock.forward(0.25)
    assert account.acts == []
    await clock.forward(2.9)
    assert account.acts == []
    await clock.forward(0.2)
    assert account.acts == [("read", FIRST)]


async def test_answers_in_a_row_cost_one_receipt_together(
    attention: Attention, account: FakeAccount, clock: Clock
) -> None:
    other = RoomId("!other:localhost")
    for event_id in (FIRST, SECOND):
        async with attention.on(account, ROOM, event_id):
            pass
        await clock.forward(2)
    async with attention.on(account, other, EventId("$other")):
        pass
    await clock.forward(5)
    assert account.acts == [("read", SECOND), ("read", "$other")]


async def test_who_waits_sees_that_it_was_read_and_that_somebody_types(
    attention: Attention, account: FakeAccount, clock: Clock
) -> None:
    async with attention.on(account, ROOM, FIRST):
        await clock.forward(0.35)
        assert account.acts == SHOWN
        await clock.forward(24)
        assert account.acts == SHOWN
        await clock.forward(27)
        assert account.acts == [*SHOWN, ("typing", True), ("typing", True)]
    await clock.forward(60)
    assert account.acts[4:] == [("typing", False)]


@pytest.mark.parametrize("seconds", [0.1, 1.0])
async def test_a_failure_goes_on_and_leaves_nothing_standing(
    attention: Attention, account: FakeAccount, clock: Clock, seconds: float
) -> None:
    with pytest.raises(ValueError, match="a bug"):
        async with attention.on(account, ROOM, FIRST):
            await clock.forward(seconds)
            raise ValueError("a bug")
    await clock.forward(5)
    assert account.acts[-1] == (("read", FIRST) if seconds < 0.3 else ("typing", False))


async def test_what_follows_waits_for_no_silent_server(attention: Attention, clock: Clock) -> None:
    account = Silent()
    before = asyncio.all_tasks()
    answering = asyncio.create_task(forever(attention.on(account, ROOM, FIRST)))
    await clock.forward(1)
    assert account.acts == SHOWN
    answering.cancel()
    await clock.settle()
    assert answering.cancelled()
    await attention.close()
    assert asyncio.all_tasks() == before


async def test_closing_drops_the_receipts_that_are_due(
    attention: Attention, account: FakeAccount, clock: Clock
) -> None:
    before = asyncio.all_tasks()
    async with attention.on(account, ROOM, FIRST):
        pass
    await attention.close()
    assert asyncio.all_tasks() == before
    await clock.forward(5)
    assert account.acts == []


class Silent(FakeAccount):
    """On a server that no longer answers when the typing notice is to be taken back."""

    async def set_typing(self, room_id: RoomId, typing: bool) -> None:
        if not typing:
            await asyncio.Event().wait()
        await super().set_typing(room_id, typing)


async def forever(attention: AbstractAsyncContextManager[None]) -> None:
    async with attention:
        await asyncio.Event().wait()
