"""How fast things went: what the archive tells of messages and answers over time.

Every function reads much, so it belongs on the archive's thread for long searches.
"""

import json
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass

from lunabot.matrix.ids import UserId

HOUR_MS = 3_600_000

_ANSWERED = """
    SELECT asked.timestamp, answers.received_at, shown.timestamp
    FROM answers
    JOIN messages AS asked ON asked.event_id = answers.event_id
    JOIN messages AS shown ON shown.event_id = json_extract(answers.parts, '$[0]')
    WHERE answers.state = 'sent' AND answers.received_at >= ?
        AND asked.sender NOT IN (SELECT value FROM json_each(?))"""


@dataclass(frozen=True, slots=True)
class Answered:
    """When a question was asked, received and first answered, in milliseconds.

    `asked` and `shown` are by the server's clock, `received` is by Luna's.
    """

    asked: int
    received: int
    shown: int


def messages_by_hour(connection: sqlite3.Connection, since: int) -> dict[int, int]:
    """Return how many messages were said in each hour (counted from 1970), if there were any."""
    found = connection.execute(
        f"SELECT timestamp / {HOUR_MS} AS hour, count(*) FROM messages "
        "WHERE replaces IS NULL AND redacted = 0 AND timestamp >= ? GROUP BY hour",
        (since,),
    )
    return {int(hour): int(count) for hour, count in found}


def answered(
    connection: sqlite3.Connection, since: int, own: Collection[UserId]
) -> tuple[Answered, ...]:
    """Return the answers to what came from a moment on (milliseconds), not from `own` accounts."""
    found = connection.execute(_ANSWERED, (since, json.dumps(sorted(own))))
    return tuple(Answered(*row) for row in found)
