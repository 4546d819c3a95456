"""The journal of transactions that reach beyond one store: what was begun and is not finished.

A step is noted before it is done, with what is needed to undo it: after a crash, whatever may have
happened is known (write-ahead logging). Every function runs on the archive's own thread.
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

Facts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Undertaking:
    """A transaction under way: `kind` (such as ``spawn``), whom it is about, and how far it got.

    `steps` are those that were begun, in order; `facts` is what they noted.
    """

    id: int
    kind: str
    subject: str
    steps: tuple[str, ...]
    facts: Facts


def begin(connection: sqlite3.Connection, kind: str, subject: str, facts: Facts) -> Undertaking:
    """Note that a transaction begins."""
    made = connection.execute(
        "INSERT INTO undertakings (kind, subject, steps, facts) VALUES (?, ?, '[]', ?)",
        (kind, subject, json.dumps(dict(facts))),
    )
    return Undertaking(int(made.lastrowid or 0), kind, subject, (), dict(facts))


def note(connection: sqlite3.Connection, undertaking: Undertaking) -> None:
    """Note how far a transaction is about to get."""
    connection.execute(
        "UPDATE undertakings SET steps = ?, facts = ? WHERE id = ?",
        (json.dumps(undertaking.steps), json.dumps(dict(undertaking.facts)), undertaking.id),
    )


def end(connection: sqlite3.Connection, undertaking: Undertaking) -> None:
    """Note that nothing is left to do or undo."""
    connection.execute("DELETE FROM undertakings WHERE id = ?", (undertaking.id,))


def unfinished(connection: sqlite3.Connection) -> tuple[Undertaking, ...]:
    """Return the transactions that did not end, the oldest first."""
    rows = connection.execute(
        "SELECT id, kind, subject, steps, facts FROM undertakings ORDER BY id"
    )
    return tuple(
        Undertaking(number, kind, subject, tuple(json.loads(steps)), json.loads(facts))
        for number, kind, subject, steps, facts in rows
    )
