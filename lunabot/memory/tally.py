"""How much the archive holds. It reads all of it, so it belongs on the thread for long searches."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts since the archive began; `answers` by what became of them: owed, sent, missed."""

    messages: int
    answers: Mapping[str, int]
    prompt_tokens: int
    completion_tokens: int


def tally(connection: sqlite3.Connection) -> Tally:
    """Count; redacted messages and edits do not count, nor do answers that nobody wants."""
    said = connection.execute(
        "SELECT count(*) FROM messages WHERE replaces IS NULL AND redacted = 0"
    )
    answers = connection.execute(
        "SELECT state, count(*) FROM answers WHERE state <> 'ignored' GROUP BY state"
    )
    tokens = connection.execute(
        "SELECT coalesce(sum(prompt_tokens), 0), coalesce(sum(completion_tokens), 0) FROM usage"
    )
    (messages,), (prompt_tokens, completion_tokens) = said.fetchone(), tokens.fetchone()
    return Tally(messages, dict(answers.fetchall()), prompt_tokens, completion_tokens)
