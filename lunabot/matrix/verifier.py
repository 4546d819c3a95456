"""The verifications of one account: who may, which event belongs to which, when they expire."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from lunabot.errors import WorldError
from lunabot.matrix.ids import DeviceId, RoomId, UserId
from lunabot.matrix.published_keys import PublishedKeys
from lunabot.matrix.sas import Emoji
from lunabot.matrix.verification import (
    REQUEST,
    Outgoing,
    OwnIdentity,
    Phase,
    VerificationFlow,
)

log = logging.getLogger(__name__)

# Specification, "Key verification framework": older requests, and those from the future, are dead.
LIFETIME_MS = 10 * 60 * 1000
_FUTURE_MS = 5 * 60 * 1000


@dataclass(frozen=True, slots=True)
class Comparison:
    """What to show a person: `room_id` is where they asked, None when they asked the device."""

    user_id: UserId
    room_id: RoomId | None
    emoji: tuple[Emoji, ...]
    decimals: tuple[int, int, int]

    @property
    def summary(self) -> str:
        """The emoji with their names, and the numbers, on one line."""
        emoji = "  ".join(f"{emoji.symbol} {emoji.name}" for emoji in self.emoji)
        return f"{emoji}  ({' '.join(str(number) for number in self.decimals)})"

    @property
    def text(self) -> str:
        """The notice, in plain text."""
        return (
            f"I see {self.summary}\n"
            "If your screen shows the same, press “They match” there. (Who does not trust this "
            "homeserver compares with the line in my log instead.)"
        )


class VerificationHost(Protocol):
    """What a `Verifier` needs of the account it answers for. All may raise `WorldError`."""

    async def send_to_room(self, room_id: RoomId, event_type: str, content: dict[str, Any]) -> None:
        """Send an event, encrypted where the room is."""

    async def send_to_device(
        self, user_id: UserId, device_id: DeviceId, event_type: str, content: dict[str, Any]
    ) -> None:
        """Send a to-device event as it stands."""

    async def published_keys(self, user_id: UserId) -> PublishedKeys:
        """Return a user's keys, asked of the homeserver now."""

    async def show(self, comparison: Comparison) -> None:
        """Post the emoji where the person sees them."""

    async def verified(self, user_id: UserId, keys: Mapping[str, str]) -> None:
        """Hear of a finished verification and the keys the other side vouched for."""


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where the other side speaks from; `room_id` is None for to-device events."""

    user_id: UserId
    room_id: RoomId | None
    transaction: str


@dataclass(frozen=True, slots=True)
class _Running:
    origin: _Origin
    flow: VerificationFlow
    ends_ms: float


class Verifier:
    """Answers the verification requests of those `may_verify` lets, one at a time for each person.

    Others are declined. `clock` returns the time in milliseconds. Give it every event in the order
    in which it came. Whatever a stranger sends, nothing raises; a homeserver out of reach ends the
    verification, and the person starts again.
    """

    def __init__(
        self,
        own: OwnIdentity,
        host: VerificationHost,
        may_verify: Callable[[UserId], bool],
        clock: Callable[[], float] = lambda: time.time() * 1000,
    ) -> None:
        self._own = own
        self._host = host
        self._may_verify = may_verify
        self._clock = clock
        self._running: dict[UserId, _Running] = {}
        self._turn = asyncio.Lock()

    async def receive_in_room(self, room_id: RoomId, event: Mapping[str, Any]) -> None:
        """Take the JSON of a (decrypted) room event; anything but a verification is passed over."""
        event_type, content = event.get("type"), _mapping(event.get("content"))
        transaction = _mapping(content.get("m.relates_to")).get("event_id")
        if REQUEST in (event_type, content.get("msgtype")):
            is_ours = event_type == "m.room.message" and content.get("to") == self._own.user_id
            event_type = REQUEST if is_ours else None
            transaction = event.get("event_id")
        origin = _Origin(UserId(str(event.get("sender"))), room_id, str(transaction))
        await self._receive(origin, event_type, content, event.get("origin_server_ts"))

    async def receive_to_device(self, event: Mapping[str, Any]) -> None:
        """Take the JSON of a to-device event; anything but a verification is passed over."""
        content = _mapping(event.get("content"))
        origin = _Origin(UserId(str(event.get("sender"))), None, str(content.get("transaction_id")))
        await self._receive(origin, event.get("type"), content, content.get("timestamp"))

    async def _receive(
        self, origin: _Origin, event_type: object, content: Mapping[str, Any], sent_ms: object
    ) -> None:
        if not isinstance(event_type, str) or not event_type.startswith("m.key.verification."):
            return
        if origin.user_id == self._own.user_id:
            return  # what this account sent itself comes back with the next sync
        async with self._turn:
            try:
                if event_type == REQUEST:
                    await self._begin(origin, content, sent_ms)
                elif flow := self._flow(origin):
                    await self._advance(origin, flow, event_type, content)
            except WorldError as error:
                self._running.pop(origin.user_id, None)
                log.warning("verification with %s ended: %s", origin.user_id, error)

    def _flow(self, origin: _Origin) -> VerificationFlow | None:
        running = self._running.get(origin.user_id)
        if running is None or running.origin != origin or running.ends_ms < self._clock():
            return None
        return running.flow

    async def _begin(self, origin: _Origin, content: Mapping[str, Any], sent_ms: object) -> None:
        now = self._clock()
        if not isinstance(sent_ms, int) or not now - LIFETIME_MS <= sent_ms <= now + _FUTURE_MS:
            return
        if self._flow(origin):
            return  # the same request once more
        may = self._may_verify(origin.user_id)
        known = (await self._host.published_keys(origin.user_id)).ed25519_keys() if may else {}
        in_room = origin.room_id is not None
        flow = VerificationFlow(
            self._own, origin.user_id, known, origin.transaction, in_room=in_room
        )
        answers = flow.receive(REQUEST, content)
        if may:
            self._running[origin.user_id] = _Running(origin, flow, sent_ms + LIFETIME_MS)
        else:
            log.info("verification declined: %s", origin.user_id)
            answers = flow.cancel("m.user", "I verify with my administrators only")
        await self._send(origin, flow, answers)

    async def _advance(
        self, origin: _Origin, flow: VerificationFlow, event_type: str, content: Mapping[str, Any]
    ) -> None:
        answers = flow.receive(event_type, content)
        await self._send(origin, flow, answers)
        if flow.phase is Phase.COMPARING and flow.secret:
            comparison = Comparison(
                origin.user_id, origin.room_id, flow.secret.emoji, flow.secret.decimals
            )
            log.info("verification with %s: %s", origin.user_id, comparison.summary)
            await self._host.show(comparison)
        elif flow.phase is Phase.DONE:
            del self._running[origin.user_id]
            log.info("verification with %s: done", origin.user_id)
            await self._host.verified(origin.user_id, flow.vouched)
        elif flow.phase is Phase.CANCELLED:
            del self._running[origin.user_id]
            reason = answers[0].content if answers else content
            log.info("verification with %s: cancelled, %.80r", origin.user_id, reason.get("code"))

    async def _send(
        self, origin: _Origin, flow: VerificationFlow, answers: Sequence[Outgoing]
    ) -> None:
        for answer in answers:
            if origin.room_id is not None:
                await self._host.send_to_room(origin.room_id, answer.type, answer.content)
            elif flow.device_id:
                device_id = DeviceId(flow.device_id)
                await self._host.send_to_device(
                    origin.user_id, device_id, answer.type, answer.content
                )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
