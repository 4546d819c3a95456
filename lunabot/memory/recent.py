"""The newest messages of a room as they stand in its document: plain fields, oldest first."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from lunabot.matrix.events import Message
from lunabot.matrix.ids import RoomId, UserId
from lunabot.memory.media import media_fields, media_of

RECENT_MESSAGES = 60
"""How many messages of a room are kept at most."""
RECENT_CHARACTERS = 64 * 1024
"""How much text of a room is kept at most; its newest message is kept at any length."""

_ELSEWHERE = ("room_id", "answers", "unfinished", "forwarded", "call")  # elsewhere, or not
_FIELDS = tuple(field for field in fields(Message) if field.name not in _ELSEWHERE)


def to_fields(message: Message) -> dict[str, Any]:
    """Return a message without its room and without what has its default."""
    values = {field.name: getattr(message, field.name) for field in _FIELDS}
    found = {
        field.name: values[field.name] for field in _FIELDS if values[field.name] != field.default
    }
    if message.mentions is not None:
        found["mentions"] = sorted(message.mentions)
    if message.media is not None:
        found["media"] = media_fields(message.media)
    return found


def to_message(room_id: RoomId, stored: Mapping[str, Any]) -> Message:
    """Return the message that `to_fields` was given."""
    mentions = stored.get("mentions")
    known = dict(stored, mentions=None if mentions is None else frozenset(map(UserId, mentions)))
    known["media"] = media_of(stored.get("media"))
    return Message(room_id=room_id, **known)


def sound(room_id: RoomId, stored: object) -> tuple[Message, ...]:
    """Return the messages of what a room's document holds; what is none of them is passed over."""
    found = (_sound(room_id, fields) for fields in (stored if isinstance(stored, list) else ()))
    return tuple(message for message in found if message)


def _sound(room_id: RoomId, stored: Any) -> Message | None:
    try:
        message = to_message(room_id, stored)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    texts = (message.event_id, message.sender, message.body)
    is_sound = isinstance(message.timestamp, int) and all(isinstance(each, str) for each in texts)
    return message if is_sound else None


def newest(stored: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the newest messages that keep to the limits, oldest first."""
    in_time = sorted(stored, key=lambda fields: int(fields["timestamp"]))
    kept: list[dict[str, Any]] = []
    room_left = RECENT_CHARACTERS
    for message in reversed(in_time[-RECENT_MESSAGES:]):
        room_left -= len(message["body"]) + len(message.get("formatted_body") or "")
        if kept and room_left < 0:
            break
        kept.append(message)
    return kept[::-1]
