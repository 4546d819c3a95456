"""What people asked while Luna was away, and what became of it: one line when she is back."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress

from lunabot.dispatch.inbox import Owed
from lunabot.dispatch.queue import RoomQueues
from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId
from lunabot.memory.archive import Archive

_PATIENCE_S = 120.0


class Absence:
    """Gathers what the accounts find that they owe when they come back."""

    def __init__(self, archive: Archive, queues: RoomQueues, tell: Callable[[str], None]) -> None:
        self._archive = archive
        self._queues = queues
        self._tell = tell
        self._asked: dict[EventId, Message] = {}
        self._late: dict[EventId, Message] = {}

    def note(self, owed: Owed) -> None:
        """Count what an account found."""
        self._asked.update(_by_id(owed.queued))
        self._late.update(_by_id(owed.late))

    async def report(self) -> None:
        """Tell the administrators, once what could be answered is; say nothing of nothing."""
        asked, late = dict(self._asked), dict(self._late)
        if not asked and not late:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_S):
                await self._queues.drained()
        outcomes = [await self._archive.outcomes([event_id]) for event_id in asked]
        answered = sum("sent" in states for states in outcomes)
        waiting = sum("owed" in states and "sent" not in states for states in outcomes)
        self._tell(account_of(asked | late, answered, waiting, len(late.keys() - asked.keys())))


def account_of(asked: dict[EventId, Message], answered: int, waiting: int, late: int) -> str:
    """Return the line: how much was asked, in how many rooms, and what became of it. Pure."""
    rooms = {message.room_id for message in asked.values()}
    parts = [
        f"{_counted(len(asked), 'message')} in {_counted(len(rooms), 'room')}",
        f"{answered} answered",
        *([f"{waiting} still to be answered"] if waiting else []),
        *([f"{late} too old"] if late else []),
    ]
    return f"While I was away: {', '.join(parts)}."


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _by_id(messages: Iterable[Message]) -> dict[EventId, Message]:
    return {message.event_id: message for message in messages}
