"""Questions in line: rooms side by side, within a room one after the other."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from lunabot.matrix.events import Message, Reaction
from lunabot.matrix.ids import EventId, RoomId, UserId


@dataclass(frozen=True, slots=True)
class Question:
    """A message that one of Luna's accounts is to answer.

    `parts` are the messages of the answer that stand in the room already: those of one that a
    crash cut off, or, when it is asked for `again`, of the one to be replaced. Where an answer was
    `tried` before, something of it may be on its way to the room, or there, unheard of.
    """

    account: UserId
    message: Message
    parts: tuple[EventId, ...] = ()
    again: bool = False
    tried: bool = False

    @property
    def key(self) -> tuple[UserId, EventId]:
        """What makes it the same question."""
        return self.account, self.message.event_id

    def goes_with(self, other: "Question") -> bool:
        """Tell whether one answer serves both: by one account, in one thread, anew or the same."""
        mine = (self.account, self.message.thread, self.parts, self.again)
        return mine == (other.account, other.message.thread, other.parts, other.again)


Answer = Callable[[Sequence[Question]], Awaitable[None]]


class RoomQueues:
    """One line a room, worked off by a task that lives while somebody stands in it.

    What came to an account while it wrote an answer is handed over together, so that three
    messages in a row do not bring three answers that talk past each other. Before the first
    answer a room has to be quiet for `quiet_s` seconds, ten times as long at most.
    """

    def __init__(self, answer: Answer, quiet_s: Callable[[], float] = lambda: 0.0) -> None:
        self._answer = answer
        self._quiet_s = quiet_s
        self._waiting: dict[RoomId, list[Question]] = {}
        self._answering: dict[RoomId, Sequence[Question]] = {}
        self._workers: dict[RoomId, asyncio.Task[None]] = {}
        self._closed = False

    def put(self, question: Question) -> None:
        """Stand a question in its room's line, once; after `close` it is left owed."""
        room_id = question.message.room_id
        known = [*self._waiting.get(room_id, ()), *self._answering.get(room_id, ())]
        if self._closed or any(each.key == question.key for each in known):
            return
        self._waiting.setdefault(room_id, []).append(question)
        if room_id not in self._workers:
            self._workers[room_id] = asyncio.create_task(self._work(room_id))

    def withdraw(self, account: UserId, reaction: Reaction) -> bool:
        """Take a question out of the line, if the reaction on it is by who asked; tell whether."""
        waiting = self._waiting.get(reaction.room_id, [])
        for question in waiting:
            is_theirs = question.message.sender == reaction.sender
            if question.key == (account, reaction.target) and is_theirs:
                waiting.remove(question)
                return True
        return False

    @property
    def waiting(self) -> int:
        """How many questions stand in line, those being answered left out."""
        return sum(len(questions) for questions in self._waiting.values())

    @property
    def busy_rooms(self) -> int:
        """How many rooms are being answered in now."""
        return len(self._workers)

    async def drained(self) -> None:
        """Return when all rooms that are busy now have been through their lines."""
        await asyncio.gather(*self._workers.values(), return_exceptions=True)

    async def close(self, grace_s: float) -> None:
        """Take nothing more, let running answers end within the grace, then cancel them."""
        self._closed = True
        self._waiting.clear()
        workers = list(self._workers.values())
        if not workers:
            return
        _, late = await asyncio.wait(workers, timeout=grace_s)
        for worker in late:
            worker.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _work(self, room_id: RoomId) -> None:
        try:
            await self._quiet(room_id)
            while together := self._next(room_id):
                self._answering[room_id] = together
                await self._answer(together)
        finally:
            self._answering.pop(room_id, None)
            del self._workers[room_id]

    def _next(self, room_id: RoomId) -> tuple[Question, ...]:
        """Take the first question of a line and those behind it that go with it."""
        waiting = self._waiting.pop(room_id, [])
        together = tuple(itertools.takewhile(lambda each: each.goes_with(waiting[0]), waiting))
        if rest := waiting[len(together) :]:
            self._waiting[room_id] = rest
        return together

    async def _quiet(self, room_id: RoomId) -> None:
        """Wait until nothing has come for a while."""
        quiet_s, seen = self._quiet_s(), 0
        for _ in range(10 if quiet_s else 0):
            count = len(self._waiting.get(room_id, ()))
            if count == seen:
                return
            seen = count
            await asyncio.sleep(quiet_s)
