"""Who spoke when, for the loop guard: read from the messages of the archive.

Notices, edits and what was redacted are left out. Every function runs on the archive's own thread.
"""

import json
import sqlite3
from collections.abc import Collection

from lunabot.matrix.ids import RoomId, UserId
from lunabot.memory.loop import Turn

_SPOKEN = """
    FROM messages WHERE room_id = :room AND timestamp > :since
    AND replaces IS NULL AND redacted = 0 AND msgtype <> 'm.notice'"""
_NEWEST = f"""
    SELECT sender, timestamp, EXISTS (
        SELECT 1 FROM answers WHERE account = :account AND answers.event_id = messages.event_id)
    {_SPOKEN} AND (:senders = '[]' OR sender IN (SELECT value FROM json_each(:senders)))
    ORDER BY timestamp DESC, id DESC LIMIT :limit"""
_LAST_WORDS = f"SELECT sender, max(timestamp) {_SPOKEN} GROUP BY sender"
_MESSAGES_A_TURN = 20  # on the average; of a monologue without end only the newest part is read


def newest(
    connection: sqlite3.Connection,
    room_id: RoomId,
    account: UserId,
    limit: int,
    *,
    since: int = 0,
    senders: Collection[UserId] = (),
) -> tuple[Turn, ...]:
    """Return the newest turns of a room after a moment (milliseconds), oldest first.

    With `senders`, as if nobody else had spoken. `asks` is as `account` sees it: whether it was to
    answer something of the turn.
    """
    rows = connection.execute(
        _NEWEST,
        {
            "room": room_id,
            "since": since,
            "account": account,
            "senders": json.dumps(list(senders)),
            "limit": limit * _MESSAGES_A_TURN,
        },
    )
    turns: list[Turn] = []
    for sender, timestamp, asks in rows:
        if turns and turns[-1].sender == sender:
            later = turns.pop()
            turns.append(Turn(later.sender, timestamp, later.ended, later.asks or bool(asks)))
        elif len(turns) == limit:
            break
        else:
            turns.append(Turn(UserId(sender), timestamp, timestamp, bool(asks)))
    return tuple(reversed(turns))


def last_words(connection: sqlite3.Connection, room_id: RoomId, since: int) -> dict[UserId, int]:
    """Return who has spoken in a room after a moment, and when last (milliseconds)."""
    rows = connection.execute(_LAST_WORDS, {"room": room_id, "since": since})
    return {UserId(sender): int(timestamp) for sender, timestamp in rows}
