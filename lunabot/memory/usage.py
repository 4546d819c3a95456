"""The tokens spent: one row for each call of the model.

Every function runs on a thread of the archive's own.
"""

import sqlite3
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from types import MappingProxyType
from typing import Literal

from lunabot.matrix.ids import RoomId, UserId

Grouping = Literal["persona", "room", "person", "day", "model"]

_KEYS: Mapping[Grouping, str] = MappingProxyType(
    {
        "persona": "account",
        "room": "room_id",
        "person": "asker",
        "day": "date(timestamp / 1000, 'unixepoch')",
        "model": "model",
    }
)


@dataclass(frozen=True, slots=True)
class Usage:
    """What one answer cost: `account` gave it to `asker`; `timestamp` in milliseconds.

    What nobody asked for, such as summing up, an account has asked of itself.
    """

    timestamp: int
    room_id: RoomId
    account: UserId
    asker: UserId
    model: str
    prompt_tokens: int
    completion_tokens: int

    @property
    def tokens(self) -> int:
        """What was read and written together."""
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, slots=True)
class Spent:
    """What the calls of one model have cost that were for one thing.

    `subject` is an account, room, asker, day (``2026-05-31``, UTC) or model.
    """

    subject: str
    model: str
    calls: int
    prompt_tokens: int
    completion_tokens: int


def append(connection: sqlite3.Connection, usage: Usage) -> None:
    """Note what a call of the model cost."""
    connection.execute(
        "INSERT INTO usage (timestamp, room_id, account, asker, model, prompt_tokens, "
        "completion_tokens) VALUES (?, ?, ?, ?, ?, ?, ?)",
        astuple(usage),
    )


def newer(
    connection: sqlite3.Connection, number: int, timestamp: int
) -> tuple[tuple[int, Usage], ...]:
    """Return the rows with a greater number and from a moment on (milliseconds), numbered."""
    found = connection.execute(
        "SELECT id, timestamp, room_id, account, asker, model, prompt_tokens, completion_tokens "
        "FROM usage WHERE id > ? AND timestamp >= ? ORDER BY id",
        (number, timestamp),
    )
    return tuple((row[0], Usage(*row[1:])) for row in found)


def spent(connection: sqlite3.Connection, by: Grouping, timestamp: int) -> tuple[Spent, ...]:
    """Return what was spent from a moment on (milliseconds), each subject's models apart."""
    found = connection.execute(
        f"SELECT {_KEYS[by]} AS subject, model, count(*), sum(prompt_tokens), "
        "sum(completion_tokens) FROM usage WHERE timestamp >= ? "
        "GROUP BY subject, model ORDER BY subject, model",
        (timestamp,),
    )
    return tuple(Spent(*row) for row in found)


def unasked_tokens_since(connection: sqlite3.Connection, account: UserId, timestamp: int) -> int:
    """Return the tokens an account has spent of its own accord from a moment on (milliseconds)."""
    spent = connection.execute(
        "SELECT coalesce(sum(prompt_tokens + completion_tokens), 0) FROM usage "
        "WHERE timestamp >= ? AND account = ? AND asker = account",
        (timestamp, account),
    )
    return int(spent.fetchone()[0])


def tokens_since(connection: sqlite3.Connection, timestamp: int) -> dict[UserId, int]:
    """Return the tokens that each account has spent from a moment on (milliseconds)."""
    spent = connection.execute(
        "SELECT account, sum(prompt_tokens + completion_tokens) FROM usage "
        "WHERE timestamp >= ? GROUP BY account",
        (timestamp,),
    )
    return {UserId(account): int(tokens) for account, tokens in spent}
