"""Typing notices and read receipts: what a person sees while an answer is on its way.

Each is a request to the server and wakes everybody in the room, so an answer that comes at once
costs none: clients take a person's own message as a sign of having read (the "synthetic" receipt
of matrix-js-sdk), and the receipt follows when the room has fallen quiet.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from lunabot.matrix.account import Account
from lunabot.matrix.ids import EventId, RoomId, UserId

TYPING_AFTER_S = 0.3
_TYPING_AGAIN_S = 25.0  # the notice is set for 30 s
_TYPING_END_S = 0.3  # no stop waits longer for a server that is silent
RECEIPT_AFTER_S = 3.0


class Attention:
    """Owns the small tasks that set typing notices and read receipts."""

    def __init__(self) -> None:
        self._receipts: dict[tuple[UserId, RoomId], asyncio.Task[None]] = {}

    @asynccontextmanager
    async def on(self, account: Account, room_id: RoomId, event_id: EventId) -> AsyncIterator[None]:
        """Show that a message is being answered, from 300 ms on, for as long as the block runs."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        slow = asyncio.create_task(self._show(account, room_id, event_id))
        try:
            yield
        finally:
            slow.cancel()
            await asyncio.wait([slow])
            if loop.time() - start < TYPING_AFTER_S:
                self._read_later(account, room_id, event_id)

    async def close(self) -> None:
        """Drop the receipts that are still due."""
        due = list(self._receipts.values())
        for task in due:
            task.cancel()
        await asyncio.gather(*due, return_exceptions=True)

    async def _show(self, account: Account, room_id: RoomId, event_id: EventId) -> None:
        await asyncio.sleep(TYPING_AFTER_S)
        try:
            await account.mark_read(room_id, event_id)
            while True:
                await account.set_typing(room_id, True)
                await asyncio.sleep(_TYPING_AGAIN_S)
        finally:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_TYPING_END_S):
                    await account.set_typing(room_id, False)

    def _read_later(self, account: Account, room_id: RoomId, event_id: EventId) -> None:
        key = (account.user_id, room_id)
        if earlier := self._receipts.pop(key, None):
            earlier.cancel()
        task = asyncio.create_task(self._read(account, room_id, event_id))
        self._receipts[key] = task
        task.add_done_callback(lambda _: self._drop(key, task))

    def _drop(self, key: tuple[UserId, RoomId], task: asyncio.Task[None]) -> None:
        if self._receipts.get(key) is task:
            del self._receipts[key]

    async def _read(self, account: Account, room_id: RoomId, event_id: EventId) -> None:
        await asyncio.sleep(RECEIPT_AFTER_S)
        await account.mark_read(room_id, event_id)
