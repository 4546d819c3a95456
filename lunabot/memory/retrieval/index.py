"""The full text of the archive: what its rows are made of, and the messages that have some words.

Every function that takes a connection runs on the thread of that connection.
"""

import hashlib
import json
import math
import sqlite3
from collections import defaultdict
from collections.abc import Sequence

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
# A word that one message in five has tells little and costs most; rarer ones must be left.
_COMMON = 5
_FEW = 100
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
    terms = [f'words : "{word}"' for word in cues.words]
    terms += [f'label : "{word}"' for word in cues.labels]
    size = timeline.size(rooms)
    most = max(size // _COMMON, _FEW)
    found = [_found(connection, f"{term} AND ({places})", most) for term in terms]
    telling = [keys for keys in found if len(keys) < most] or found
    scores: defaultdict[int, float] = defaultdict(float)
    for keys in telling:
        rarity = math.log(1 + (size - len(keys) + 0.5) / (len(keys) + 0.5))
        for key in keys:
            scores[key] += rarity
    for key in scores:
        scores[key] /= 1 + _K1 * (1 - _B + _B * timeline.length(key) / _USUAL)
    return scores


def _found(connection: sqlite3.Connection, match: str, most: int) -> list[int]:
    """Return the keys of the newest messages that match; one row, so that Python waits once."""
    keys: list[int] = json.loads(connection.execute(_FOUND, (match, most)).fetchone()[0])
    return keys


def _search_words(body: str) -> str:
    return " ".join(words(body))


def _search_label(sender: str, timestamp: int) -> str:
    return label(UserId(sender), timestamp)


def _search_room(room_id: str) -> str:
    """Return a room as one word."""
    return hashlib.blake2b(room_id.encode(), digest_size=8).hexdigest()
