"""From the JSON of an event to plain data. Whatever a stranger sends, nothing here raises."""

from collections.abc import Mapping
from typing import Any

from lunabot.matrix.answer_mark import read_mark
from lunabot.matrix.command_call import read_command_call
from lunabot.matrix.events import (
    Message,
    Reaction,
    Redaction,
    RoomEvent,
    StateChange,
    Undecryptable,
)
from lunabot.matrix.ids import EventId, RoomId, UserId
from lunabot.matrix.media import EVENT_TYPES, read_media

_LAST_MS = 253_402_300_799_999  # of the year 9999: what is later is no date, nor for a store


def read_event(source: object, room_id: RoomId, *, encrypted: bool = False) -> RoomEvent | None:
    """Return what a (decrypted) event says, or None for one that Luna has no use for.

    `encrypted` tells whether it travelled encrypted. The shapes are those of the Matrix
    specification, client-server API, "Room Events" and "Relationship types".
    """
    if not isinstance(source, Mapping):
        return None
    event_id, sender = source.get("event_id"), source.get("sender")
    content, timestamp = source.get("content"), source.get("origin_server_ts")
    if not isinstance(event_id, str) or not isinstance(sender, str):
        return None
    if not isinstance(content, Mapping) or type(timestamp) is not int:
        return None
    if not 0 <= timestamp <= _LAST_MS:
        return None
    head = (EventId(event_id), room_id, UserId(sender), timestamp)
    # What came encrypted is never state: the server could not check its sender's power level.
    if not encrypted and isinstance(state_key := source.get("state_key"), str):
        previous = _previous(_mapping(source.get("unsigned")))
        return StateChange(*head, str(source.get("type")), state_key, dict(content), previous)
    match source.get("type"):
        case str() as kind if kind in EVENT_TYPES:
            return _read_message(head, EVENT_TYPES[kind], content, encrypted)
        case "m.reaction":
            return _read_reaction(head, content)
        case "m.room.redaction":
            target = content.get("redacts", source.get("redacts"))
            return Redaction(*head, EventId(target)) if isinstance(target, str) else None
        case "m.room.encrypted":
            return Undecryptable(*head)
    return None


def _previous(unsigned: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the content a state event replaced; a server may keep it back, but names the event."""
    content = unsigned.get("prev_content")
    if isinstance(content, Mapping):
        return dict(content)
    return None if "replaces_state" in unsigned else {}


_Head = tuple[EventId, RoomId, UserId, int]
# MSC2723, the name FluffyChat gives it, and MSC4553.
_FORWARDED = frozenset(("m.forwarded", "com.famedly.app.forwarded", "org.matrix.msc4553.forwarded"))


def _read_message(
    head: _Head, kind: str | None, content: Mapping[str, Any], encrypted: bool
) -> Message | None:
    relation = _mapping(content.get("m.relates_to"))
    relates, related = relation.get("rel_type"), _event_id(relation.get("event_id"))
    replaces = related if relates == "m.replace" else None
    if replaces:
        content = _mapping(content.get("m.new_content")) or content
    msgtype = kind or content.get("msgtype")
    if not isinstance(msgtype, str):
        return None
    body, media = read_media(msgtype, content)
    if body is None:
        return None
    formatted = content.get("formatted_body")
    answers, unfinished = read_mark(content)
    return Message(
        *head,
        body=body,
        msgtype=msgtype,
        formatted_body=formatted if isinstance(formatted, str) else None,
        mentions=_mentions(content.get("m.mentions")),
        replaces=replaces,
        in_reply_to=_replied_to(relation),
        thread=related if relates == "m.thread" else None,
        encrypted=encrypted,
        answers=answers,
        unfinished=unfinished,
        media=media,
        forwarded=not _FORWARDED.isdisjoint(content),
        call=read_command_call(content),
    )


def _read_reaction(head: _Head, content: Mapping[str, Any]) -> Reaction | None:
    relation = _mapping(content.get("m.relates_to"))
    target, key = _event_id(relation.get("event_id")), relation.get("key")
    if relation.get("rel_type") != "m.annotation" or not target or not isinstance(key, str):
        return None
    return Reaction(*head, target, key)


def _replied_to(relation: Mapping[str, Any]) -> EventId | None:
    """Return what is replied to; in threads, older clients are shown a reply that is none."""
    if relation.get("is_falling_back") is True:
        return None
    return _event_id(_mapping(relation.get("m.in_reply_to")).get("event_id"))


def _mentions(value: object) -> frozenset[UserId] | None:
    if not isinstance(value, Mapping):
        return None
    users = value.get("user_ids")
    named = users if isinstance(users, list) else []
    return frozenset(UserId(user) for user in named if isinstance(user, str))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _event_id(value: object) -> EventId | None:
    return EventId(value) if isinstance(value, str) else None
