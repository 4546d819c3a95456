"""What was spent, as the lines of a bill. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import reduce

from lunabot.config import Price
from lunabot.llm.prices import money, price_of
from lunabot.memory.usage import Spent

OTHERS, EARLIER = "others", "earlier"


@dataclass(frozen=True, slots=True)
class Line:
    """What one subject has cost; `money` of those of its models that have a price."""

    subject: str
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    money: float = 0.0

    @property
    def tokens(self) -> int:
        """What was read and written together."""
        return self.prompt_tokens + self.completion_tokens

    def plus(self, other: "Line") -> "Line":
        """Return what both have cost, under the name of this one."""
        return replace(
            self,
            calls=self.calls + other.calls,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            money=self.money + other.money,
        )


def bill(rows: Iterable[Spent], prices: Mapping[str, Price]) -> tuple[Line, ...]:
    """Return a line for each subject, the one with most tokens first."""
    lines: dict[str, Line] = {}
    for row in rows:
        price, read, written = price_of(row.model, prices), row.prompt_tokens, row.completion_tokens
        cost = money(price, read, written) if price else 0.0
        line = Line(row.subject, row.calls, read, written, cost)
        lines[row.subject] = lines.get(row.subject, Line(row.subject)).plus(line)
    return tuple(sorted(lines.values(), key=lambda line: (-line.tokens, line.subject)))


def by_day(lines: Iterable[Line], last: date, most: int) -> tuple[Line, ...]:
    """Return a line for each day up to the last, from the first that has one on.

    Where that is more than so many, the first one is all the days before the others.
    """
    known = {line.subject: line for line in lines}
    length = (last - date.fromisoformat(min(known))).days + 1 if known else 0
    days = [(last - timedelta(days=ago)).isoformat() for ago in reversed(range(length))]
    found = [known.get(day, Line(day)) for day in days]
    if length <= most:
        return tuple(found)
    return (total(found[: 1 - most], EARLIER), *found[1 - most :])


def total(lines: Iterable[Line], name: str = OTHERS) -> Line:
    """Return all lines as one."""
    return reduce(Line.plus, lines, Line(name))


def shortened(lines: Sequence[Line], most: int) -> tuple[Line, ...]:
    """Return at most so many lines; the last one is all the rest where there are more."""
    if len(lines) <= most:
        return tuple(lines)
    return (*lines[: most - 1], total(lines[most - 1 :]))


def without_price(rows: Iterable[Spent], prices: Mapping[str, Price]) -> Collection[str]:
    """Return the models whose price nobody has set, in order."""
    return sorted({row.model for row in rows if price_of(row.model, prices) is None})
