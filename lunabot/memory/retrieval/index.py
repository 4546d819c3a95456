"""The full text of the archive: what its rows are made of, and its best rows for some words.

Every function that takes a connection runs on the thread of that connection.
"""

import hashlib
import sqlite3
from collections.abc import Sequence

from lunabot.matrix.ids import RoomId, UserId
from lunabot.memory.retrieval.cues import Cues, label
from lunabot.memory.retrieval.words import words

MOST_HITS = 400
"""How many of the best rows of an index are looked at."""
# A word that one message in five has tells little, and costs most; rarer ones must be left.
_COMMON = 5
_FEW = 100
_HITS = """
    SELECT rowid, -rank FROM message_index WHERE message_index MATCH ? ORDER BY rank LIMIT ?"""
_COUNT = """
    SELECT count(*) FROM (SELECT 1 FROM message_index WHERE message_index MATCH ? LIMIT ?)"""


def define_functions(connection: sqlite3.Connection) -> None:
    """Define what the view `searchable` is made with: see `lunabot.memory.schema`."""
    for name, count, function in (
        ("search_words", 1, _search_words),
        ("search_label", 2, _search_label),
        ("search_room", 1, _search_room),
    ):
        connection.create_function(name, count, function, deterministic=True)


def search(
    connection: sqlite3.Connection, cues: Cues, rooms: Sequence[RoomId], limit: int
) -> list[tuple[int, float]]:
    """Return the keys of the best messages of these rooms with their scores, best first."""
    terms = [f'words : "{word}"' for word in _telling(connection, cues.words)]
    terms += [f'label : "{phrase}"' for phrase in cues.labels]
    if not terms or not rooms:
        return []
    places = " OR ".join(f'room : "{_search_room(room)}"' for room in rooms)
    match = f"({places}) AND ({' OR '.join(terms)})"
    return connection.execute(_HITS, (match, limit)).fetchall()


def _telling(connection: sqlite3.Connection, found: Sequence[str]) -> list[str]:
    size = connection.execute("SELECT coalesce(max(id), 0) FROM messages").fetchone()[0]
    enough = max(size // _COMMON, _FEW)
    rare = [word for word in found if _count(connection, word, enough) < enough]
    return rare or list(found)


def _count(connection: sqlite3.Connection, word: str, enough: int) -> int:
    """Return how many messages have a word; counting stops where there are enough."""
    count: int = connection.execute(_COUNT, (f'words : "{word}"', enough)).fetchone()[0]
    return count


def _search_words(body: str) -> str:
    return " ".join(words(body))


def _search_label(sender: str, timestamp: int) -> str:
    return label(UserId(sender), timestamp)


def _search_room(room_id: str) -> str:
    """Return a room as one word."""
    return hashlib.blake2b(room_id.encode(), digest_size=8).hexdigest()
