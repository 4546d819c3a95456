"""What one sync brought, as plain data: the events and the token that covers them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import nio

from lunabot.matrix.events import Invite, Message, RoomEvent
from lunabot.matrix.ids import RoomId, UserId
from lunabot.matrix.reading import read_event

VERIFICATION_REQUEST = "m.key.verification.request"


@dataclass(frozen=True, slots=True)
class Gap:
    """What lies in a room between the last sync, `since`, and the events of this one (``limited``).

    It is read backwards, from `prev_batch` on.
    """

    room_id: RoomId
    prev_batch: str
    since: str


@dataclass(frozen=True, slots=True)
class SyncBatch:
    """One account's sync: `token` covers everything in it, so both are stored together.

    `left` are rooms this account is no longer in, `events` holds its leave. `to_device` are the
    sources of to-device events, `verifications` those of a room's events that belong to one.
    `unread` are events whose key is missing yet, in the form the client can decrypt later. A first
    sync has no gaps: what was said before it is history.
    """

    account: UserId
    token: str
    events: tuple[RoomEvent, ...] = ()
    invites: tuple[Invite, ...] = ()
    left: tuple[RoomId, ...] = ()
    gaps: tuple[Gap, ...] = ()
    to_device: tuple[dict[str, Any], ...] = ()
    verifications: tuple[tuple[RoomId, dict[str, Any]], ...] = ()
    unread: tuple[nio.MegolmEvent, ...] = ()


IsGenuine = Callable[[nio.Event], bool]
"""Tells whether a decrypted event was encrypted by a device of the sender the server names."""


def read_batch(
    account: UserId, since: str | None, response: nio.SyncResponse, is_genuine: IsGenuine
) -> SyncBatch:
    """Return the plain data of a sync from `since` on that nio has decrypted as far as it can."""
    joined = response.rooms.join.items()
    timelines = [(RoomId(room_id), info.timeline) for room_id, info in joined]
    return SyncBatch(
        account=account,
        token=response.next_batch,
        events=(*_events(timelines, is_genuine), *_departures(account, response)),
        invites=tuple(_invites(account, response)),
        left=tuple(RoomId(room_id) for room_id in response.rooms.leave),
        gaps=tuple(
            Gap(room_id, line.prev_batch, since)
            for room_id, line in timelines
            if since and line.limited and line.prev_batch
        ),
        to_device=tuple(event.source for event in response.to_device_events if event),
        verifications=tuple(_verifications(timelines)),
        unread=tuple(
            event
            for _, line in timelines
            for event in line.events
            if isinstance(event, nio.MegolmEvent)
        ),
    )


def read_decrypted(event: nio.Event, room_id: RoomId, is_genuine: IsGenuine) -> RoomEvent | None:
    """Return a decrypted event; one that is not genuine counts as a message in the clear.

    Nothing binds a Megolm session to a sender but the device it came from, and the sender is the
    server's word: so whoever relies on `Message.encrypted` relies on this check.
    """
    read = read_event(event.source, room_id, encrypted=True)
    if isinstance(read, Message) and not is_genuine(event):
        return replace(read, encrypted=False)
    return read


def _events(
    timelines: list[tuple[RoomId, nio.Timeline]], is_genuine: IsGenuine
) -> Iterator[RoomEvent]:
    for room_id, timeline in timelines:
        for event in timeline.events:
            if getattr(event, "decrypted", False):
                read = read_decrypted(event, room_id, is_genuine)
            else:
                read = read_event(getattr(event, "source", None), room_id)
            if read is not None:
                yield read


def _departures(account: UserId, response: nio.SyncResponse) -> Iterator[RoomEvent]:
    """Return the account's own leaves, kicks and bans; of a room it is not in, nothing else."""
    for room_id, info in response.rooms.leave.items():
        for event in (*info.state, *info.timeline.events):
            source = getattr(event, "source", None) or {}
            if (source.get("type"), source.get("state_key")) == ("m.room.member", account):
                read = read_event(source, RoomId(room_id))
                if read is not None:
                    yield read


def _verifications(
    timelines: list[tuple[RoomId, nio.Timeline]],
) -> Iterator[tuple[RoomId, dict[str, Any]]]:
    """Yield what "Key verification framework" sends through rooms: its own types, one msgtype."""
    for room_id, timeline in timelines:
        for event in timeline.events:
            source = getattr(event, "source", None) or {}
            kind, content = str(source.get("type")), source.get("content")
            asked = isinstance(content, dict) and content.get("msgtype") == VERIFICATION_REQUEST
            if asked or kind.startswith("m.key.verification."):
                yield room_id, source


def _invites(account: UserId, response: nio.SyncResponse) -> Iterator[Invite]:
    for room_id, info in response.rooms.invite.items():
        for event in info.invite_state:
            if isinstance(event, nio.InviteMemberEvent) and event.state_key == account:
                direct = event.content.get("is_direct") is True
                yield Invite(RoomId(room_id), UserId(event.sender), direct)
