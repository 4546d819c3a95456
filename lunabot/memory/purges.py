"""Taking messages out of the archive for good, with their words in the full text and in the file.

Every function runs on the archive's own thread; all but `scrub` within a transaction of the
caller. What was purged does not come back by itself: what was said in a room before the moment in
`purges` is stored no more (see `lunabot.memory.messages`), until somebody fetches all of it.
"""

import json
import sqlite3
from dataclasses import dataclass, replace

from lunabot.errors import WorldError
from lunabot.matrix.ids import RoomId

_END_OF_TIME = 2**63 - 1
_CHUNK = 500  # messages of one transaction, so that live ones get in between
_MEASURE = """
    SELECT count(*) FILTER (WHERE replaces IS NULL AND redacted = 0), min(timestamp) FROM messages
    WHERE room_id = ? AND timestamp < ?"""
_LEFT = """
    SELECT count(*) FROM messages
    WHERE replaces IS NULL AND redacted = 0 AND (?1 IS NULL OR room_id = ?1) AND timestamp < ?2
        AND id < (SELECT id FROM messages WHERE event_id = 'placeholder')"""
_NEWEST = "SELECT max(timestamp) FROM messages WHERE room_id = ? AND timestamp <= ?"
_BAN = """
    INSERT INTO purges (room_id, until) VALUES (?1, ?2)
    ON CONFLICT (room_id) DO UPDATE SET until = max(until, ?2)"""
_BAN_ALL = """
    INSERT INTO purges (room_id, until)
    SELECT room_id, max(timestamp) + 1 FROM messages
    WHERE timestamp <= ? AND room_id <> '' GROUP BY room_id
    ON CONFLICT (room_id) DO UPDATE SET until = max(until, excluded.until)"""
# The greatest key stays taken, by a row that is nothing: whoever keeps keys in memory would take a
# new message for an old one if keys were used again.
_PLACEHOLDER = """
    INSERT OR REPLACE INTO messages
        (event_id, room_id, sender, timestamp, body, msgtype, encrypted, redacted)
    VALUES ('placeholder', '', '', 0, '', '', 0, 1)"""
# An edit goes with its original, or stays with it; one whose original is not here goes by its time.
_NEXT = """
    SELECT id, event_id FROM messages AS one
    WHERE room_id = ?1 AND timestamp < ?2 AND id > ?3 AND id <= ?4 AND (
        replaces IS NULL OR NOT EXISTS (
            SELECT 1 FROM messages AS original WHERE original.event_id = one.replaces
                AND original.room_id = ?1 AND original.replaces IS NULL))
    ORDER BY id LIMIT ?5"""
_EDITS = """
    SELECT id FROM messages
    WHERE room_id = ? AND replaces IN (SELECT value FROM json_each(?))"""
_UNINDEX = """
    INSERT INTO message_index (message_index, rowid, words, label, room)
    SELECT 'delete', id, words, label, room FROM searchable
    WHERE id IN (SELECT value FROM json_each(?))"""
_DELETE = "DELETE FROM {} WHERE id IN (SELECT value FROM json_each(?))"
_OF_ROOM = "(SELECT id FROM messages WHERE ?1 IS NULL OR room_id = ?1)"


@dataclass(frozen=True, slots=True)
class Extent:
    """How many messages people see of a stretch, and when the oldest was sent (milliseconds).

    The oldest may be one that nobody sees, such as an edit of what is not here.
    """

    messages: int
    oldest: int | None


@dataclass(frozen=True, slots=True)
class Purge:
    """What is left to purge of a room: messages sent before a moment, by the archive's keys.

    `taken` were, edits included.
    """

    room_id: RoomId
    before: int
    after_key: int
    last_key: int
    taken: int = 0


def measure(connection: sqlite3.Connection, room_id: RoomId, before: int | None) -> Extent:
    """Return what a room holds that was sent before a moment (milliseconds), or (None) in all."""
    until = _END_OF_TIME if before is None else before
    return Extent(*connection.execute(_MEASURE, (room_id, until)).fetchone())


def left(connection: sqlite3.Connection, room_id: RoomId | None, before: int | None) -> int:
    """Return how many messages the last purge ought to have taken and did not.

    It went through a room, or (None) all, up to a moment (milliseconds) or (None) to the end. What
    was said since is none of them.
    """
    until = _END_OF_TIME if before is None else before
    return int(connection.execute(_LEFT, (room_id, until)).fetchone()[0])


def vectors_of(connection: sqlite3.Connection, room_id: RoomId | None) -> int:
    """Return how many messages of a room, or (None) of all, have a vector."""
    found = connection.execute(f"SELECT count(*) FROM vectors WHERE id IN {_OF_ROOM}", (room_id,))
    return int(found.fetchone()[0])


def begin(connection: sqlite3.Connection, room_id: RoomId, before: int | None, now: int) -> Purge:
    """Let what was sent in a room before a moment, or (None) up to now, come in no more.

    What was still to be fetched of it is not fetched.
    """
    newest = connection.execute(_NEWEST, (room_id, now)).fetchone()[0]
    until = min(before, now) if before is not None else (newest or 0) + 1
    connection.execute(_BAN, (room_id, until))
    connection.execute(
        "DELETE FROM holes WHERE room_id = ? AND (until IS NULL OR ?)", (room_id, before is None)
    )
    connection.execute(_PLACEHOLDER)
    last = connection.execute("SELECT max(id) FROM messages").fetchone()[0]
    return Purge(room_id, _END_OF_TIME if before is None else until, 0, last)


def go_on(connection: sqlite3.Connection, purge: Purge) -> Purge | None:
    """Take some more messages out; return what is left then, None where nothing is."""
    found = connection.execute(
        _NEXT, (purge.room_id, purge.before, purge.after_key, purge.last_key, _CHUNK)
    ).fetchall()
    if not found:
        return None
    event_ids = json.dumps([event_id for _, event_id in found])
    edits = connection.execute(_EDITS, (purge.room_id, event_ids)).fetchall()
    keys = json.dumps([key for key, *_ in (*found, *edits)])
    connection.execute(_UNINDEX, (keys,))
    for table in ("vectors", "unembedded", "messages"):
        connection.execute(_DELETE.format(table), (keys,))
    taken = purge.taken + len(found) + len(edits)
    return replace(purge, after_key=found[-1][0], taken=taken)


def everything(connection: sqlite3.Connection, now: int) -> None:
    """Take all messages out, and what was owed and to be fetched; the books stay.

    Those are the audit trail and the tokens spent. What was redacted or forgotten stays so.
    """
    connection.execute(_BAN_ALL, (now,))
    connection.execute(_PLACEHOLDER)
    connection.execute("INSERT INTO message_index (message_index) VALUES ('delete-all')")
    connection.execute("DELETE FROM messages WHERE event_id <> 'placeholder'")
    for table in ("vectors", "unembedded", "answers", "holes"):
        connection.execute(f"DELETE FROM {table}")


def accounts(connection: sqlite3.Connection, now: int) -> None:
    """Take all out that belongs to a homeserver and its accounts; the books stay."""
    everything(connection, now)
    for table in ("redactions", "purges", "sync_tokens", "undertakings"):
        connection.execute(f"DELETE FROM {table}")


def vectors(connection: sqlite3.Connection, room_id: RoomId | None) -> None:
    """Take out the vectors of a room's messages, or (None) of all."""
    connection.execute(
        f"INSERT OR IGNORE INTO unembedded (id) SELECT id FROM vectors WHERE id IN {_OF_ROOM}",
        (room_id,),
    )
    connection.execute(f"DELETE FROM vectors WHERE id IN {_OF_ROOM}", (room_id,))


def scrub(connection: sqlite3.Connection) -> None:
    """Leave nothing in the file of what was taken out. It holds up whatever is to be stored.

    The full text keeps the words of what was deleted until its parts are merged, the file keeps
    them in free pages until it is written anew, and the write-ahead log until it is emptied.
    """
    connection.execute("INSERT INTO message_index (message_index) VALUES ('optimize')")
    connection.execute("VACUUM")
    is_busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    if is_busy:
        raise WorldError(
            "The archive is being read just now, and its log still holds what was purged: ask again"
        )
