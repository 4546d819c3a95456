"""The ledger of answers: which question each account owes, and what became of it.

A question is recorded as owed in the transaction that stores it, and settled in the one that
stores its answer: whenever the process dies, what is still owed is known at the next start.
Every function runs on the archive's own thread.
"""

import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, RoomId, UserId

Unanswered = Literal["missed", "ignored"]
"""How a question ends without an answer: too late to be given one, or no longer wanting it."""

_OWE = """
    INSERT INTO answers (account, event_id, room_id, received_at, transaction_id, state)
    VALUES (?, ?, ?, ?, ?, 'owed') ON CONFLICT (account, event_id) DO NOTHING"""
_SETTLE = """
    UPDATE answers SET state = ?, answer_event_id = ?
    WHERE account = ? AND event_id = ? AND state = 'owed'"""
_OWED = """
    SELECT account, event_id, room_id, received_at, transaction_id FROM answers
    WHERE account = ? AND state = 'owed' ORDER BY id"""


@dataclass(frozen=True, slots=True)
class Debt:
    """An answer that `account` owes to the message `event_id`.

    `received_at` is Luna's clock in milliseconds; `transaction_id` is the one the answer is sent
    with, and sent again with.
    """

    account: UserId
    event_id: EventId
    room_id: RoomId
    received_at: int
    transaction_id: str


def owe(connection: sqlite3.Connection, debts: Collection[Debt]) -> None:
    """Record debts; one that is known, settled or not, stays as it is."""
    connection.executemany(
        _OWE,
        [(d.account, d.event_id, d.room_id, d.received_at, d.transaction_id) for d in debts],
    )


def settle(
    connection: sqlite3.Connection, account: UserId, questions: Collection[EventId], answer: Message
) -> None:
    """Note that the questions were answered, together, by `answer`."""
    connection.executemany(
        _SETTLE, [("sent", answer.event_id, account, question) for question in questions]
    )


def give_up(
    connection: sqlite3.Connection,
    account: UserId,
    questions: Collection[EventId],
    outcome: Unanswered,
) -> None:
    """Note that the questions get no answer any more."""
    connection.executemany(_SETTLE, [(outcome, None, account, question) for question in questions])


def owed(connection: sqlite3.Connection, account: UserId) -> tuple[Debt, ...]:
    """Return what an account owes, in the order the questions came."""
    return tuple(Debt(*row) for row in connection.execute(_OWED, (account,)))


def has_answered(connection: sqlite3.Connection, account: UserId, event_id: EventId) -> bool:
    """Tell whether the account's answer to a message was sent."""
    found = connection.execute(
        "SELECT 1 FROM answers WHERE account = ? AND event_id = ? AND state = 'sent'",
        (account, event_id),
    )
    return found.fetchone() is not None
