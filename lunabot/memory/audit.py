"""The audit trail: every command ever given, append-only (the table itself refuses changes).

Every function runs on the archive's own thread.
"""

import sqlite3
from dataclasses import astuple, dataclass
from typing import Literal

from lunabot.matrix.ids import EventId, UserId
from lunabot.memory.text import storable

Outcome = Literal["ok", "failed", "refused", "asked", "declined", "expired"]
"""How a command ended. One that was "asked" about has a second entry, once that is answered."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One command: `arguments` as typed with the secrets masked, `timestamp` in milliseconds.

    `reference` ties a failed command to its line in the log.
    """

    timestamp: int
    event_id: EventId
    sender: UserId
    verb: str
    arguments: str
    outcome: Outcome
    duration_ms: int
    reference: str | None = None


_COLUMNS = "timestamp, event_id, sender, verb, arguments, outcome, duration_ms, reference"


def append(connection: sqlite3.Connection, entry: AuditEntry) -> None:
    """Add a command to the trail."""
    row = (storable(value) if isinstance(value, str) else value for value in astuple(entry))
    connection.execute(
        f"INSERT INTO audit ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", tuple(row)
    )


def newest(
    connection: sqlite3.Connection,
    limit: int,
    *,
    skip: int = 0,
    sender: UserId | None = None,
    verb: str | None = None,
) -> tuple[AuditEntry, ...]:
    """Return the newest commands, newest first; of one `sender` or `verb` only, where given."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM audit WHERE (?1 IS NULL OR sender = ?1) "
        "AND (?2 IS NULL OR verb = ?2) ORDER BY id DESC LIMIT ?3 OFFSET ?4",
        (sender, verb, limit, skip),
    )
    return tuple(AuditEntry(*row) for row in rows)
