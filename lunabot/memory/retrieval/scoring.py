"""How hits make a ranking: rules over numbers, measured on conversations. Pure.

A conversation is not a bag of messages: what stands next to a hit, or in the same sitting, is part
of what was said there (weights in `docs/design.md`, "Retrieval").
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest

from lunabot.matrix.events import Message
from lunabot.matrix.ids import UserId
from lunabot.memory.retrieval.cues import Cues, is_question, tells_time
from lunabot.memory.retrieval.timeline import Line

_SHARPNESS = 1.3  # how much more than by its score the best hit counts
_NEXT = (0.5, 0.3, 0.15)  # what a hit gives to the messages one, two, three places from it
_REPLY = 0.5
_SITTING = 1.0
_BEST_OF_SITTING = 3
_NAMED = 1.5
_QUESTION = 0.9
_TIME = 1.2
_OWN = 1 / 3  # an assistant's long answers would drown what people said


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that was found, by its key, and where it stands."""

    key: int
    line: Line
    position: int
    score: float


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


def spread(hits: Sequence[Hit], most: int) -> dict[int, float]:
    """Return the hits and what gains by them: neighbours within the sitting, and the sitting.

    There are about `most` keys, or more where neighbours alone are more.
    """
    total: defaultdict[int, float] = defaultdict(float)
    sittings: defaultdict[tuple[int, int], list[float]] = defaultdict(list)
    lines: dict[int, Line] = {}
    for hit in hits:
        sitting = hit.line.sitting(hit.position)
        lines[id(hit.line)] = hit.line
        sittings[id(hit.line), sitting].append(hit.score)
        total[hit.key] += hit.score
        for distance, share in enumerate(_NEXT, 1):
            for position in (hit.position - distance, hit.position + distance):
                if hit.line.is_in(position, sitting):
                    total[hit.line.keys[position]] += share * hit.score
    gifts = {
        place: _SITTING * sum(nlargest(_BEST_OF_SITTING, scores)) / _BEST_OF_SITTING
        for place, scores in sittings.items()
    }
    for (line, sitting), gift in sorted(gifts.items(), key=lambda item: -item[1]):
        for key in lines[line].members(sitting):
            if key in total or len(total) < most:
                total[key] += gift
    return dict(total)


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
