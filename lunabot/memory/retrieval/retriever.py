"""The door of retrieval: from a question to the older messages that may answer it."""

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest

from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, RoomId, UserId
from lunabot.memory import messages
from lunabot.memory.archive import Archive
from lunabot.memory.retrieval import index, scoring
from lunabot.memory.retrieval.cues import Cues, read
from lunabot.memory.retrieval.timeline import Timeline

_HITS = 400  # of the best messages of an index are looked at
_LOOKED_AT = 2_000  # where most of them are not to be seen
_CANDIDATES = 600  # messages that are weighed by what they are


@dataclass(frozen=True, slots=True)
class Scope:
    """What may be found.

    Only messages of `rooms`, older than `before` (milliseconds), not among `exclude` and that
    `saw` is true for; it is asked on another thread. `me` is the account that asks, `own` are
    Luna's accounts: what they said counts less than what people said.
    """

    rooms: tuple[RoomId, ...]
    before: int
    exclude: frozenset[EventId]
    saw: Callable[[Message], bool]
    me: UserId
    own: frozenset[UserId]

    def allows(self, message: Message) -> bool:
        """Tell whether a message may be looked at; what is excluded may lead to others."""
        return (
            message.room_id in self.rooms
            and message.timestamp < self.before
            and self.saw(message)
        )


class Retriever:
    """Finds in an archive. It reads on the archive's thread for searches."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._timeline = Timeline()

    async def search(
        self,
        question: Message,
        context: Sequence[Message],
        scope: Scope,
        names: Mapping[UserId, str],
        limit: int,
        boosts: Mapping[EventId, float] | None = None,
    ) -> tuple[Message, ...]:
        """Return at most `limit` messages, the best first.

        `context` are the messages before the question, oldest first, which a short question is
        understood by; `names` are the display names of the people there may be talk of. A score
        is multiplied by the message's part of `boosts`, which is 1 where it is missing.

        Raises `WorldError` where the archive fails.
        """
        cues = read(question, context, names)
        search = _Search(self._timeline, question, cues, scope, boosts or {})
        return await self._archive.search(search.run, limit)


@dataclass(frozen=True, slots=True)
class _Search:
    timeline: Timeline
    question: Message
    cues: Cues
    scope: Scope
    boosts: Mapping[EventId, float]

    def run(self, connection: sqlite3.Connection, limit: int) -> tuple[Message, ...]:
        self.timeline.update(connection, self.scope.rooms)
        scores = index.search(connection, self.cues, self.scope.rooms, self.timeline)
        known = self._visible(connection, nlargest(_LOOKED_AT, scores, key=scores.__getitem__))
        scores = scoring.combined([({key: scores[key] for key in known}, 1.0)])
        total = scoring.spread(list(self._hits(known, scores)), _CANDIDATES)
        best = nlargest(max(_CANDIDATES, limit), total, key=total.__getitem__)
        known |= self._fetch(connection, [key for key in best if key not in known])
        ranked = sorted(
            ((key, known[key]) for key in best if key in known),
            key=lambda item: -total[item[0]] * self._weight(item[1]),
        )
        return tuple(
            message
            for _, message in ranked
            if message.event_id not in self.scope.exclude
        )[:limit]

    def _visible(
        self, connection: sqlite3.Connection, found: Sequence[int]
    ) -> dict[int, Message]:
        """Return the best of what was found that may be seen."""
        known: dict[int, Message] = {}
        for start in range(0, len(found), _HITS):
            if len(known) >= _HITS:
                break
            known |= self._fetch(connection, found[start : start + _HITS])
        return known

    def _fetch(self, connection: sqlite3.Connection, keys: Iterable[int]) -> dict[int, Message]:
        return {
            key: message
            for key, message in messages.by_keys(connection, keys).items()
            if message.event_id != self.question.event_id and self.scope.allows(message)
        }

    def _hits(
        self, known: Mapping[int, Message], scores: Mapping[int, float]
    ) -> Iterable[scoring.Hit]:
        for key, message in known.items():
            line = self.timeline.line(message.room_id, message.thread)
            position = line.position(key, message.timestamp)
            if position is not None:
                yield scoring.Hit(key, line, position, scores[key])

    def _weight(self, message: Message) -> float:
        boost = self.boosts.get(message.event_id, 1.0)
        return boost * scoring.weight(message, self.cues, self.scope.own)
