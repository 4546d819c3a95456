"""What the words of a question and of a message tell beyond their topic. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from lunabot.matrix.events import Message
from lunabot.matrix.ids import UserId, localpart
from lunabot.matrix.text import without_reply_fallback
from lunabot.memory.retrieval.languages import (
    MONTHS,
    TIME,
    TIME_UNSPACED,
    WHEN,
    WHEN_UNSPACED,
    YESTERDAY,
    function_words,
)
from lunabot.memory.retrieval.words import words

_LONGEST = 2_000  # characters of a question that are read
_MOST_WORDS = 60
_VAGUE = 1  # words besides those every question has
_BEFORE = 2
_HEAD = 1_000  # characters of a message in which a time or a question mark counts
_QUESTION_MARKS = ("?", "？", "؟")
_DIGIT = re.compile(r"\d")
_ISO_DATE = re.compile(r"\b(\d{4})-(\d{1,2})-(\d{1,2})\b")
_ASIAN_DATE = re.compile(r"(?:(\d{4})[年년]\s*)?(\d{1,2})[月월](?:\s*(\d{1,2})[日일])?")


@dataclass(frozen=True, slots=True)
class Cues:
    """What is looked for: `words` in any message, `labels` by speaker and date, `text` by meaning.

    `named` are the people the question names, each with its words that do. Where they spoke, these
    words tell nothing: one's name is in what others said. `wants_time` tells that it asks when.
    """

    text: str
    words: tuple[str, ...]
    labels: tuple[str, ...]
    named: Mapping[UserId, frozenset[str]]
    wants_time: bool


def read(question: Message, context: Sequence[Message], names: Mapping[UserId, str]) -> Cues:
    """Return the cues of a question; a short one takes in the two messages before it."""
    text = _said(question)
    asked = words(text)
    topic = _topic(asked)
    called = {user: _calling(user, name, topic) for user, name in names.items()}
    named = {user: by for user, by in called.items() if by}
    before = [_said(message) for message in context[-_BEFORE:]]
    if len(topic) > _VAGUE:
        before = []
    topic += [word for said in before for word in _topic(words(said))]
    speakers = [word for user in named for word in words(localpart(user))]
    return Cues(
        text="\n".join([text, *before]),
        words=tuple(dict.fromkeys(topic))[:_MOST_WORDS],
        labels=tuple(dict.fromkeys([*speakers, *_dates(asked, text, question.timestamp)])),
        named=named,
        wants_time=not WHEN.isdisjoint(asked) or WHEN_UNSPACED.search(text) is not None,
    )


def label(sender: UserId, timestamp: int) -> str:
    """Return the words a message is found by besides its text: its sender's and its date's (UTC).

    The date is three words: ``2023 m5 m5d8``.
    """
    day = _day(timestamp)
    return " ".join([*words(localpart(sender)), f"{day.year} m{day.month} m{day.month}d{day.day}"])


def is_question(text: str) -> bool:
    """Tell whether a message ends as a question."""
    return text[-_HEAD:].rstrip(" \n*_)\"'”»").endswith(_QUESTION_MARKS)


def tells_time(text: str) -> bool:
    """Tell whether a message says when something was, or a number."""
    text = text[:_HEAD]
    return (
        _DIGIT.search(text) is not None
        or not TIME.isdisjoint(words(text))
        or (not text.isascii() and TIME_UNSPACED.search(text) is not None)
    )


def _topic(asked: Sequence[str]) -> list[str]:
    idle = function_words(asked)
    return [word for word in asked if word not in idle]


def _said(message: Message) -> str:
    body = without_reply_fallback(message.body) if message.in_reply_to else message.body
    return body[:_LONGEST]


def _calling(user: UserId, name: str, topic: Iterable[str]) -> frozenset[str]:
    """Return a question's words of somebody's name that are long enough to be theirs."""
    own = {*words(name), *words(localpart(user))}
    return frozenset(word for word in topic if word in own and len(word) > 1)


def _dates(asked: Sequence[str], text: str, now: int) -> list[str]:
    dates = [label for match in _ISO_DATE.finditer(text) for label in _date(*match.groups())]
    dates += [label for match in _ASIAN_DATE.finditer(text) for label in _date(*match.groups())]
    for index, word in enumerate(asked):
        if word in YESTERDAY:
            day = _day(now) - timedelta(days=1)
            dates += _date(str(day.year), str(day.month), str(day.day))
        elif word in MONTHS:
            around = (*asked[index + 1 : index + 2], *asked[max(index - 1, 0) : index])
            day_of_month = next((number for number in map(_day_number, around) if number), None)
            dates += _date(None, str(MONTHS[word]), day_of_month)
        elif len(word) == 4 and word.isdecimal():
            dates.append(word)
    return dates


def _date(year: str | None, month: str, day: str | None) -> list[str]:
    found = [year] if year else []
    found.append(f"m{int(month)}")
    return [*found, f"m{int(month)}d{int(day)}"] if day else found


def _day_number(word: str) -> str | None:
    """Return the number in ``3``, ``3rd`` or ``03``, if it is a day's."""
    digits = re.match(r"\d{1,2}(?!\d)", word)
    return digits.group() if digits and 1 <= int(digits.group()) <= 31 else None


def _day(timestamp: int) -> datetime:
    try:
        return datetime.fromtimestamp(timestamp / 1000, UTC)
    except (ValueError, OverflowError, OSError):  # a server may claim any time
        return datetime.fromtimestamp(0, UTC)
