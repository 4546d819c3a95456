"""One search: from the cues of a question to messages, on the thread of its connection."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, RoomId, UserId
from lunabot.memory import messages
from lunabot.memory.retrieval import index, scoring
from lunabot.memory.retrieval.cues import Cues, is_question
from lunabot.memory.retrieval.timeline import Timeline

_HITS = 200  # of the best messages of an index are looked at
_LOOKED_AT = 2_000  # where most of them are not to be seen
_AT_ONCE = 50  # are fetched at least
_REACH = 50  # places by which what a message is may lift it, at least
_ALIKE = 0.6  # what the vectors weigh beside the words
_REPLIES = """
    SELECT answer.id, asked.id
    FROM messages AS answer JOIN messages AS asked ON asked.event_id = answer.in_reply_to
    WHERE answer.id IN (SELECT value FROM json_each(?1))
    UNION
    SELECT answer.id, asked.id
    FROM messages AS asked JOIN messages AS answer ON answer.in_reply_to = asked.event_id
    WHERE asked.id IN (SELECT value FROM json_each(?1))"""


@dataclass(frozen=True, slots=True)
class Scope:
    """What may be found.

    Only messages of `rooms`, older than `before` (milliseconds), not among `exclude` (they are in
    the prompt anyway, but may lead to others) and that `saw` is true for, which is asked on another
    thread. `me` is the account that asks; `own` are Luna's accounts, whose words count less than
    people's.
    """

    rooms: tuple[RoomId, ...]
    before: int
    exclude: frozenset[EventId]
    saw: Callable[[Message], bool]
    me: UserId
    own: frozenset[UserId]

    def allows(self, message: Message) -> bool:
        """Tell whether a message may be looked at."""
        in_reach = message.room_id in self.rooms and message.timestamp < self.before
        return in_reach and self.saw(message)


class Vectors(Protocol):
    """Where messages are found by a vector: see `lunabot.memory.retrieval.matrix`."""

    def update(self, connection: sqlite3.Connection) -> None:
        """Take in what is new in the archive."""

    def search(self, vector: bytes, rooms: Iterable[RoomId], most: int) -> dict[int, float]:
        """Return the keys of the messages of these rooms that are most like a vector."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """A question's vector, and the vectors it is compared with."""

    vectors: Vectors
    vector: bytes


@dataclass(frozen=True, slots=True)
class Search:
    """A search for the messages that may answer a question."""

    timeline: Timeline
    question: EventId
    cues: Cues
    scope: Scope
    likeness: Likeness | None = None

    def run(self, connection: sqlite3.Connection, limit: int) -> tuple[Message, ...]:
        """Return at most `limit` messages, the best first."""
        self.timeline.update(connection, self.scope.rooms)
        by_words = index.search(connection, self.cues, self.scope.rooms, self.timeline)
        by_meaning = self._by_meaning(connection)
        known = self._best(connection, by_words) | self._best(connection, by_meaning)
        scores = scoring.combined(
            [
                ({key: by_words[key] for key in known if key in by_words}, 1.0),
                ({key: by_meaning[key] for key in known if key in by_meaning}, _ALIKE),
            ]
        )
        most = limit + max(limit // 2, _REACH)
        total = scoring.spread(self._hits(known, scores), most)
        scoring.share_replies(total, scores, self._replies(connection, scores))
        if self.cues.named:
            rooms = [self.timeline.line(room_id, None) for room_id in self.scope.rooms]
            scoring.introduce(total, rooms, most)
        candidates = sorted(total, key=total.__getitem__, reverse=True)[:most]
        known |= self._fetch(connection, [key for key in candidates if key not in known])
        return self._ranked({key: known[key] for key in candidates if key in known}, total)[:limit]

    def _by_meaning(self, connection: sqlite3.Connection) -> dict[int, float]:
        if self.likeness is None:
            return {}
        vectors = self.likeness.vectors
        vectors.update(connection)
        return vectors.search(self.likeness.vector, self.scope.rooms, _LOOKED_AT)

    def _best(
        self, connection: sqlite3.Connection, scores: Mapping[int, float]
    ) -> dict[int, Message]:
        """Return the best messages of an index of those that may be looked at."""
        best = sorted(scores, key=scores.__getitem__, reverse=True)[:_LOOKED_AT]
        known: dict[int, Message] = {}
        while best and len(known) < _HITS:
            next_ones = max(_HITS - len(known), _AT_ONCE)
            known |= self._fetch(connection, best[:next_ones])
            best = best[next_ones:]
        return known

    def _fetch(self, connection: sqlite3.Connection, keys: Sequence[int]) -> dict[int, Message]:
        return {
            key: message
            for key, message in messages.by_keys(connection, keys).items()
            if message.event_id != self.question and self.scope.allows(message)
        }

    def _hits(
        self, known: Mapping[int, Message], scores: Mapping[int, float]
    ) -> Iterable[scoring.Hit]:
        for key, score in scores.items():
            message = known[key]
            line = self.timeline.line(message.room_id, message.thread)
            place = line.position(key, message.timestamp)
            if place is not None:
                yield scoring.Hit(line, place, score, is_question(message.body))

    def _replies(
        self, connection: sqlite3.Connection, scores: Mapping[int, float]
    ) -> list[tuple[int, int]]:
        return connection.execute(_REPLIES, (json.dumps(list(scores)),)).fetchall()

    def _ranked(
        self, candidates: Mapping[int, Message], total: Mapping[int, float]
    ) -> tuple[Message, ...]:
        worth = {
            key: total[key] * scoring.weight(message, self.cues, self.scope.own)
            for key, message in candidates.items()
            if message.event_id not in self.scope.exclude
        }
        return tuple(candidates[key] for key in sorted(worth, key=worth.__getitem__, reverse=True))
