"""What is remembered of a room, in words for administrators: in lines, in full, as a document.

It was written by models from what people said, so it is shown as a quotation, whatever is in it.
"""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime

from lunabot.matrix.ids import RoomId, UserId
from lunabot.memory.chapters import Chapter
from lunabot.memory.lenses import LensText
from lunabot.memory.notes import Note
from lunabot.personas.portrait import plain

_TITLE = 100
_LINE = 20_000
_LAST_SECOND = 253_402_300_799  # of the year 9999: a server's clock may show any time
_OPEN = "Still open:"
_OPEN_LINE = re.compile(rf"^\W*{_OPEN[:-1]}\W*$", re.IGNORECASE | re.MULTILINE)
_BULLET = re.compile(r"^[\s>*•–-]+")
_STALE = "⚠️ it has no words now: it is to be written anew"

Name = Callable[[UserId], str]
"""What people call somebody."""


def label(chapter: Chapter) -> str:
    """Return what a chapter is called in commands: 3, or P1 for a part, a chapter of chapters."""
    return f"P{chapter.number}" if chapter.level else str(chapter.number)


def chapter_line(chapter: Chapter, name: Name) -> str:
    """Return a chapter's entry in the list of all."""
    people = plain(", ".join(map(name, chapter.people)), _TITLE)
    marks = (" ✏️" if chapter.edited_by else "") + (" ⚠️" if chapter.stale else "")
    part = "▪️ " if chapter.level else ""
    days = span(chapter.begins, chapter.ends)
    title = plain(chapter.title, _TITLE) or "…"
    return f"{part}**{label(chapter)}** {title} – {days}, {people}{marks}"


def chapter_in_full(chapter: Chapter, name: Name) -> str:
    """Return all of a chapter, in the form in which `read_chapter` reads it again."""
    kind = "Part" if chapter.level else "Chapter"
    people = plain(", ".join(map(name, chapter.people)))
    facts = [f"**{kind} {label(chapter)}: {plain(chapter.title) or '…'}**"]
    facts.append(f"{span(chapter.begins, chapter.ends)}, {people}{_edited(chapter.edited_by)}")
    facts.append(_STALE if chapter.stale else _quoted(chapter.summary))
    if chapter.threads:
        threads = "\n".join(f"- {plain(thread)}" for thread in chapter.threads)
        facts.append(f"{_OPEN}\n\n{threads}")
    return "\n\n".join(facts)


def read_chapter(text: str) -> tuple[str, tuple[str, ...] | None]:
    """Return the summary and the open threads that somebody typed; None where they name none.

    The threads stand below a line ``Still open:``, each on its own.
    """
    summary, *rest = _OPEN_LINE.split(text, maxsplit=1)
    if not rest:
        return summary.strip(), None
    threads = (_BULLET.sub("", line).strip() for line in rest[0].splitlines())
    return summary.strip(), tuple(filter(None, threads))


def lens_in_full(lens: LensText) -> str:
    """Return what a lens has seen, and how far it has come."""
    head = f"**{plain(lens.lens)}** – {reach(lens)}{_edited(lens.edited_by)}"
    return f"{head}\n\n{_quoted(lens.text) if lens.text else _STALE}"


def reach(lens: LensText) -> str:
    """Return up to when a lens knows the room."""
    return f"up to {moment(lens.until)}" if lens.until else "nothing read yet"


def note_line(note: Note, name: Name, room_name: Callable[[RoomId], str]) -> str:
    """Return one note, with its source."""
    about = f" on {plain(name(note.about), _TITLE)}" if note.about else ""
    room = plain(room_name(note.room_id), _TITLE) if note.room_id else ""
    source = f", {room}" if room else ""
    chapter = f", chapter {note.chapter}" if note.room_id and note.chapter else ""
    facts = f"{_day(note.written)}{source}{chapter}{_edited(note.edited_by)}"
    return f"**{note.number}**{about}: {plain(note.text)} – {facts}"


def document(
    room: str,
    chapters: Sequence[Chapter],
    lenses: Sequence[LensText],
    notes: Sequence[Note],
    name: Name,
) -> str:
    """Return all that is remembered of a room besides its messages, as one page of Markdown."""
    taken = [
        f"- {plain(name(each.persona))} {note_line(each, name, lambda _: '')}" for each in notes
    ]
    parts = {
        "Lenses": [lens_in_full(each) for each in lenses],
        "Chapters": [chapter_in_full(each, name) for each in chapters],
        "Notes": ["\n".join(taken)] if taken else [],
    }
    sections = (
        "\n\n".join([f"## {title}", *(texts or ["None."])]) for title, texts in parts.items()
    )
    return "\n\n".join([f"# {plain(room)}", *sections]) + "\n"


def span(begins: int, ends: int) -> str:
    """Return the days (UTC) between two moments (milliseconds), as short as they can be told."""
    first, last = _date(begins), _date(ends)
    if first == last:
        return _day(ends)
    if first.year != last.year:
        return f"{_day(begins)} – {_day(ends)}"
    month = f" {first:%b}" if first.month != last.month else ""
    between = " – " if month else "–"
    return f"{first.day}{month}{between}{_day(ends)}"


def moment(timestamp: int) -> str:
    """Return a moment (milliseconds) as a day and time, UTC."""
    return f"{_day(timestamp)} {_time(timestamp):%H:%M} UTC"


def _day(timestamp: int) -> str:
    day = _date(timestamp)
    return f"{day.day} {day:%b %Y}"


def _date(timestamp: int) -> date:
    return _time(timestamp).date()


def _time(timestamp: int) -> datetime:
    return datetime.fromtimestamp(min(max(timestamp // 1000, 0), _LAST_SECOND), UTC)


def _edited(by: UserId | None) -> str:
    return f", ✏️ as `{by}` wrote it" if by else ""


def _quoted(text: str) -> str:
    return "\n".join(f"> {plain(line, _LINE)}" for line in text.splitlines())
