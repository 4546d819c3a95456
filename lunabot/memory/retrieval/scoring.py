"""How hits make a ranking: rules over numbers, measured on conversations. Pure.

A conversation is not a bag of messages: what stands next to a hit, or in the same sitting, is part
of what was said there (weights in `docs/design.md`, "Retrieval").
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from lunabot.matrix.events import Message
from lunabot.matrix.ids import UserId
from lunabot.memory.retrieval.cues import Cues, is_question, tells_time
from lunabot.memory.retrieval.timeline import Line

_SHARPNESS = 1.3  # the power by which the best hits stand out
# What a hit gives to itself and to the messages one, two and three places from it.
_GAINS = {0: 1.0, -1: 0.5, 1: 0.5, -2: 0.3, 2: 0.3, -3: 0.15, 3: 0.15}
_GAINS_OF_A_QUESTION = {**_GAINS, 1: 0.8}  # what comes next is mostly its answer
_REPLY = 0.5
_SITTING = 0.75
_BEST_OF_SITTING = 3
_FLOOR = 0.1  # beside the 1.0 of the best hit, for a question about somebody
_NAMED = 1.8
_QUESTION = 0.9
_TIME = 1.2
_OWN = 1 / 3  # an assistant's long answers would drown what people said


class Hit(NamedTuple):
    """A message that was found: the place in its line where it stands, and its score.

    `asks` tells whether it is a question.
    """

    line: Line
    place: int
    score: float
    asks: bool = False


def combined(indexes: Iterable[tuple[Mapping[int, float], float]]) -> dict[int, float]:
    """Return one score for each key from those of several indexes, each with its weight.

    The best hit of an index gets its weight.
    """
    total: defaultdict[int, float] = defaultdict(float)
    for scores, weight in indexes:
        best = max(scores.values(), default=0.0)
        for key, score in scores.items() if best > 0 else ():
            total[key] += weight * (max(score, 0.0) / best) ** _SHARPNESS
    return dict(total)


def spread(hits: Iterable[Hit], most: int) -> dict[int, float]:
    """Return the hits and what gains by them: neighbours within the sitting, and the sitting.

    There are at most `most` keys, or more where hits and their neighbours alone are more; what
    stands nearest to the best hits is taken first.
    """
    total: dict[int, float] = {}
    sittings = _sittings(hits)
    for sitting in sittings:
        total.update(sitting.near())
    for sitting in sittings:
        if len(total) >= most:
            break
        new = (key for key in sitting.around(most) if key not in total)
        total.update((key, sitting.gift) for key in islice(new, most - len(total)))
    return total


def introduce(total: dict[int, float], lines: Iterable[Line], most: int) -> None:
    """Fill up to `most` with the beginning of each line, and lift everything a little.

    Thus what somebody said counts for a question about them even where no word of it hits: who
    they are is mostly told early.
    """
    for line in lines:
        new = (key for key in line.keys if key not in total)
        for key in islice(new, max(most - len(total), 0)):
            total[key] = 0.0
    for key in total:
        total[key] += _FLOOR


def weight(message: Message, cues: Cues, own: frozenset[UserId]) -> float:
    """Return by what a message's score is multiplied for what it is."""
    factor = _OWN if message.sender in own else 1.0
    if message.sender in cues.named:
        factor *= _NAMED
    if is_question(message.body):
        factor *= _QUESTION
    if cues.wants_time and tells_time(message.body):
        factor *= _TIME
    return factor


def share_replies(
    total: dict[int, float], scores: Mapping[int, float], pairs: Iterable[tuple[int, int]]
) -> None:
    """Give each of two messages, of which one answers the other, a part of the other's score."""
    for one, other in pairs:
        for giver, taker in ((one, other), (other, one)):
            if giver in scores:
                total[taker] = total.get(taker, 0.0) + _REPLY * scores[giver]


@dataclass(frozen=True, slots=True)
class _Sitting:
    """The hits of a sitting, and what every message of it gains by them."""

    line: Line
    places: range
    hits: Sequence[Hit]
    gift: float

    def near(self) -> dict[int, float]:
        """Return what the hits and their neighbours have, by their keys."""
        gained: dict[int, float] = {}
        for hit in self.hits:
            gains = _GAINS_OF_A_QUESTION if hit.asks else _GAINS
            for distance, share in gains.items():
                place = hit.place + distance
                if place in self.places:
                    gained[place] = gained.get(place, self.gift) + share * hit.score
        return {self.line.keys[place]: score for place, score in gained.items()}

    def around(self, most: int) -> Iterator[int]:
        """Return the keys of all messages, those nearest to the best hit first."""
        best = max(self.hits, key=lambda hit: hit.score)
        return self.line.around(best.place, most)


def _sittings(hits: Iterable[Hit]) -> list[_Sitting]:
    """Return the sittings that have hits, those with the best ones first."""
    grouped: defaultdict[tuple[int, range], list[Hit]] = defaultdict(list)
    for hit in hits:
        grouped[id(hit.line), hit.line.sitting(hit.place)].append(hit)
    sittings = (
        _Sitting(of_sitting[0].line, places, of_sitting, _gift(of_sitting))
        for (_, places), of_sitting in grouped.items()
    )
    return sorted(sittings, key=lambda sitting: sitting.gift, reverse=True)


def _gift(hits: Iterable[Hit]) -> float:
    best = sorted((hit.score for hit in hits), reverse=True)[:_BEST_OF_SITTING]
    return _SITTING * sum(best) / _BEST_OF_SITTING
