"""One Matrix account of Luna's: a session, a device, a sync loop and a voice."""

import asyncio
import contextlib
import io
import logging
import random
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import nio
import simplematrixbotlib as botlib

from lunabot.errors import Refused, WorldError
from lunabot.matrix.batch import SyncBatch, read_batch, read_decrypted
from lunabot.matrix.botlib_parts import SendingApi, SessionCreds, closed_config
from lunabot.matrix.events import RoomEvent
from lunabot.matrix.ids import DeviceId, EventId, RoomId, UserId
from lunabot.matrix.nio_client import (
    SessionLost,
    as_trouble,
    clock_offset_ms,
    failure,
    make_client,
    reached,
)
from lunabot.matrix.reading import read_event
from lunabot.matrix.session import Session

log = logging.getLogger(__name__)

SYNC_TIMEOUT_MS = range(25_000, 35_000)  # one of these: a fleet is not to poll all at once
_FULL_SYNC_TIMEOUT_S = 120
_SEND_FOR_S = 600.0  # a written answer is worth waiting for a server that restarts
# Nothing of presence, typing or receipts: each of them would wake every account of the fleet.
# It goes whole with every sync: Synapse checks such a text once for all accounts (since 1.103),
# an uploaded one at each upload, which takes 14 ms of its time an account.
_FILTER = {
    "presence": {"not_types": ["*"]},
    "account_data": {"not_types": ["*"]},
    "room": {
        "ephemeral": {"not_types": ["*"]},
        "account_data": {"not_types": ["*"]},
        "timeline": {"limit": 100},
    },
}


class Account(botlib.Bot):
    """A simplematrixbotlib bot whose open defaults are closed.

    It joins nothing by itself, prints nothing, keeps no password, and its `main` is replaced by
    `sync_forever`, which hands over each batch together with the sync token that covers it.
    """

    def __init__(self, homeserver: str, session: Session, store: Path) -> None:
        super().__init__(SessionCreds(homeserver, session), closed_config(store))
        self.user_id, self.device_id = session.user_id, session.device_id
        self.last_sync: float | None = None  # monotonic seconds
        self._clock_offset_ms = 0
        self._left: frozenset[RoomId] = frozenset()
        self._rooms_changed = asyncio.Condition()
        self.api = SendingApi(self, self.say)
        self.api.async_client = self.client = make_client(homeserver, session, store)
        self.async_client = self.client

    @property
    def identity_keys(self) -> dict[str, str]:
        """The device's public keys, ``ed25519`` and ``curve25519``."""
        return dict(self.client.olm.account.identity_keys)

    @property
    def has_published_keys(self) -> bool:
        """Whether the encryption store knows that the device's keys are on the server."""
        return bool(self.client.olm.account.shared)

    async def sync_once(self, since: str | None, *, full_state: bool = False) -> SyncBatch:
        """Sync, decrypt, keep the encryption keys in order, and return what came.

        Raises `SessionLost`, or `WorldError` where the server is out of reach or talks nonsense, or
        the disk does not take the keys: the server brings them once more only until they are asked
        for what comes after them.
        """
        timeout = 0 if full_state or since is None else random.choice(SYNC_TIMEOUT_MS)
        asked = time.monotonic()
        async with asyncio.timeout(_FULL_SYNC_TIMEOUT_S):
            request = self.client.sync(timeout, _FILTER, since, full_state=full_state)
            response = await reached(request)
        if not isinstance(response, nio.SyncResponse):
            raise failure("sync", response)
        await self._tend_keys()
        self.client.store.settle()
        for room_id in response.rooms.leave:
            self.forget_room(room_id)
        self._left = self._left.difference(response.rooms.join)
        self.last_sync = asyncio.get_running_loop().time()
        self._clock_offset_ms = clock_offset_ms(response, time.monotonic() - asked)
        async with self._rooms_changed:
            self._rooms_changed.notify_all()
        return read_batch(self.user_id, since, response, self._is_genuine)

    async def sync_forever(
        self,
        since: str | None,
        handle: Callable[[SyncBatch], Awaitable[None]],
        trouble: Callable[[WorldError], None],
    ) -> None:
        """Sync until cancelled, one batch after the other; `trouble` hears of each failure.

        Raises `SessionLost` when there is no use in going on.
        """
        pause = 1.0
        while True:
            try:
                batch = await self.sync_once(since)
            except SessionLost:
                raise
            except Exception as error:
                trouble(as_trouble(error))
                await asyncio.sleep(pause)
                pause = min(pause * 2, 30.0)
                continue
            await handle(batch)
            since, pause = batch.token, 1.0

    async def send(
        self,
        room_id: RoomId,
        content: Mapping[str, Any],
        transaction_id: str,
        *,
        event_type: str = "m.room.message",
    ) -> EventId:
        """Send an event, encrypted where the room is, and return its id.

        Sending again with the same transaction id makes no second event (specification,
        "Transaction identifiers"), so every attempt here uses the same one. Raises `Refused` when
        the server says no, `WorldError` when it stays out of reach.
        """
        await self.wait_for_room(room_id)
        loop, pause = asyncio.get_running_loop(), 0.5
        give_up = loop.time() + _SEND_FOR_S
        while True:
            try:
                return await self._send_once(room_id, event_type, content, transaction_id)
            except (Refused, SessionLost):
                raise
            except WorldError as error:
                log.warning("%s: sending to %s: %s", self.user_id, room_id, error)
                if loop.time() + pause > give_up:
                    raise
            await asyncio.sleep(pause)
            pause = min(pause * 2, 30.0)

    async def say(
        self, room_id: RoomId, content: Mapping[str, Any], *, event_type: str = "m.room.message"
    ) -> EventId:
        """Send what answers no event and is not said again after a crash; raises like `send`."""
        return await self.send(room_id, content, uuid.uuid4().hex, event_type=event_type)

    async def send_to_device(
        self, user_id: UserId, device_id: DeviceId, event_type: str, content: dict[str, Any]
    ) -> None:
        """Send an event to one device, as it stands. Raises `Refused` or `WorldError`."""
        message = nio.event_builders.ToDeviceMessage(event_type, user_id, device_id, content)
        response = await reached(self.client.to_device(message))
        if isinstance(response, nio.ErrorResponse):
            raise failure("to-device", response)

    async def _send_once(
        self, room_id: RoomId, event_type: str, content: Mapping[str, Any], transaction_id: str
    ) -> EventId:
        request = self.client.room_send(
            room_id, event_type, dict(content), transaction_id, ignore_unverified_devices=True
        )
        response = await reached(request)
        if isinstance(response, nio.RoomSendResponse):
            return EventId(response.event_id)
        raise failure("send", response)

    async def wait_for_room(self, room_id: RoomId, timeout_s: float = 15) -> nio.MatrixRoom:
        """Return a joined room's state, waiting for the sync that brings it.

        Raises `Refused` (``M_FORBIDDEN``) when the account is not in the room; at once when it was.
        """
        news = self._rooms_changed
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s), news:
                await news.wait_for(lambda: room_id in self.client.rooms or room_id in self._left)
        if room_id not in self.client.rooms:
            raise Refused("M_FORBIDDEN", f"{self.user_id} is not in {room_id}")
        return self.client.rooms[room_id]

    def forget_room(self, room_id: RoomId) -> None:
        """Note that this account is in a room no longer."""
        self.client.rooms.pop(room_id, None)
        self._left = self._left | {room_id}

    def server_now(self) -> int:
        """Return the time in milliseconds by the server's clock, which stamps the events."""
        return int(time.time() * 1000) + self._clock_offset_ms

    def joined_members(self, room_id: RoomId) -> dict[UserId, str]:
        """Return the display names of a room's joined members, this account's own included."""
        room = self.client.rooms.get(room_id)
        users = room.users.values() if room else ()
        return {UserId(user.user_id): user.name for user in users if not user.invited}

    def room_name(self, room_id: RoomId) -> str:
        """Return what people call a room; its id where the account is not in it."""
        room = self.client.rooms.get(room_id)
        return str(room.display_name) if room else room_id

    def has_joined(self, room_id: RoomId, user_id: UserId) -> bool:
        """Tell whether somebody is a joined member of a room this account is in."""
        room = self.client.rooms.get(room_id)
        user = room.users.get(user_id) if room else None
        return user is not None and not user.invited

    def joined_count(self, room_id: RoomId) -> int:
        """Return how many have joined a room; 0 for one this account is not in."""
        room = self.client.rooms.get(room_id)
        return sum(not user.invited for user in room.users.values()) if room else 0

    def read(self, event: nio.MegolmEvent) -> RoomEvent | None:
        """Try once more to read an event whose key was missing; `Undecryptable` if it still is."""
        try:
            decrypted = self.client.decrypt_event(event)
        except (nio.EncryptionError, nio.LocalProtocolError):
            return read_event(event.source, RoomId(event.room_id))
        return read_decrypted(decrypted, RoomId(event.room_id), self._is_genuine)

    def _is_genuine(self, event: nio.Event) -> bool:
        if event.sender == self.user_id:
            return True
        devices = self.client.device_store
        return devices.device_from_sender_key(event.sender, event.sender_key) is not None

    async def send_file(self, room_id: RoomId, name: str, data: bytes, mimetype: str) -> EventId:
        """Upload a file, encrypted where the room is, and send it. Raises like `send`."""
        return await self._send_media(room_id, "m.file", name, data, {"mimetype": mimetype})

    async def send_image(
        self, room_id: RoomId, name: str, data: bytes, mimetype: str, size: tuple[int, int]
    ) -> EventId:
        """Upload an image of a width and height in pixels and send it, as `send_file` does."""
        width, height = size
        info = {"mimetype": mimetype, "w": width, "h": height}
        return await self._send_media(room_id, "m.image", name, data, info)

    async def _send_media(
        self, room_id: RoomId, msgtype: str, name: str, data: bytes, info: Mapping[str, Any]
    ) -> EventId:
        room = await self.wait_for_room(room_id)
        response, keys = await reached(
            self.client.upload(
                io.BytesIO(data), info["mimetype"], name, encrypt=room.encrypted, filesize=len(data)
            )
        )
        if not isinstance(response, nio.UploadResponse):
            raise failure("upload", response)
        where: dict[str, Any] = {"url": response.content_uri}
        content = {
            "msgtype": msgtype,
            "body": name,
            "filename": name,
            "info": {**info, "size": len(data)},
            **({"file": {**keys, **where}} if room.encrypted else where),
        }
        return await self.say(room_id, content)

    async def redact(self, room_id: RoomId, event_id: EventId) -> None:
        """Take an event of this account's back; a failure only shows in the log."""
        await self._try(self.client.room_redact(room_id, event_id))

    async def join(self, room_id: RoomId) -> None:
        """Join a room this account is invited to. Raises `Refused` or `WorldError`."""
        response = await reached(self.client.join(room_id))
        if isinstance(response, nio.ErrorResponse):
            raise failure("join", response)
        self._left -= {room_id}

    async def set_typing(self, room_id: RoomId, typing: bool) -> None:
        """Show or hide the typing notice; a failure only shows in the log."""
        await self._try(self.client.room_typing(room_id, typing, timeout=30_000))

    async def mark_read(self, room_id: RoomId, event_id: EventId) -> None:
        """Set the read receipt; a failure only shows in the log."""
        await self._try(self.client.update_receipt_marker(room_id, event_id))

    async def close(self) -> None:
        """Close connections and the encryption store."""
        await self.client.close()
        if self.client.store:
            self.client.store.close()

    async def _try(self, request: Awaitable[Any]) -> None:
        try:
            response = await reached(request)
        except WorldError as error:
            log.info("%s: %s", self.user_id, error)
            return
        if isinstance(response, nio.ErrorResponse):
            log.info("%s: %s", self.user_id, response)

    async def _tend_keys(self) -> None:
        """Send, upload, query and claim what nio's sync loop would between two syncs."""
        client = self.client
        if client.outgoing_to_device_messages:
            await reached(client.send_to_device_messages())
        if client.should_upload_keys:
            await reached(client.keys_upload())
        if client.should_query_keys:
            await reached(client.keys_query())
        if client.should_claim_keys:
            await reached(client.keys_claim(client.get_users_for_key_claiming()))
