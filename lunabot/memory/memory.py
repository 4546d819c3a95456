"""What Luna remembers: the archive and the state together.

The archive is the truth about messages, the newest ones in the state a copy of it: whatever is
recorded goes to the archive first and then to the copy, and at every start the copy is made anew.
So a state that was saved late, or lost, or restored from a backup costs no message.

What was made of messages (chapters, lenses, notes) loses its words before the archive hears that
one of them is redacted or edited: a crash in between costs a summary, and leaves no words behind.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Self

from lunabot.errors import WorldError
from lunabot.matrix.batch import Gap
from lunabot.matrix.events import Message, Redaction, RoomEvent
from lunabot.matrix.ids import EventId, RoomId, UserId
from lunabot.memory.archive import Archive
from lunabot.memory.ledger import Debt
from lunabot.memory.messages import Recorded
from lunabot.memory.recent import RECENT_MESSAGES
from lunabot.memory.state import State
from lunabot.memory.withdrawing import withdraw


class Memory:
    """Both stores. Messages are recorded here; what else they hold is asked of them directly.

    `revision` counts how often something that was said has changed or gone. Everything raises
    `WorldError` as the stores do.
    """

    def __init__(self, archive: Archive, state: State, warnings: Sequence[str] = ()) -> None:
        self.archive = archive
        self.state = state
        self._warnings = tuple(warnings)
        self.revision = 0
        self._in_order = asyncio.Lock()  # the copy takes changes in the order of the archive
        self._news: set[RoomId] = set()

    @classmethod
    async def open(cls, state_path: Path, archive_path: Path) -> Self:
        """Open both stores; for one that cannot be used, an empty one in memory stands in.

        `warnings` then says so: Luna lives, and the file stays as it is.
        """
        warnings = []
        try:
            state = await State.open(state_path)
        except WorldError as error:
            warnings.append(str(error))
            state = await State.open(None)
        try:
            archive = await Archive.open(archive_path)
        except WorldError as error:
            warnings.append(str(error))
            archive = await Archive.open(None)
            await archive.record_history(_recent_messages(state))
        memory = cls(archive, state, warnings)
        await memory._fill_state()
        return memory

    @property
    def warnings(self) -> tuple[str, ...]:
        """What administrators should know about the stores."""
        return self._warnings + self.archive.warnings + self.state.warnings

    async def close(self) -> None:
        """Save the state and close the archive."""
        try:
            await self.state.close()
        finally:
            await self.archive.close()

    @asynccontextmanager
    async def unchanged(self) -> AsyncIterator[None]:
        """Let nothing be recorded while this is held: what is read within stays true."""
        async with self._in_order:
            yield

    def take_news(self) -> frozenset[RoomId]:
        """Return the rooms in which something was recorded since this was asked last."""
        news, self._news = frozenset(self._news), set()
        return news

    async def record_sync(
        self,
        account: UserId,
        token: str,
        events: Sequence[RoomEvent],
        debts: Collection[Debt] = (),
        follow_ups: Collection[Debt] = (),
        gaps: Collection[Gap] = (),
    ) -> Recorded:
        """Store what a sync of an account brought, the token that covers it and what is owed.

        The `new` messages and the debts `owed` now, and no others, are to be handled.
        """
        async with self._in_order:
            await self._withdraw(await self._changing(events))
            record = self.archive.record_sync(account, token, events, debts, follow_ups, gaps)
            return await self._follow(await record)

    async def record_found(
        self,
        events: Sequence[RoomEvent],
        debts: Collection[Debt] = (),
        follow_ups: Collection[Debt] = (),
    ) -> Recorded:
        """Store what no sync brought and was found in a room, as `record_sync` does."""
        async with self._in_order:
            await self._withdraw(await self._changing(events))
            return await self._follow(await self.archive.record_found(events, debts, follow_ups))

    async def record_own(self, message: Message, follow_ups: Collection[Debt] = ()) -> Recorded:
        """Store a message of one of Luna's accounts, settle what it answers, and record what the
        others owe it."""
        async with self._in_order:
            await self._withdraw(await self._changing([message]))
            return await self._follow(await self.archive.record_own(message, follow_ups))

    async def record_history(self, events: Sequence[RoomEvent]) -> int:
        """Store older events in bulk; return how many messages were new."""
        rooms = {event.room_id for event in events}
        changing = await self._changing(events)
        async with self._in_order:
            await self._withdraw(changing)
        new = await self.archive.record_history(events)
        async with self._in_order:
            await self._withdraw(changing)  # what was written of them meanwhile
            await self._refill(rooms)
        self.revision += bool(changing)
        self._news |= rooms
        return new

    async def forget(
        self, room_id: RoomId, event_ids: Collection[EventId], by: UserId, at: int
    ) -> None:
        """Take messages out as if they had been redacted; on the server they stay.

        Whoever brings them again, they do not come back. `at` is in milliseconds.
        """
        await self.record_history(
            [
                Redaction(EventId(f"$forgotten-{event_id}"), room_id, by, at, event_id)
                for event_id in event_ids
            ]
        )

    async def _changing(self, events: Sequence[RoomEvent]) -> dict[RoomId, list[int]]:
        """Return when the messages were sent that these events will change, by room."""
        changes = [each for each in events if isinstance(each, Redaction) or _is_edit(each)]
        moments: dict[RoomId, list[int]] = {}
        for room_id, moment in await self.archive.changing(changes) if changes else ():
            moments.setdefault(room_id, []).append(moment)
        return moments

    async def _withdraw(self, changing: Mapping[RoomId, list[int]]) -> None:
        """Take their words from what was made of the messages of these moments."""
        hit = [withdraw(self.state, room_id, moments) for room_id, moments in changing.items()]
        if any(hit):
            with suppress(WorldError):  # `warnings` tells; in memory the words are gone
                await self.state.flush()

    async def _follow(self, recorded: Recorded) -> Recorded:
        """Bring the copy in step with what was recorded."""
        by_room: dict[RoomId, list[Message]] = {}
        for message in recorded.shown:
            by_room.setdefault(message.room_id, []).append(message)
        for room_id, messages in by_room.items():
            self.state.remember(room_id, messages)
            await asyncio.sleep(0)  # a first sync brings hundreds of rooms
        await self._refill(recorded.stale)
        self.revision += bool(recorded.stale)
        self._news |= by_room.keys() | recorded.stale
        return recorded

    async def _refill(self, room_ids: Iterable[RoomId]) -> None:
        for room_id in room_ids:
            self.state.refill(room_id, await self.archive.recent(room_id, RECENT_MESSAGES))

    async def _fill_state(self) -> None:
        newest = await self.archive.recent_by_room(RECENT_MESSAGES)
        self.state.forget_recent()
        for room_id, messages in newest.items():
            self.state.refill(room_id, messages)
            await asyncio.sleep(0)


def _is_edit(event: RoomEvent) -> bool:
    return isinstance(event, Message) and event.replaces is not None


def _recent_messages(state: State) -> list[Message]:
    return [message for room_id in state.recent_rooms() for message in state.recent(room_id)]
