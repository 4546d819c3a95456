"""The full text of the archive: what its rows are made of, and the messages that have some words.

Every function that takes a connection runs on the thread of that connection.
"""

import hashlib
import json
import math
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence

from lunabot.matrix.ids import RoomId, UserId
from lunabot.memory.retrieval.cues import Cues, label
from lunabot.memory.retrieval.timeline import Timeline
from lunabot.memory.retrieval.words import words

# BM25 with what suits short messages; FTS5's own constants (1.2 and 0.75) cannot be changed, and
# its document frequencies are those of all rooms. Robertson and Zaragoza 2009, "The Probabilistic
# Relevance Framework: BM25 and Beyond"; a word counts once a message.
_K1 = 0.9
_B = 0.4
_USUAL = 120  # characters of a message
# A word that one message in five has tells little; rarer ones must be left.
_COMMON = 5
_FEW = 100
_MANY = 5_000  # messages that are scored, the newest where there are more
_COUNT = """
    SELECT count(*) FROM (SELECT 1 FROM message_index WHERE message_index MATCH ? LIMIT ?)"""
_FOUND = """
    SELECT json_group_array(rowid) FROM (
        SELECT rowid FROM message_index WHERE message_index MATCH ?
        ORDER BY rowid DESC LIMIT ?)"""


def define_functions(connection: sqlite3.Connection) -> None:
    """Define what the view `searchable` is made with: see `lunabot.memory.schema`."""
    for name, count, function in (
        ("search_words", 1, _search_words),
        ("search_label", 2, _search_label),
        ("search_room", 1, _search_room),
    ):
        connection.create_function(name, count, function, deterministic=True)


def search(
    connection: sqlite3.Connection, cues: Cues, rooms: Sequence[RoomId], timeline: Timeline
) -> dict[int, float]:
    """Return the keys of the messages of these rooms that have a word of the cues, with scores."""
    places = " OR ".join(f'room : "{_search_room(room)}"' for room in rooms)
    size = timeline.size(rooms)
    terms = [f'words : "{word}"' for word in cues.words]
    terms += [f'label : "{word}"' for word in cues.labels]
    scores: defaultdict[int, float] = defaultdict(float)
    for term, count, within in _plan(_counted(connection, terms, places, size)):
        rarity = math.log(1 + (size - count + 0.5) / (count + 0.5))
        for key in _found(connection, f"{term} AND ({places}) AND ({within})"):
            scores[key] += rarity
    lengths = timeline.lengths
    for key in scores:
        scores[key] /= 1 + _K1 * (1 - _B + _B * lengths[key] / _USUAL)
    return scores


def _counted(
    connection: sqlite3.Connection, terms: Sequence[str], places: str, size: int
) -> list[tuple[int, str]]:
    """Return the terms with how many messages have them, the rarest first, without common ones."""
    most = max(size // _COMMON, _FEW)
    counted = sorted((_count(connection, f"{term} AND ({places})", most), term) for term in terms)
    telling = [(count, term) for count, term in counted if 0 < count < most]
    return telling or [(count, term) for count, term in counted if count]


def _plan(counted: Sequence[tuple[int, str]]) -> Iterator[tuple[str, int, str]]:
    """Return each term, its count, and the terms of which a message must have one.

    Rare terms find messages; once there are many, the others tell only which of these are better.
    """
    finding: list[str] = []
    found = 0
    for count, term in counted:
        if not finding or found + count <= _MANY:
            finding.append(term)
            yield term, count, term
        else:
            yield term, count, " OR ".join(finding)
        found += count


def _count(connection: sqlite3.Connection, match: str, most: int) -> int:
    """Return how many messages match; counting stops at `most`."""
    count: int = connection.execute(_COUNT, (match, most)).fetchone()[0]
    return count


def _found(connection: sqlite3.Connection, match: str) -> list[int]:
    """Return the keys of the newest messages that match; one row, so that Python waits once."""
    keys: list[int] = json.loads(connection.execute(_FOUND, (match, _MANY)).fetchone()[0])
    return keys


def _search_words(body: str) -> str:
    return " ".join(words(body))


def _search_label(sender: str, timestamp: int) -> str:
    return label(UserId(sender), timestamp)


def _search_room(room_id: str) -> str:
    """Return a room as one word."""
    return hashlib.blake2b(room_id.encode(), digest_size=8).hexdigest()
