"""The messages of the archive: recording events in any order, and reading what people see.

Every function runs on the archive's own thread, those that write within a transaction of the
caller. What an edit or a redaction means is said once, by the view `shown` (see `schema`): rows
are only added, or emptied by a redaction, so the order in which events arrive does not matter.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lunabot.matrix.events import Message, Redaction, RoomEvent
from lunabot.matrix.ids import EventId, RoomId, UserId
from lunabot.memory.ledger import Debt
from lunabot.memory.media import media_fields, media_of
from lunabot.memory.text import storable

_COLUMNS = (
    "event_id, room_id, sender, timestamp, body, msgtype, formatted_body, mentions, "
    "in_reply_to, thread, encrypted, media"
)
_INSERT = f"""
    INSERT INTO messages ({_COLUMNS}, replaces)
    SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13
    WHERE NOT EXISTS (SELECT 1 FROM purges WHERE room_id = ?2 AND ?4 < until)
    ON CONFLICT (event_id) DO NOTHING"""
_INSERT_REDACTION = """
    INSERT INTO redactions (event_id, room_id, sender, timestamp, target) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (event_id) DO NOTHING"""
_EDITED = """
    SELECT replaces FROM messages
    WHERE replaces IS NOT NULL AND event_id IN (SELECT value FROM json_each(?))"""
_SHOWN = f"""
    SELECT id, {_COLUMNS} FROM shown
    WHERE event_id IN (SELECT value FROM json_each(?)) ORDER BY id"""
_REDACTED = """
    SELECT messages.event_id FROM redactions JOIN messages
        ON messages.room_id = redactions.room_id
        AND (messages.event_id = redactions.target OR messages.replaces = redactions.target)
    WHERE messages.redacted = 0 AND redactions.target IN (SELECT value FROM json_each(?))"""
_EMPTY = """
    UPDATE messages
    SET body = '', formatted_body = NULL, mentions = NULL, media = NULL, redacted = 1
    WHERE event_id = ?"""
_SHOWN_BY_KEY = f"""
    SELECT id, {_COLUMNS} FROM shown WHERE id IN (SELECT value FROM json_each(?))"""
_UNINDEX = """
    INSERT INTO message_index (message_index, rowid, words, label, room)
    VALUES ('delete', ?, search_words(?), search_label(?, ?), search_room(?))"""
_INDEX = """
    INSERT INTO message_index (rowid, words, label, room)
    VALUES (?, search_words(?), search_label(?, ?), search_room(?))"""
_EMBED = "INSERT OR IGNORE INTO unembedded (id) VALUES (?)"
_RECENT = f"""
    SELECT {_COLUMNS} FROM shown WHERE room_id = ? AND timestamp < ?
    ORDER BY timestamp DESC, id DESC LIMIT ?"""
_IN_THREAD = f"""
    SELECT {_COLUMNS} FROM shown
    WHERE +room_id = ?1 AND +timestamp < ?2 AND id IN (
        SELECT id FROM messages WHERE thread = ?4
        UNION ALL SELECT id FROM messages WHERE event_id = ?4)
    ORDER BY timestamp DESC, id DESC LIMIT ?3"""
_BETWEEN = f"""
    SELECT {_COLUMNS} FROM shown WHERE room_id = ? AND timestamp BETWEEN ? AND ?
    ORDER BY timestamp, id LIMIT ?"""
_WEIGHT_AFTER = """
    SELECT coalesce(sum(8 + length(CAST(body AS BLOB)) / 4), 0) FROM shown
    WHERE room_id = ? AND timestamp > ? AND msgtype <> 'm.notice'"""
_ORIGINALS = """
    SELECT asked.event_id, original.room_id, original.sender, original.timestamp
    FROM messages AS asked JOIN messages AS original
        ON original.event_id = coalesce(asked.replaces, asked.event_id)
    WHERE asked.redacted = 0 AND asked.event_id IN (SELECT value FROM json_each(?))"""
_END_OF_TIME = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Recorded:
    """What recording some events changed.

    `new` are the messages (edits, too) that were not known before and are not redacted; `shown`
    those of them that people see, as they see them; in `stale` rooms something that was shown
    before has changed or gone. `owed` are the debts that came into being with them.
    """

    new: frozenset[EventId]
    shown: tuple[Message, ...]
    stale: frozenset[RoomId]
    owed: tuple[Debt, ...] = ()


@dataclass(frozen=True, slots=True)
class Activity:
    """How many messages a room has, and when the last was sent, in milliseconds."""

    messages: int
    last: int


def record(connection: sqlite3.Connection, events: Iterable[RoomEvent]) -> Recorded:
    """Store messages, edits and redactions, keep the full text in step, skip what is known."""
    events = list(events)
    messages = [event for event in events if isinstance(event, Message)]
    redactions = [event for event in events if isinstance(event, Redaction)]
    touched = _touched(connection, messages, redactions)
    before = _shown(connection, touched)
    new = {
        message.event_id
        for message in messages
        if connection.execute(_INSERT, _row(message)).rowcount
    }
    connection.executemany(_INSERT_REDACTION, map(_redaction_row, redactions))
    redacted = connection.execute(_REDACTED, (touched,)).fetchall()
    connection.executemany(_EMPTY, redacted)
    after = _shown(connection, touched)
    _reindex(connection, before, after)
    return Recorded(
        new=frozenset(new.difference(event_id for (event_id,) in redacted)),
        shown=tuple(message for key, message in after.items() if key not in before),
        stale=frozenset(old.room_id for key, old in before.items() if after.get(key) != old),
    )


def _shown(connection: sqlite3.Connection, event_ids: str) -> dict[int, Message]:
    rows = connection.execute(_SHOWN, (event_ids,))
    return {key: _message(row) for key, *row in rows}


def _touched(
    connection: sqlite3.Connection, messages: Sequence[Message], redactions: Sequence[Redaction]
) -> str:
    """Return the ids of what these events are or change, as a JSON array."""
    targets = {storable(redaction.target) for redaction in redactions}
    edited = connection.execute(_EDITED, (json.dumps(list(targets)),)) if targets else ()
    ids = targets.union(
        (message.event_id for message in messages),
        (storable(message.replaces) for message in messages if message.replaces),
        (row[0] for row in edited),
    )
    return json.dumps(list(ids))


def _reindex(
    connection: sqlite3.Connection, before: dict[int, Message], after: dict[int, Message]
) -> None:
    """Bring the full text from what was shown to what is; unindexing needs the very words."""
    old = {_searchable(key, message) for key, message in before.items()}
    new = {_searchable(key, message) for key, message in after.items()}
    connection.executemany(_UNINDEX, old - new)
    connection.executemany(_INDEX, new - old)
    connection.executemany("DELETE FROM vectors WHERE id = ?", [row[:1] for row in old - new])
    connection.executemany(_EMBED, [row[:1] for row in new - old])


def _searchable(key: int, message: Message) -> tuple[int, str, UserId, int, RoomId]:
    return key, message.body, message.sender, message.timestamp, message.room_id


def recent(
    connection: sqlite3.Connection, room_id: RoomId, limit: int, before: int | None
) -> tuple[Message, ...]:
    """Return the newest messages of a room as people see them, oldest first.

    With `before` (milliseconds), the newest of those that are older than it.
    """
    until = _END_OF_TIME if before is None else before
    rows = connection.execute(_RECENT, (room_id, until, limit)).fetchall()
    return tuple(_message(row) for row in reversed(rows))


def in_thread(
    connection: sqlite3.Connection, room_id: RoomId, limit: int, before: int, thread: EventId
) -> tuple[Message, ...]:
    """Return the newest messages of a thread, its root among them, as `recent` does of a room."""
    rows = connection.execute(_IN_THREAD, (room_id, before, limit, thread)).fetchall()
    return tuple(_message(row) for row in reversed(rows))


def between(
    connection: sqlite3.Connection, room_id: RoomId, begins: int, ends: int | None, limit: int
) -> tuple[Message, ...]:
    """Return the first messages of a stretch of time as people see them, oldest first.

    It goes from one moment to another (milliseconds, both included), or on to the newest message.
    """
    until = _END_OF_TIME if ends is None else ends
    rows = connection.execute(_BETWEEN, (room_id, begins, until, limit))
    return tuple(_message(row) for row in rows)


def weight_after(connection: sqlite3.Connection, moments: Mapping[RoomId, int]) -> int:
    """Return about how many tokens were said in rooms after a moment of each (milliseconds)."""
    return sum(
        int(connection.execute(_WEIGHT_AFTER, (room_id, moment)).fetchone()[0])
        for room_id, moment in moments.items()
    )


def changing(
    connection: sqlite3.Connection, events: Sequence[RoomEvent]
) -> tuple[tuple[RoomId, int], ...]:
    """Return of which messages that are stored these events will change what people see.

    Of each the room and when it was sent (milliseconds). An edit that loses against a newer one
    counts as well; what was recorded before changes nothing.
    """
    edits = [event for event in events if isinstance(event, Message) and event.replaces]
    redactions = [event for event in events if isinstance(event, Redaction)]
    new = {edit.event_id for edit in edits} - known(connection, (edit.event_id for edit in edits))
    targets = [
        *((redaction.target, redaction.room_id, None) for redaction in redactions),
        *((edit.replaces, edit.room_id, edit.sender) for edit in edits if edit.event_id in new),
    ]
    ids = json.dumps([storable(target) for target, _, _ in targets if target])
    found = {row[0]: row[1:] for row in connection.execute(_ORIGINALS, (ids,))}
    return tuple(
        (RoomId(found[target][0]), int(found[target][2]))
        for target, room_id, sender in targets
        if target in found and found[target][0] == room_id and sender in (None, found[target][1])
    )


def by_ids(connection: sqlite3.Connection, event_ids: Iterable[EventId]) -> dict[EventId, Message]:
    """Return those of the messages that are known and not redacted, as people see them."""
    ids = json.dumps([storable(event_id) for event_id in event_ids])
    return {message.event_id: message for message in _shown(connection, ids).values()}


def by_keys(connection: sqlite3.Connection, keys: Iterable[int]) -> dict[int, Message]:
    """Return those of the messages that are shown, by the archive's own keys."""
    rows = connection.execute(_SHOWN_BY_KEY, (json.dumps(list(keys)),))
    return {key: _message(row) for key, *row in rows}


def known(connection: sqlite3.Connection, event_ids: Iterable[EventId]) -> frozenset[EventId]:
    """Return which of these messages, edits among them, were stored; redacted ones, too."""
    ids = json.dumps([storable(event_id) for event_id in event_ids])
    rows = connection.execute(
        "SELECT event_id FROM messages WHERE event_id IN (SELECT value FROM json_each(?))", (ids,)
    )
    return frozenset(EventId(row[0]) for row in rows)


def oldest(connection: sqlite3.Connection, room_id: RoomId) -> int | None:
    """Return when the oldest message of a room was sent, in milliseconds."""
    found = connection.execute(
        "SELECT min(timestamp) FROM messages "
        "WHERE room_id = ? AND replaces IS NULL AND redacted = 0",
        (room_id,),
    )
    timestamp: int | None = found.fetchone()[0]
    return timestamp


def room_ids(connection: sqlite3.Connection) -> tuple[RoomId, ...]:
    """Return the rooms in which something was said."""
    rows = connection.execute("SELECT DISTINCT room_id FROM shown ORDER BY room_id")
    return tuple(RoomId(row[0]) for row in rows)


def activity(connection: sqlite3.Connection) -> dict[RoomId, Activity]:
    """Return how much was said in each room, and when last."""
    rows = connection.execute(
        "SELECT room_id, count(*), max(timestamp) FROM messages "
        "WHERE replaces IS NULL AND redacted = 0 GROUP BY room_id"
    )
    return {RoomId(room_id): Activity(number, last) for room_id, number, last in rows}


def _row(message: Message) -> tuple[Any, ...]:
    """Return a message in the order of `_COLUMNS`; a sender may have put any text anywhere."""
    return (
        message.event_id,
        message.room_id,
        message.sender,
        message.timestamp,
        storable(message.body),
        storable(message.msgtype),
        _optional(message.formatted_body),
        None if message.mentions is None else json.dumps(sorted(message.mentions)),
        _optional(message.in_reply_to),
        _optional(message.thread),
        message.encrypted,
        None if message.media is None else json.dumps(media_fields(message.media)),
        _optional(message.replaces),
    )


def _message(row: Sequence[Any]) -> Message:
    return Message(
        event_id=EventId(row[0]),
        room_id=RoomId(row[1]),
        sender=UserId(row[2]),
        timestamp=row[3],
        body=row[4],
        msgtype=row[5],
        formatted_body=row[6],
        mentions=None if row[7] is None else frozenset(map(UserId, json.loads(row[7]))),
        in_reply_to=row[8],
        thread=row[9],
        encrypted=bool(row[10]),
        media=None if row[11] is None else media_of(json.loads(row[11])),
    )


def _redaction_row(redaction: Redaction) -> tuple[Any, ...]:
    return (
        redaction.event_id,
        redaction.room_id,
        redaction.sender,
        redaction.timestamp,
        storable(redaction.target),
    )


def _optional(text: str | None) -> str | None:
    return None if text is None else storable(text)
