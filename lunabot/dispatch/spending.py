"""What a day has cost so far, and how near that is to its ceilings. Pure."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from lunabot.config import LimitsSettings
from lunabot.matrix.ids import RoomId, UserId
from lunabot.memory.usage import Usage

DAY_MS = 86_400_000
_NEAR_PERCENT = 80


class Kind(StrEnum):
    """What a ceiling is over."""

    PERSON = "person"
    PERSONA = "persona"
    ROOM = "room"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The most tokens of a day for one person, persona or room (`subject`), or for everything."""

    kind: Kind
    subject: str
    most: int


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a ceiling is reached: `near`, or `full` where nothing is left below it."""

    ceiling: Ceiling
    spent: int

    @property
    def percent(self) -> int:
        """How much of it is spent, rounded down."""
        return 100 * self.spent // self.ceiling.most

    @property
    def near(self) -> bool:
        """Whether the administrators should know."""
        return self.percent >= _NEAR_PERCENT

    @property
    def full(self) -> bool:
        """Whether it stops answers."""
        return self.spent >= self.ceiling.most


class Spending:
    """What one day (UTC, counted from 1970) has cost so far."""

    def __init__(self, day: int) -> None:
        self.day = day
        self._tokens: Counter[tuple[Kind, str]] = Counter()

    def add(self, usage: Usage) -> None:
        """Add a call of the model, if it was on this day.

        What nobody asked for, such as summing up, counts only where everything does.
        """
        if usage.timestamp // DAY_MS != self.day:
            return
        self._tokens[Kind.ALL, ""] += usage.tokens
        if usage.asker != usage.account:
            self._tokens[Kind.PERSON, usage.asker] += usage.tokens
            self._tokens[Kind.PERSONA, usage.account] += usage.tokens
            self._tokens[Kind.ROOM, usage.room_id] += usage.tokens

    def near(self, ceilings: Collection[Ceiling]) -> tuple[Reached, ...]:
        """Return those of the ceilings that are near or full."""
        found = (Reached(each, self._tokens[each.kind, each.subject]) for each in ceilings)
        return tuple(each for each in found if each.near)

    def fullest(self, settings: LimitsSettings, number: int) -> tuple[Reached, ...]:
        """Return, of each kind that has a ceiling, so many that are reached furthest."""
        return tuple(
            reached
            for kind, most in _limits(settings).items()
            if most
            for reached in self._reached(kind, most)[:number]
        )

    def _reached(self, kind: Kind, most: int) -> list[Reached]:
        """Return how far the ceilings of a kind are reached, the fullest first."""
        spent = self._tokens.most_common()
        return [
            Reached(Ceiling(kind, name, most), tokens) for (of, name), tokens in spent if of is kind
        ]


def ceilings_over(
    settings: LimitsSettings, account: UserId, people: Collection[UserId], room_id: RoomId
) -> tuple[Ceiling, ...]:
    """Return the ceilings over an answer that an account gives to people in a room."""
    limits = _limits(settings)
    subjects = [(Kind.ALL, ""), (Kind.ROOM, room_id), (Kind.PERSONA, account)]
    subjects += [(Kind.PERSON, person) for person in sorted(people)]
    return tuple(Ceiling(kind, name, limits[kind]) for kind, name in subjects if limits[kind])


def stopping(near: Collection[Reached], askers: int) -> Reached | None:
    """Return the ceiling that stops an answer to so many askers, or None.

    Those over persons do only where each who asks is at his own.
    """
    full = [each for each in near if each.full]
    of_persons = [each for each in full if each.ceiling.kind is Kind.PERSON]
    others = [each for each in full if each.ceiling.kind is not Kind.PERSON]
    return next(iter(others or (of_persons if len(of_persons) == askers else ())), None)


def _limits(settings: LimitsSettings) -> dict[Kind, int]:
    return {
        Kind.ALL: settings.daily_tokens,
        Kind.ROOM: settings.room_tokens,
        Kind.PERSONA: settings.persona_tokens,
        Kind.PERSON: settings.person_tokens,
    }
