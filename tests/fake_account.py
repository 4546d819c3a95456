"""An account without a homeserver: it notes what it is asked to do, in order."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import nio

from lunabot.errors import WorldError
from lunabot.matrix.account import Account
from lunabot.matrix.ids import EventId, RoomId, UserId


@dataclass(frozen=True, slots=True)
class Sent:
    """An event that was sent, once or again; the id follows from the transaction, as it should."""

    room_id: RoomId
    content: dict[str, Any]
    transaction_id: str
    type: str

    @property
    def event_id(self) -> EventId:
        return EventId(f"$by-{self.transaction_id}")

    @property
    def body(self) -> str:
        return str(self.content["body"])

    @property
    def reaction(self) -> str:
        return str(self.content["m.relates_to"]["key"])


class FakeAccount(Account):
    """Does not start an `Account`: what reads rooms is inherited, what talks to a server is not.

    While `failure` is set, whatever can fail raises it. It waits for rooms until it has `synced`.
    """

    def __init__(self, user_id: str = "@luna:localhost") -> None:
        self.user_id = UserId(user_id)
        self.client = SimpleNamespace(rooms={}, access_token="token")
        self.last_sync: float | None = None
        self.failure: WorldError | None = None
        self.acts: list[tuple[Any, ...]] = []
        self.sent: list[Sent] = []
        self.synced = asyncio.Event()
        self.synced.set()
        self._acted = asyncio.Event()
        self._responding = asyncio.Event()
        self._responding.set()

    async def wait_for(self, condition: Callable[[], object], timeout_s: float = 10) -> None:
        """Return once the condition holds; it is looked at after each act."""
        async with asyncio.timeout(timeout_s):
            while not condition():
                self._acted.clear()
                await self._acted.wait()

    def hold_responses(self) -> asyncio.Event:
        """Let what is sent be in the room at once, and the response come when the event is set."""
        self._responding = asyncio.Event()
        return self._responding

    def enter(
        self, room_id: str, *members: str, invited: str = "", encrypted: bool = False
    ) -> nio.MatrixRoom:
        """Put the account into a room with these members, and return the room's state."""
        room = nio.MatrixRoom(room_id, self.user_id, encrypted)
        for user in (self.user_id, *members):
            room.add_member(user, user[1:].partition(":")[0].title(), None)
        if invited:
            room.add_member(invited, None, None, invited=True)
        self.client.rooms[room_id] = room
        return room

    async def wait_for_room(self, room_id: RoomId, timeout_s: float = 15) -> nio.MatrixRoom:
        await self.synced.wait()
        return self.client.rooms.get(room_id) or nio.MatrixRoom(room_id, self.user_id)

    def forget_room(self, room_id: RoomId) -> None:
        self.client.rooms.pop(room_id, None)

    def server_now(self) -> int:
        return int(time.time() * 1000)

    async def send(
        self,
        room_id: RoomId,
        content: Mapping[str, Any],
        transaction_id: str,
        *,
        event_type: str = "m.room.message",
    ) -> EventId:
        self._fail()
        sent = Sent(room_id, dict(content), transaction_id, event_type)
        self.sent.append(sent)
        self._note("sent", sent.reaction if event_type == "m.reaction" else sent.body)
        await self._responding.wait()
        return sent.event_id

    async def send_file(self, room_id: RoomId, name: str, data: bytes, mimetype: str) -> EventId:
        self._fail()
        self._note("file", name, data, mimetype)
        return EventId("$file")

    async def send_image(
        self, room_id: RoomId, name: str, data: bytes, mimetype: str, size: tuple[int, int]
    ) -> EventId:
        self._fail()
        self._note("image", name, data, mimetype, size)
        return EventId("$image")

    async def redact(self, room_id: RoomId, event_id: EventId) -> None:
        self._note("redacted", event_id)

    async def mark_read(self, room_id: RoomId, event_id: EventId) -> None:
        self._note("read", event_id)

    async def set_typing(self, room_id: RoomId, typing: bool) -> None:
        self._note("typing", typing)

    def _fail(self) -> None:
        if self.failure:
            raise self.failure

    def _note(self, *act: Any) -> None:
        self.acts.append(act)
        self._acted.set()
