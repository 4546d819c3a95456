"""The holes in the archive: what of which room is still to be fetched, and from where on.

A hole is noted in the transaction that stores what lies behind it, and gets smaller with each page
that was stored: whenever the process dies, what is missing is known at the next start. Every
function runs on the archive's own thread.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from lunabot.matrix.batch import Gap
from lunabot.matrix.ids import RoomId, UserId

_COLUMNS = "id, room_id, account, token, until"
_NOTE = "INSERT INTO holes (room_id, account, token, until) VALUES (?, ?, ?, ?)"
_NOTE_WHOLE = f"{_NOTE} ON CONFLICT (room_id) WHERE until IS NULL DO NOTHING"


@dataclass(frozen=True, slots=True)
class Hole:
    """What `account` may still read in a room, backwards from `token` to `until`.

    Both are pagination tokens of the server's. Where there is no `until` it goes back to the room's
    beginning, or as far as the account may see: that is history, and nobody answers it.
    """

    id: int
    room_id: RoomId
    account: UserId
    token: str
    until: str | None

    @property
    def is_history(self) -> bool:
        """Whether it holds what was said before the account came."""
        return self.until is None


def note_gaps(connection: sqlite3.Connection, account: UserId, gaps: Iterable[Gap]) -> None:
    """Note what a sync of an account has passed over."""
    rows = [(gap.room_id, account, gap.prev_batch, gap.since) for gap in gaps]
    connection.executemany(_NOTE, rows)


def note_history(
    connection: sqlite3.Connection, room_id: RoomId, account: UserId, token: str
) -> Hole:
    """Note that all of a room is to be fetched; one that is being fetched already goes on.

    What was purged of it may come back then.
    """
    connection.execute("DELETE FROM purges WHERE room_id = ?", (room_id,))
    connection.execute(_NOTE_WHOLE, (room_id, account, token, None))
    found = connection.execute(
        f"SELECT {_COLUMNS} FROM holes WHERE room_id = ? AND until IS NULL", (room_id,)
    )
    return Hole(*found.fetchone())


def still_open(connection: sqlite3.Connection) -> tuple[Hole, ...]:
    """Return all holes: gaps first, then history, the oldest of each first."""
    rows = connection.execute(f"SELECT {_COLUMNS} FROM holes ORDER BY until IS NULL, id")
    return tuple(Hole(*row) for row in rows)


def advance(connection: sqlite3.Connection, hole: Hole, token: str | None) -> None:
    """Note from where on the rest of a hole is read; None where nothing is left of it."""
    if token is None:
        connection.execute("DELETE FROM holes WHERE id = ?", (hole.id,))
    else:
        connection.execute("UPDATE holes SET token = ? WHERE id = ?", (token, hole.id))


def forget(connection: sqlite3.Connection, account: UserId) -> None:
    """Forget the holes of an account that is no more."""
    connection.execute("DELETE FROM holes WHERE account = ?", (account,))
