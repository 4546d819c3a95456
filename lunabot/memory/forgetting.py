"""Which messages are meant when something is to be forgotten.

Every function is a query of the archive (see `Archive.search`). They look at all that is stored,
what an edit has replaced as well, and name the originals: with them their edits go.
"""

import sqlite3

from lunabot.matrix.ids import EventId, RoomId

_ORIGINALS = """
    SELECT coalesce(replaces, event_id), body, json_extract(media, '$.name'),
        (SELECT group_concat(value, char(10)) FROM json_each(media, '$.options'))
    FROM messages WHERE room_id = ? AND redacted = 0"""


def containing(connection: sqlite3.Connection, room_id: RoomId, text: str) -> tuple[EventId, ...]:
    """Return the messages of a room that contain a text, in any case, oldest first."""
    wanted = text.casefold()
    rows = connection.execute(f"{_ORIGINALS} ORDER BY timestamp, id", (room_id,))
    found = (
        EventId(event_id)
        for event_id, *texts in rows
        if any(wanted in each.casefold() for each in texts if each)
    )
    return tuple(dict.fromkeys(found))


def named(
    connection: sqlite3.Connection, room_id: RoomId, event_id: EventId
) -> tuple[EventId, ...]:
    """Return the message of that id, or the one it is an edit of; nothing where none is known."""
    row = connection.execute(f"{_ORIGINALS} AND event_id = ?", (room_id, event_id)).fetchone()
    return (EventId(row[0]),) if row else ()
