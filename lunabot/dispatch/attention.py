"""Typing notices and read receipts: what a person sees while an answer is on its way.

Each is a request to the server and wakes everybody in the room, so an answer that comes at once
costs none: clients take a person's own message as a sign of having read (the "synthetic" receipt
of matrix-js-sdk), and the receipt follows when the room has fallen quiet.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from lunabot.matrix.account import Account
from lunabot.matrix.ids import EventId, RoomId, UserId
from lunabot.tasks import Tasks

TYPING_AFTER_S = 0.3
_TYPING_AGAIN_S = 25.0  # the notice is set for 30 s
RECEIPT_AFTER_S = 3.0


class Attention:
    """Owns the small tasks that set typing notices and read receipts."""

    def __init__(self) -> None:
        self._tasks = Tasks()
        self._unread: dict[tuple[UserId, RoomId], EventId] = {}

    @asynccontextmanager
    async def on(self, account: Account, room_id: RoomId, event_id: EventId) -> AsyncIterator[None]:
        """Show that a message is being answered, from 300 ms on, for as long as the block runs.

        What there is to show afterwards is shown beside what follows, which waits for none of it.
        """
        shown = asyncio.Event()
        showing = asyncio.create_task(self._show(account, room_id, event_id, shown))
        try:
            yield
        finally:
            showing.cancel()
            await asyncio.gather(showing, return_exceptions=True)
            if shown.is_set():
                self._tasks.start(account.set_typing(room_id, False), "typing")
            else:
                self._read_later(account, room_id, event_id)

    async def close(self) -> None:
        """Drop what is still due."""
        await self._tasks.close()

    async def _show(
        self, account: Account, room_id: RoomId, event_id: EventId, shown: asyncio.Event
    ) -> None:
        await asyncio.sleep(TYPING_AFTER_S)
        shown.set()
        await account.mark_read(room_id, event_id)
        while True:
            await account.set_typing(room_id, True)
            await asyncio.sleep(_TYPING_AGAIN_S)

    def _read_later(self, account: Account, room_id: RoomId, event_id: EventId) -> None:
        key = (account.user_id, room_id)
        waits = key in self._unread
        self._unread[key] = event_id
        if not waits:
            self._tasks.start(self._read(account, room_id), "receipt")

    async def _read(self, account: Account, room_id: RoomId) -> None:
        """Set the receipt when no message has come for a while."""
        key, seen = (account.user_id, room_id), None
        while seen != self._unread[key]:
            seen = self._unread[key]
            await asyncio.sleep(RECEIPT_AFTER_S)
        del self._unread[key]
        await account.mark_read(room_id, seen)
