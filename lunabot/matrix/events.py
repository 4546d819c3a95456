"""What happens in rooms, as plain frozen data that rules, stores and tests can share."""

from dataclasses import dataclass, field
from typing import Any

from lunabot.matrix.command_call import CommandCall
from lunabot.matrix.ids import EventId, RoomId, UserId
from lunabot.matrix.media import Media


@dataclass(frozen=True, slots=True)
class Message:
    """An ``m.room.message``, sticker, place or poll as it was decrypted; `msgtype` is its kind.

    `mentions` are the user ids of ``m.mentions``, or None where the key is absent and the text has
    to be read instead (Matrix 1.7, "User and room mentions"). `replaces` is set on edits.
    `encrypted` tells that it came encrypted, by a device of its sender. `timestamp` is the
    server's, in milliseconds. `answers` are the messages that its sender says it answers, and
    `unfinished` that more of the answer is to come: what Luna's accounts mark their answers with.
    `media` is what it brings besides words, whose name, description or question is the `body`.
    `forwarded` tells that its sender's client calls it a copy of what was said elsewhere,
    and `call` is the command that it sent as data beside the text.
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
    answers: tuple[EventId, ...] = ()
    unfinished: bool = False
    media: Media | None = None
    forwarded: bool = False
    call: CommandCall | None = None

    @property
    def caption(self) -> str:
        """What is said about a file that came with a name of its own; empty for all else."""
        named = self.media.name if self.media else ""
        return self.body if named and self.body != named else ""


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
    """Any state event of a joined room; a membership change has the type ``m.room.member``.

    `previous` is the content that it replaced: empty where there was none, None where that is not
    told.
    """

    event_id: EventId
    room_id: RoomId
    sender: UserId
    timestamp: int
    type: str
    state_key: str
    content: dict[str, Any] = field(hash=False)
    previous: dict[str, Any] | None = field(default=None, hash=False)


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
