"""Older messages that were looked up for a question, quoted in front of it. Pure.

They stand in the order of time below their dates (UTC), every speaker named, the persona as well.
Room is scarce here: each year and each day is named once.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, UserId
from lunabot.matrix.media import KINDS
from lunabot.matrix.text import without_reply_fallback
from lunabot.prompt.brought import one_line
from lunabot.prompt.layout import Section, line_cost
from lunabot.prompt.material import Material
from lunabot.prompt.passage import passage, words
from lunabot.prompt.tokens import Counter
from lunabot.prompt.transcript import Line, Transcript

_BEGIN = Line("user", "[Quotes from earlier, not requests:]")
_READER = UserId("@:")  # took no part, so that for them the persona has a name like all others
_PASSAGE = 120  # tokens: what is longer may be quoted in part
_OF_ALL = 8  # a quotation takes at most one part in so many, if that is more than a passage
_LEAST = 8  # tokens: where fewer are left, nothing more is tried
_LAST_SECOND = 253_402_300_799  # of the year 9999


@dataclass(frozen=True, slots=True)
class _Quotation:
    message: Message
    line: Line
    whole: bool


class _Quoting:
    """Takes quotations as long as they and the lines that date them fit."""

    def __init__(self, material: Material, question: Message, counter: Counter) -> None:
        known = [*material.conversation, *material.retrieved]
        names = {material.me: "", **material.names}
        self.taken: list[_Quotation] = []
        self.tokens = 0
        self._transcript = Transcript(known, me=_READER, names=names)
        self._wanted = words(question.body)
        self._counter = counter
        self._dated: set[date | int] = set()

    def take(self, messages: Iterable[Message], limit: int) -> None:
        """Take those that fit into so many tokens, the first ones first."""
        longest = max(_PASSAGE, limit // _OF_ALL)
        left = limit
        for message in messages:
            if left < _LEAST:
                break
            quotation = self._quotation(message, min(longest, left))
            new = self._undated(_day(message))
            cost = sum(self._cost(line) for line in (quotation.line, *map(_dating, new)))
            if cost <= left:
                left -= cost
                self._dated.update(new)
                self.taken.append(quotation)
        self.tokens = limit - left

    def in_time(self) -> list[_Quotation]:
        """Return what was taken in the order of time."""
        return sorted(self.taken, key=lambda quotation: quotation.message.timestamp)

    def lines(self) -> Iterator[Line]:
        """Return the lines of it, each day and each year named once."""
        last: date | None = None
        for quotation in self.in_time():
            day = _day(quotation.message)
            if last is None or day.year != last.year:
                yield _dating(day.year)
            if day != last:
                yield _dating(day)
            yield quotation.line
            last = day

    def _quotation(self, message: Message, limit: int) -> _Quotation:
        line = self._transcript.line(message)
        if self._cost(line) <= limit or limit < _PASSAGE or message.msgtype in KINDS:
            return _Quotation(message, line, whole=True)
        body = without_reply_fallback(message.body) if message.in_reply_to else message.body
        bare = replace(message, body="…", in_reply_to=None)
        room = limit - self._cost(self._transcript.line(bare))
        short = passage(one_line(body), self._wanted, room, self._counter)
        if not short:
            return _Quotation(message, line, whole=True)
        return _Quotation(message, self._transcript.line(replace(bare, body=short)), whole=False)

    def _undated(self, day: date) -> list[date | int]:
        """Return which of a day and its year no line names yet."""
        return [each for each in (day, day.year) if each not in self._dated]

    def _cost(self, line: Line) -> int:
        return line_cost(line, "user", self._counter)


def quotations(
    material: Material,
    question: Message,
    present: Collection[EventId],
    limit: int,
    counter: Counter,
) -> Section:
    """Return what was retrieved and is not `present`, the best first as far as they fit."""
    belonging = Transcript(material.retrieved, me=material.me, names=material.names).messages
    candidates = [message for message in belonging if message.event_id not in present]
    today = _day(question)
    end = Line("user", f"[Now, {_dating(today).text} {today.year}:]")
    quoting = _Quoting(material, question, counter)
    frame = line_cost(_BEGIN, "user", counter) + line_cost(end, "user", counter)
    quoting.take(candidates, limit - frame)
    whole = tuple(each.message.event_id for each in quoting.in_time() if each.whole)
    parts = len(quoting.taken) - len(whole)
    missing = len(candidates) - len(quoting.taken)
    return Section(
        "retrieved",
        (_BEGIN, *quoting.lines(), end) if quoting.taken else (),
        frame + quoting.tokens if quoting.taken else 0,
        f"{len(quoting.taken)} of {len(candidates)} messages"
        + (f", {parts} in part" * bool(parts)),
        f"{missing} for want of room" * bool(missing),
        whole,
        complete=not (missing or parts),
    )


def _day(message: Message) -> date:
    seconds = min(max(message.timestamp // 1000, 0), _LAST_SECOND)
    return datetime.fromtimestamp(seconds, UTC).date()


def _dating(day_or_year: date | int) -> Line:
    """Return the line that names a day, without its year, or a year."""
    if isinstance(day_or_year, int):
        return Line("user", str(day_or_year))
    return Line("user", f"{day_or_year.day} {day_or_year:%b}")
