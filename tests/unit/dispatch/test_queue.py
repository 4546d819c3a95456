"""Rooms side by side, within a room in order, what waited together."""

import asyncio
from collections.abc import Sequence

import pytest

from lunabot.dispatch.queue import Question, RoomQueues
from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, RoomId, UserId

LUNA, TEACHER = UserId("@luna:s"), UserId("@teacher:s")


def question(number: int, room: str = "!a", account: UserId = LUNA) -> Question:
    text = f"question {number}"
    asked = Message(EventId(f"${number}"), RoomId(room), UserId("@ann:s"), number, text)
    return Question(account, asked)


class Answerer:
    """Notes what it is asked and answers only when let."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.let = asyncio.Event()
        self.changed = asyncio.Condition()
        self.finished = 0

    async def __call__(self, questions: Sequence[Question]) -> None:
        self.asked.append([each.message.event_id for each in questions])
        async with self.changed:
            self.changed.notify_all()
        await self.let.wait()
        self.finished += 1

    async def wait_for(self, calls: int) -> None:
        async with asyncio.timeout(5), self.changed:
            await self.changed.wait_for(lambda: len(self.asked) >= calls)


@pytest.fixture
def answerer() -> Answerer:
    return Answerer()


@pytest.fixture
def queues(answerer: Answerer) -> RoomQueues:
    return RoomQueues(answerer)


async def test_what_arrives_meanwhile_is_answered_together(
    answerer: Answerer, queues: RoomQueues
) -> None:
    queues.put(question(1))
    await answerer.wait_for(1)
    queues.put(question(2))
    queues.put(question(3))
    assert queues.waiting == 2
    answerer.let.set()
    await answerer.wait_for(2)
    assert answerer.asked == [["$1"], ["$2", "$3"]]


async def test_rooms_do_not_wait_for_each_other(answerer: Answerer, queues: RoomQueues) -> None:
    queues.put(question(1, "!a"))
    queues.put(question(2, "!b"))
    await answerer.wait_for(2)
    assert queues.busy_rooms == 2
    answerer.let.set()
    await queues.close(grace_s=5)


async def test_each_account_answers_in_the_order_asked(
    answerer: Answerer, queues: RoomQueues
) -> None:
    answerer.let.set()
    queues.put(question(1, account=LUNA))
    queues.put(question(1, account=TEACHER))
    queues.put(question(2, account=LUNA))
    await answerer.wait_for(3)
    assert answerer.asked == [["$1"], ["$1"], ["$2"]]


async def test_close_lets_a_running_answer_end_and_leaves_the_rest(
    answerer: Answerer, queues: RoomQueues
) -> None:
    queues.put(question(1))
    await answerer.wait_for(1)
    queues.put(question(2))
    answerer.let.set()
    await queues.close(grace_s=5)
    queues.put(question(3))
    assert (answerer.asked, answerer.finished) == ([["$1"]], 1)


async def test_close_cancels_what_is_late(answerer: Answerer, queues: RoomQueues) -> None:
    queues.put(question(1))
    await answerer.wait_for(1)
    await queues.close(grace_s=0)
    assert (answerer.finished, queues.busy_rooms) == (0, 0)
