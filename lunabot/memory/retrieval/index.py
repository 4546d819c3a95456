"""The full text of the archive: what its rows are made of, and the messages that have some words.

Every function that takes a connection runs on the thread of that connection.
"""

import hashlib
import json
import math
import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence

from lunabot.matrix.ids import RoomId, UserId, localpart
from lunabot.memory.retrieval.cues import Cues, label
from lunabot.memory.retrieval.timeline import Timeline
from lunabot.memory.retrieval.words import STEM, words

# BM25 with what suits short messages; FTS5's own constants (1.2 and 0.75) cannot be changed, and
# its document frequencies are those of all rooms. Robertson and Zaragoza 2009, "The Probabilistic
# Relevance Framework: BM25 and Beyond"; a word counts once a message.
_K1 = 0.9
_B = 0.4
_USUAL = 120  # characters of a message
_INFLECTED = 4  # letters of a word that may have an ending
_LEAST = 3  # letters a word is still known by
_ARTICLE = "\u0627\u0644"  # of Arabic, a part of the word that follows
_ARABIC_LETTERS = re.compile("[\u0620-\u064a]")
# A word that one message in five has tells little; rarer ones must be left.
_COMMON = 5
_FEW = 100
_MANY = 1_200  # messages that are scored, the newest where there are more
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
    size = timeline.size(rooms)
    places = " OR ".join(f'room : "{_search_room(room)}"' for room in rooms)
    counted = _counted(connection, _terms(connection, cues), places, size) if rooms else []
    scores: defaultdict[int, float] = defaultdict(float)
    for match, count in _plan(counted):
        keys = timeline.only(rooms, _found(connection, match))
        having = len(keys) if count is None else count
        rarity = math.log(1 + (size - having + 0.5) / (having + 0.5))
        for key in keys:
            scores[key] += rarity
    lengths = timeline.lengths
    for key in scores:
        scores[key] /= 1 + _K1 * (1 - _B + _B * lengths[key] / _USUAL)
    return scores


def _terms(connection: sqlite3.Connection, cues: Cues) -> list[tuple[str, ...]]:
    """Return what is looked for, each in its forms: the first that is not too common is taken.

    Words beyond ASCII are cut when they are indexed, and those in ASCII are looked for cut as well
    as whole, for the index stems English endings only.
    """
    spoke = (called for user, called in cues.named.items() if _spoke(connection, user))
    idle = frozenset[str]().union(*spoke)
    told = [word for word in cues.words if word not in idle] or cues.words
    return [
        *map(_forms, told),
        *((_family(word),) for word in told if not word.isascii() and len(word) >= _INFLECTED),
        *((f'label : "{word}"',) for word in cues.labels),
    ]


def _forms(word: str) -> tuple[str, ...]:
    """Return a word by its beginning, if it has more than that, and by itself."""
    whole = f'words : "{word}"'
    return (f'words : ("{word[:STEM]}" * OR "{word}")', whole) if len(word) > STEM else (whole,)


def _family(word: str) -> str:
    """Return by what the other forms of a word beyond ASCII are found, besides the word itself.

    It goes without its ending; in Arabic, with the article and without it, as in Larkey,
    Ballesteros and Connell 2002, "Improving Stemming for Arabic Information Retrieval".
    """
    bare = word.removeprefix(_ARTICLE) if len(word) == STEM else word
    beginning = bare[: max(min(len(bare), STEM) - 1, _LEAST)]
    match = f'"{beginning}" *'
    if _ARABIC_LETTERS.match(bare):
        match += f' OR "{_ARTICLE}{beginning[:_LEAST]}" *'
    return f"words : ({match})"


def _spoke(connection: sqlite3.Connection, user: UserId) -> bool:
    """Tell whether there is anything that somebody said."""
    own = words(localpart(user))
    return bool(own and _count(connection, " AND ".join(f'label : "{word}"' for word in own), 1))


def _counted(
    connection: sqlite3.Connection, terms: Sequence[Sequence[str]], places: str, size: int
) -> list[tuple[int, str]]:
    """Return the terms with how many messages have them, the rarest first, without common ones.

    To ask for the rooms, too, costs far more than the term alone, so that is done only where the
    term is common in the archive.
    """
    most = max(size // _COMMON, _FEW)
    counted: list[tuple[int, str]] = []
    for forms in terms:
        for term in (*forms, f"({forms[-1]} AND ({places}))"):
            count = _count(connection, term, most)
            if count < most:
                break
        counted.append((count, term))
    telling = [(count, term) for count, term in counted if count < most]
    return sorted((count, term) for count, term in telling or counted if count)


def _plan(counted: Sequence[tuple[int, str]]) -> Iterator[tuple[str, int | None]]:
    """Return what to look for in turn; with a count, where not all that have the term are found.

    Rare terms find messages; once there are many, the others tell only which of these are better.
    """
    finding: list[str] = []
    found = 0
    for count, term in counted:
        if not finding or found + count <= _MANY:
            finding.append(term)
            yield term, None
        else:
            yield f"{term} AND ({' OR '.join(finding)})", count
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
