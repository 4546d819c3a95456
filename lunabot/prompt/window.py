"""The recent messages of a prompt: a window that begins at an anchor and grows. Pure.

A window that moved with every message would change the beginning of every prompt, and no provider
could use again what it computed for the one before. So it grows from its anchor until it passes
its limit; then it begins anew with the newest half.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lunabot.llm.turns import Role
from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId
from lunabot.prompt.layout import TURN_TOKENS, Section, line_cost
from lunabot.prompt.tokens import Counter, cut
from lunabot.prompt.transcript import Line, Transcript

_BORDER = TURN_TOKENS + 2  # tokens: the most that stands between a line's text and the next one's
_LEAST = 64  # tokens: less of a message is not worth the mark of what is missing


@dataclass(frozen=True, slots=True)
class Opening:
    """Where a window may begin.

    `tokens` is all it may take, `longest` what one message may take of it, `anchor` where it began
    last time (None: anywhere), and `own_words` tells whether own words may stand first.
    """

    tokens: int
    longest: int
    anchor: EventId | None
    own_words: bool


@dataclass(frozen=True, slots=True)
class Window:
    """The newest messages, in front of a line of a user's.

    `messages` are those it shows. `anchor` is the one to begin with next time. `grows` tells that
    the window has moved, so that what it does not take now it will take soon.
    """

    section: Section
    messages: frozenset[EventId]
    anchor: EventId | None
    grows: bool


@dataclass(frozen=True, slots=True)
class _Entry:
    event_id: EventId
    line: Line
    cost: int
    whole: bool


def window(
    transcript: Transcript, earlier: Sequence[Message], opening: Opening, counter: Counter
) -> Window:
    """Return the newest of the messages in front of a question, those from the anchor on.

    Where they do not fit any more, or the anchor is gone, the newest half of what fits is left.
    """
    entries = _newest_first(transcript, earlier, opening, counter)
    if opening.anchor and not (entries and entries[-1].event_id == opening.anchor):
        entries = _newest_half(entries)
    oldest = entries[-1].event_id if entries else None
    missing = len(earlier) - len(entries)
    shown = entries
    while shown and shown[-1].line.role == "assistant" and not opening.own_words:
        shown = shown[:-1]
    return Window(
        _section(shown[::-1], len(earlier), complete=not missing),
        frozenset(entry.event_id for entry in shown),
        oldest,
        grows=bool(missing and opening.anchor),
    )


def _newest_first(
    transcript: Transcript, earlier: Sequence[Message], opening: Opening, counter: Counter
) -> list[_Entry]:
    """Return messages back to the anchor, or as far as they fit."""
    entries: list[_Entry] = []
    left = opening.tokens
    below: Role = "user"
    for message in reversed(earlier):
        entry = _entry(message.event_id, transcript.line(message), below, opening, counter)
        if entry.cost > left:
            break
        entries.append(entry)
        if message.event_id == opening.anchor:
            break
        left -= entry.cost
        below = entry.line.role
    return entries


def _entry(
    event_id: EventId, line: Line, below: Role, opening: Opening, counter: Counter
) -> _Entry:
    """Return a message as it stands in the window; what is too long for it is cut."""
    cost = line_cost(line, below, counter)
    room = opening.longest - sum(image.tokens for image in line.images) - _BORDER
    if cost <= opening.longest or room < _LEAST:
        return _Entry(event_id, line, cost, whole=True)
    line = replace(line, text=cut(line.text, room, counter))
    return _Entry(event_id, line, line_cost(line, below, counter), whole=False)


def _newest_half(newest_first: list[_Entry]) -> list[_Entry]:
    """Return as many as take at most half of the tokens, but at least one."""
    left = sum(entry.cost for entry in newest_first) // 2
    for count, entry in enumerate(newest_first):
        left -= entry.cost
        if left < 0:
            return newest_first[: max(count, 1)]
    return newest_first


def _section(entries: Sequence[_Entry], known: int, *, complete: bool) -> Section:
    whole = tuple(entry.event_id for entry in entries if entry.whole)
    cut_ones = len(entries) - len(whole)
    missing = known - len(entries)
    return Section(
        "recent",
        tuple(entry.line for entry in entries),
        sum(entry.cost for entry in entries),
        f"{len(entries)} of {known} messages" + (f", {cut_ones} cut" if cut_ones else ""),
        f"{missing} older ones: the window begins after them" if missing else "",
        whole,
        complete and not cut_ones,
    )
