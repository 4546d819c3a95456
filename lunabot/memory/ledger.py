"""The ledger of answers: which question each account owes, and what became of it.

A question is recorded as owed in the transaction that stores it, and settled in the one that
stores its answer: whenever the process dies, what is still owed is known at the next start. An
answer names its questions (`Message.answers`), so it settles them by whichever way it comes: from
the account that sent it, or, after a crash, as its echo from the server.
Every function runs on the archive's own thread.
"""

import json
import sqlite3
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, RoomId, UserId

Unanswered = Literal["missed", "ignored"]
"""How a question ends without an answer: too late to be given one, or no longer wanting it."""

_COLUMNS = "account, event_id, room_id, received_at, parts"
_OWE = """
    INSERT INTO answers (account, event_id, room_id, received_at, state)
    VALUES (?, ?, ?, ?, 'owed') ON CONFLICT (account, event_id) DO NOTHING"""
_FIND = "SELECT id, parts FROM answers WHERE account = ? AND event_id = ? AND state = 'owed'"
_SETTLE_UNKNOWN = """
    INSERT INTO answers (account, event_id, room_id, received_at, state, parts)
    VALUES (?, ?, ?, ?, 'sent', json_array(?)) ON CONFLICT (account, event_id) DO NOTHING"""
_PROGRESS = "UPDATE answers SET parts = ?, state = ? WHERE id = ?"
_GIVE_UP = """
    UPDATE answers SET state = ? WHERE account = ? AND event_id = ? AND state = 'owed'"""
_OWED = f"SELECT {_COLUMNS} FROM answers WHERE account = ? AND state = 'owed' ORDER BY id"
_ALL_OWED = f"SELECT {_COLUMNS} FROM answers WHERE state = 'owed' ORDER BY id"
_ABOUT = f"""
    SELECT {_COLUMNS} FROM answers WHERE room_id = ?1 AND
        (event_id = ?2 OR EXISTS (SELECT 1 FROM json_each(parts) WHERE value = ?2))
    ORDER BY id"""
_OUTCOMES = """
    SELECT state, count(*) FROM answers
    WHERE state <> 'ignored' AND event_id IN (SELECT value FROM json_each(?)) GROUP BY state"""


@dataclass(frozen=True, slots=True)
class Debt:
    """An answer that `account` owes to the message `event_id`.

    `received_at` is Luna's clock in milliseconds; `parts` are the messages of the answer that are
    in the room already.
    """

    account: UserId
    event_id: EventId
    room_id: RoomId
    received_at: int
    parts: tuple[EventId, ...] = ()


def owe(connection: sqlite3.Connection, debts: Iterable[Debt]) -> tuple[Debt, ...]:
    """Record debts and return the new ones; one that is known, settled or not, stays as it is."""
    rows = ((debt, (debt.account, debt.event_id, debt.room_id, debt.received_at)) for debt in debts)
    return tuple(debt for debt, row in rows if connection.execute(_OWE, row).rowcount)


def settle(connection: sqlite3.Connection, answers: Iterable[Message]) -> None:
    """Note what of answers is in the room: the finished ones settle what they answer.

    A question may come after its answer, when it lay in a gap that was filled later: it is not
    owed again.
    """
    for answer in answers:
        part = answer.replaces or answer.event_id
        state = "owed" if answer.unfinished else "sent"
        for question in answer.answers:
            if not answer.unfinished:
                late = (answer.sender, question, answer.room_id, answer.timestamp, part)
                connection.execute(_SETTLE_UNKNOWN, late)
            for key, known in connection.execute(_FIND, (answer.sender, question)).fetchall():
                parts = list(dict.fromkeys([*json.loads(known), part]))
                connection.execute(_PROGRESS, (json.dumps(parts), state, key))


def give_up(
    connection: sqlite3.Connection,
    account: UserId,
    questions: Collection[EventId],
    outcome: Unanswered,
) -> None:
    """Note that the questions get no answer any more."""
    connection.executemany(_GIVE_UP, [(outcome, account, question) for question in questions])


def owed(connection: sqlite3.Connection, account: UserId) -> tuple[Debt, ...]:
    """Return what an account owes, in the order the questions came."""
    return tuple(_debt(row) for row in connection.execute(_OWED, (account,)))


def all_owed(connection: sqlite3.Connection) -> tuple[Debt, ...]:
    """Return what all accounts owe, in the order the questions came and were put to them."""
    return tuple(_debt(row) for row in connection.execute(_ALL_OWED))


def is_owed(connection: sqlite3.Connection, account: UserId, question: EventId) -> bool:
    """Tell whether an account still owes a question its answer."""
    return connection.execute(_FIND, (account, question)).fetchone() is not None


def about(connection: sqlite3.Connection, room_id: RoomId, event_id: EventId) -> tuple[Debt, ...]:
    """Return the debts, settled or not, whose question or answer a message of a room is."""
    return tuple(_debt(row) for row in connection.execute(_ABOUT, (room_id, event_id)))


def outcomes(connection: sqlite3.Connection, questions: Iterable[EventId]) -> dict[str, int]:
    """Return how many answers to these questions are owed, sent and missed."""
    found = connection.execute(_OUTCOMES, (json.dumps(list(questions)),))
    return {str(state): int(count) for state, count in found}


def _debt(row: tuple[str, str, str, int, str]) -> Debt:
    account, event_id, room_id, received_at, parts = row
    return Debt(
        UserId(account),
        EventId(event_id),
        RoomId(room_id),
        received_at,
        tuple(map(EventId, json.loads(parts))),
    )
