"""The vectors of messages as the archive keeps them. Each function runs on the archive's thread."""

import sqlite3
from collections.abc import Sequence

_PENDING = """
    SELECT id, body FROM unembedded JOIN shown USING (id) ORDER BY id DESC LIMIT ?"""
_STORE = """
    INSERT OR REPLACE INTO vectors (id, vector)
    SELECT id, ?3 FROM shown WHERE id = ?1 AND body = ?2"""
_STORED = "DELETE FROM unembedded WHERE id = ? AND id IN (SELECT id FROM vectors)"


def pending(connection: sqlite3.Connection, limit: int) -> list[tuple[int, str]]:
    """Return the keys and texts of messages that have no vector yet, the newest first."""
    return connection.execute(_PENDING, (limit,)).fetchall()


def store(
    connection: sqlite3.Connection, texts: Sequence[tuple[int, str]], vectors: Sequence[bytes]
) -> None:
    """Keep the vectors of those messages whose text is still the one they were made of."""
    for (key, text), vector in zip(texts, vectors, strict=True):
        connection.execute(_STORE, (key, text, vector))
        connection.execute(_STORED, (key,))


def use_model(connection: sqlite3.Connection, name: str) -> None:
    """Drop the vectors of another model, all of which are to be made anew then."""
    if connection.execute("SELECT name FROM vector_model").fetchone() == (name,):
        return
    connection.execute("DELETE FROM vectors")
    connection.execute("DELETE FROM vector_model")
    connection.execute("INSERT INTO vector_model (name) VALUES (?)", (name,))
    connection.execute("INSERT OR IGNORE INTO unembedded SELECT id FROM shown")
