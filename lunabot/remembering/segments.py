"""Where a room's history is cut into chapters: at pauses, and where the talk turns. Pure.

A chapter is closed for good: what is said later never moves a cut, because each is made by what
stands before it and a bounded stretch behind it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import sqrt

from lunabot.matrix.events import Message
from lunabot.memory.retrieval.languages import function_words
from lunabot.memory.retrieval.words import words

PAUSE_MS = 3_600_000
"""After so long a silence a chapter ends, if there is enough in it."""
LEAST = 300
"""The weight (about tokens) below which no chapter is closed."""
GREATEST = 2_500
"""The weight above which none is kept open, be there a good place to cut or not."""

_BEHIND = 400  # of weight behind the last place for a cut: enough to see where the talk goes
_BLOCK = 6  # messages on each side of a place that are compared
_HEAD = 2_000  # characters of a message that are
_BYTES_PER_TOKEN = 4
_FRAME = 8  # of weight: a message's speaker and its border


def about_tokens(text: str) -> int:
    """Return about how many tokens a text takes, the same by whichever tokenizer."""
    return len(text.encode("utf-8", "replace")) // _BYTES_PER_TOKEN


def weight(message: Message) -> int:
    """Return about how many tokens a message takes with its speaker's name."""
    return _FRAME + about_tokens(message.body)


def first_cut(talk: Sequence[Message]) -> int:
    """Return how many messages from the first one on are a closed chapter; 0 where none is.

    The chapter ends at the first long pause that leaves it heavy enough. Where none comes before
    it is too heavy, it ends where the pause and the change of words are greatest: the depth of the
    valley in the likeness of the messages before and behind (Hearst 1997, "TextTiling"). Messages
    of one moment stay together.
    """
    before = 0
    places: list[int] = []
    for place, message in enumerate(talk):
        if places and before > GREATEST + _BEHIND:
            return _best(talk[:place], places)
        pause = message.timestamp - talk[place - 1].timestamp if place else 0
        if before >= LEAST and pause > 0 and (before <= GREATEST or not places):
            if pause >= PAUSE_MS:
                return place
            places.append(place)
        before += weight(message)
    return _best(talk, places) if places and before > GREATEST + _BEHIND else 0


def _best(talk: Sequence[Message], places: Sequence[int]) -> int:
    """Return the best of the places, the last one of equals: it makes the longest chapter."""
    topics = [_topic(message) for message in talk]
    likeness = [
        _likeness(topics[max(place - _BLOCK, 0) : place], topics[place : place + _BLOCK])
        for place in places
    ]

    def score(index: int) -> float:
        depth = max(likeness[: index + 1]) + max(likeness[index:]) - 2 * likeness[index]
        place = places[index]
        return depth + (talk[place].timestamp - talk[place - 1].timestamp) / PAUSE_MS

    return places[max(range(len(places)), key=lambda index: (score(index), index))]


def _topic(message: Message) -> Counter[str]:
    said = words(message.body[:_HEAD])
    idle = function_words(said)
    return Counter(word for word in said if word not in idle)


def _likeness(before: Sequence[Counter[str]], behind: Sequence[Counter[str]]) -> float:
    """Return the cosine of the words of two blocks, from 0 (nothing in common) to 1."""
    left: Counter[str] = sum(before, Counter())
    right: Counter[str] = sum(behind, Counter())
    product = sum(count * right[word] for word, count in left.items())
    return product / (_length(left) * _length(right)) if product else 0.0


def _length(counts: Mapping[str, int]) -> float:
    return sqrt(sum(count * count for count in counts.values()))
