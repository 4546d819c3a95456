"""What happens in rooms, as plain frozen data that rules, stores and tests can share."""

from dataclasses import dataclass, field
from typing import Any

from lunabot.matrix.ids import EventId, RoomId, UserId


@dataclass(frozen=True, slots=True)
class Message:
    """An ``m.room.message`` as it was decrypted.

    `mentions` are the user ids of ``m.mentions``, or None where the key is absent and the text has
    to be read instead (Matrix 1.7, "User and room mentions"). `replaces` is set on edits.
    `encrypted` tells that it came encrypted, by a device of its sender. `timestamp` is the
    server's, in milliseconds.
    """

    event_id: EventId
    room_id: RoomId
    sender: UserId
    timestamp: int
    body: str
    msgtype: str = "m.text"
    formatted_body: str | None = None
    mentions: frozenset[UserId] | None = None
    replaces: EventId | None = None
    in_reply_to: EventId | None = None
    thread: EventId | None = None
    encrypted: bool = False


@dataclass(frozen=True, slots=True)
class Reaction:
    """An ``m.reaction``: `key` was put on the event `target`."""

    event_id: EventId
    room_id: RoomId
    sender: UserId
    timestamp: int
    target: EventId
    key: str


@dataclass(frozen=True, slots=True)
class Redaction:
    """An ``m.room.redaction``: the event `target` is to be forgotten."""

    event_id: EventId
    room_id: RoomId
    sender: UserId
    timestamp: int
    target: EventId


@dataclass(frozen=True, slots=True)
class StateChange:
    """Any state event of a joined room; a membership change has the type ``m.room.member``."""

    event_id: EventId
    room_id: RoomId
    sender: UserId
    timestamp: int
    type: str
    state_key: str
    content: dict[str, Any] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Undecryptable:
    """An encrypted event whose key has not come (yet)."""

    event_id: EventId
    room_id: RoomId
    sender: UserId
    timestamp: int


@dataclass(frozen=True, slots=True)
class Invite:
    """An invitation of the account that synced; `is_direct` as the inviter's client said."""

    room_id: RoomId
    sender: UserId
    is_direct: bool


RoomEvent = Message | Reaction | Redaction | StateChange | Undecryptable
