"""Reading what a model wrote when it summed up: any form will do, not any content. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lunabot.errors import WorldError
from lunabot.matrix.text import visible
from lunabot.memory.retrieval.words import words
from lunabot.prompt.brought import one_line
from lunabot.remembering.instructions import MOST_NOTES, NOTHING
from lunabot.remembering.segments import about_tokens

_TITLE = 100  # characters
_THREAD = 200
_THREADS = 8
_NOTE = 300
_PIECE = 4  # words that stand together
_FENCE = re.compile(r"^\s*(```|~~~)\w*\s*$")
_HEADING = re.compile(r"^\s*(?:#+\s*|\**title\s*:\**\s*)(?P<text>.+)", re.IGNORECASE)
_OPEN = re.compile(
    r"^[\s>*_#•–-]*open(?: (?:threads?|questions?|points?))?\s*[*_]*\s*[:：]\s*[*_]*(?P<text>.*)$",
    re.IGNORECASE,
)
_BULLET = re.compile(r"^[\s>*•–-]+")
_EMPTY_WORDS = frozenset(("", NOTHING, "none", "n/a", "no notes", "-", "–"))
_NOTE_LINE = re.compile(
    r"^[\s>*•–-]*(?:#\s*(?P<number>\d{1,9})\b[\s:.)-]*)?(?:\**(?P<name>[^:：\n]{1,60}?)\**\s*[:：]\s*)?"
    r"(?P<text>.+)$"
)


class Unusable(WorldError):
    """What a model wrote is not to be kept; the text says why."""


@dataclass(frozen=True, slots=True)
class Told:
    """A chapter as a model wrote it."""

    title: str
    summary: str
    threads: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Noted:
    """A note as a model wrote it: whose `name` it gives, and the number of the one it replaces."""

    name: str
    text: str
    replaces: int | None


def check(text: str, rules: str, limit: int, finish_reason: str | None) -> str:
    """Return the text of a model without its frame.

    Raises `Unusable` where it is empty, longer than `limit` (about so many tokens), cut off, or
    made of the instructions.
    """
    lines = [line.rstrip() for line in visible(text).splitlines() if not _FENCE.match(line)]
    plain = "\n".join(lines).strip()
    if not words(plain):
        raise Unusable("the model wrote nothing")
    if finish_reason == "length" or about_tokens(plain) > limit:
        raise Unusable(f"the model wrote more than {limit} tokens")
    if _is_made_of(plain, rules):
        raise Unusable("the model only repeated its instructions")
    return plain


def _is_made_of(text: str, rules: str) -> bool:
    """Tell whether most pieces of a text, four words each, stand in the instructions."""
    known = set(_pieces(words(rules)))
    found = list(_pieces(words(text)))
    return sum(piece in known for piece in found) * 2 > len(found)


def _pieces(said: Sequence[str]) -> Iterator[tuple[str, ...]]:
    return (tuple(said[start : start + _PIECE]) for start in range(len(said) - _PIECE + 1))


def read_chapter(text: str) -> Told:
    """Return title, summary and open threads; raises `Unusable` where there is no summary.

    Without a title the first words of the summary are one.
    """
    title, threads, body = "", [], []
    in_threads = False
    for line in text.splitlines():
        heading, opened = _HEADING.match(line), _OPEN.match(line)
        if opened:
            in_threads = True
            threads.append(opened["text"])
        elif heading and not title:
            title = heading["text"]
        elif in_threads and _BULLET.match(line):
            threads.append(line)
        elif not in_threads or line.strip():
            in_threads = False
            body.append(line)
    summary = "\n".join(body).strip()
    if not summary:
        raise Unusable("the model wrote no summary")
    known = [one_line(_BULLET.sub("", thread)).strip("*_ ")[:_THREAD] for thread in threads]
    open_threads = [thread for thread in known if not _is_nothing(thread)]
    title = one_line(title).strip("*_# ") or _first_words(summary)
    return Told(title[:_TITLE], summary, tuple(dict.fromkeys(open_threads))[:_THREADS])


def read_addition(text: str, given: str) -> str:
    """Return what a text adds to what was given: not the lines that stand there, nor "nothing"."""
    known = {line.strip() for line in given.splitlines()}
    added = [line for line in text.splitlines() if not line.strip() or line.strip() not in known]
    plain = "\n".join(added).strip()
    return "" if _is_nothing(plain) else plain


def read_notes(text: str) -> tuple[Noted, ...]:
    """Return the notes, a line each; none where the model says that there are none."""
    found = []
    for line in text.splitlines():
        match = _NOTE_LINE.match(line.strip())
        if match and not _is_nothing(match["text"]):
            number = int(match["number"]) if match["number"] else None
            name = one_line(match["name"] or "").strip("*_ ")
            found.append(Noted(name, one_line(match["text"])[:_NOTE], number))
    return tuple(found[:MOST_NOTES])


def _is_nothing(text: str) -> bool:
    return text.strip(" .*_`\"'").casefold() in _EMPTY_WORDS


def _first_words(summary: str) -> str:
    lines = (one_line(line).lstrip("*_#>- ") for line in summary.splitlines())
    first = next(filter(None, lines), "…")
    cut = first[:60]
    return cut if cut == first else f"{cut.rpartition(' ')[0] or cut}…"
