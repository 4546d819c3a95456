"""The tokens spent: one row for each call of the model. Runs on the archive's own thread."""

import sqlite3
from dataclasses import astuple, dataclass

from lunabot.matrix.ids import RoomId, UserId


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


def append(connection: sqlite3.Connection, usage: Usage) -> None:
    """Note what a call of the model cost."""
    connection.execute(
        "INSERT INTO usage (timestamp, room_id, account, asker, model, prompt_tokens, "
        "completion_tokens) VALUES (?, ?, ?, ?, ?, ?, ?)",
        astuple(usage),
    )


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
