"""Counting, in a room as people see it, what became of the questions asked there. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from itertools import pairwise

from tests.e2e.timeline import Event, Timeline, message
from tests.tokens import tokens_in

Asked = Mapping[str, Sequence[str]]
"""The tokens of the questions, each with the user ids of those who are to answer it, in order."""


@dataclass(frozen=True, slots=True)
class Census:
    """How many questions were asked and messages answered them, and what went wrong.

    A question counts once for each account that is to answer it. It is `lost` when no message of
    that account answers it, `doubled` when several do, and `misplaced` when its answer comes after
    that of a later question, or after that of an account that was named later. An answer may answer
    several questions; notices are no answers, and `needless` are messages that answer nothing.
    """

    questions: int = 0
    answers: int = 0
    lost: int = 0
    doubled: int = 0
    misplaced: int = 0
    needless: int = 0

    def __add__(self, other: "Census") -> "Census":
        return Census(*map(sum, zip(astuple(self), astuple(other), strict=True)))

    def __str__(self) -> str:
        return (
            f"{self.questions} questions, {self.answers} answers, {self.lost} lost, "
            f"{self.doubled} doubled, {self.misplaced} out of order, {self.needless} needless"
        )

    @property
    def is_clean(self) -> bool:
        """Whether something was asked, and every question got its answer, once and in order."""
        return self.questions > 0 and not any(astuple(self)[2:])


@dataclass(frozen=True, slots=True)
class _Question:
    """A question's place in the room, and the time the server stamped it with."""

    place: int
    timestamp: int

    def is_before(self, other: "_Question") -> bool:
        """Tell whether it was asked earlier: of two at the same moment, neither was."""
        return self.place < other.place and self.timestamp < other.timestamp


async def count(room: str, history: Sequence[Event], asked: Asked) -> Census:
    """Count in a room's whole history, oldest event first."""
    timeline = Timeline()
    await timeline.add(room, list(history))
    said = [
        (event, tokens_in(timeline.text_of(event)))
        for event in timeline.find(room, message())
        if event["content"].get("msgtype") != "m.notice"
    ]
    accounts = frozenset(each for named in asked.values() for each in named)
    unordered = Census(misplaced=sum(_unordered(said, *each) for each in asked.items()))
    return sum((_of_account(said, asked, accounts, each) for each in accounts), unordered)


def _unordered(said: Sequence[tuple[Event, list[str]]], token: str, accounts: Sequence[str]) -> int:
    """Return how many accounts answered a question before one that was named before them."""
    answered = [event["sender"] for event, tokens in said if token in tokens]
    places = [answered.index(each) for each in accounts if each in answered]
    return sum(second < first for first, second in pairwise(places))


def _of_account(
    said: Sequence[tuple[Event, list[str]]], asked: Asked, accounts: frozenset[str], account: str
) -> Census:
    questions = {
        token: _Question(place, event["origin_server_ts"])
        for place, (event, tokens) in enumerate(said)
        for token in tokens
        if event["sender"] not in accounts and account in asked.get(token, ())
    }
    answers = [
        answered
        for event, tokens in said
        if event["sender"] == account
        if (answered := [token for token in tokens if token in questions])
    ]
    times = Counter(token for answered in answers for token in answered)
    return Census(
        questions=len(questions),
        answers=len(answers),
        lost=len(questions) - len(times),
        doubled=sum(count > 1 for count in times.values()),
        misplaced=_misplaced([questions[token] for token in times]),
        needless=sum(event["sender"] == account and not tokens for event, tokens in said),
    )


def _misplaced(answered: Sequence[_Question]) -> int:
    return sum(
        any(question.is_before(sooner) for sooner in answered[:number])
        for number, question in enumerate(answered)
    )


def transcript(history: Sequence[Event]) -> str:
    """Return the messages of a room for whoever looks for the reason, edits among them."""
    said = [event for event in history if event["type"] == "m.room.message"]
    return "\n".join(f"  {each['sender']}: {each['content'].get('body')}" for each in said)
