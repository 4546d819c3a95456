"""Questions in line: rooms side by side, within a room one after the other."""

import asyncio
import itertools
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from lunabot.matrix.events import Message
from lunabot.matrix.ids import RoomId, UserId

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Question:
    """A message that one of Luna's accounts is to answer."""

    account: UserId
    message: Message


Answer = Callable[[Sequence[Question]], Awaitable[None]]


class RoomQueues:
    """One queue a room, worked off by a task that lives while there is something in it.

    What came to an account while it wrote an answer is handed over together, so that three
    messages in a row do not bring three answers that talk past each other.
    """

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._waiting: defaultdict[RoomId, list[Question]] = defaultdict(list)
        self._workers: dict[RoomId, asyncio.Task[None]] = {}
        self._closed = False

    def put(self, question: Question) -> None:
        """Stand a question in its room's line; after `close` it is left owed."""
        if self._closed:
            return
        room_id = question.message.room_id
        self._waiting[room_id].append(question)
        if room_id not in self._workers:
            self._workers[room_id] = asyncio.create_task(self._work(room_id))

    @property
    def waiting(self) -> int:
        """How many questions stand in line, those being answered left out."""
        return sum(len(questions) for questions in self._waiting.values())

    @property
    def busy_rooms(self) -> int:
        """How many rooms are being answered in now."""
        return len(self._workers)

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
            while questions := self._waiting.pop(room_id, None):
                for _, together in itertools.groupby(questions, key=lambda each: each.account):
                    await self._answer(tuple(together))
        finally:
            del self._workers[room_id]
