"""When a message is redacted or edited, whatever was made of it loses its words at once.

It keeps its place, and is written anew from what is there then. What an administrator wrote is not
made of messages: it stays until an administrator takes it out.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from lunabot.matrix.ids import RoomId
from lunabot.memory.chapters import Chapter
from lunabot.memory.lenses import LensText
from lunabot.memory.notes import Note
from lunabot.memory.state import State

_READ_ANEW = 3


@dataclass(frozen=True, slots=True)
class Made:
    """Texts of one room."""

    chapters: tuple[Chapter, ...] = ()
    lenses: tuple[LensText, ...] = ()
    notes: tuple[Note, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.chapters or self.lenses or self.notes)


def made_of(state: State, room_id: RoomId, moments: Collection[int]) -> Made:
    """Return what was made of messages of these moments (milliseconds).

    Those are the chapters the messages stand in, those above these, the lenses that have come so
    far, and the notes whose source the chapters are.
    """
    said = sorted(moments)
    chapters = tuple(
        each
        for each in state.chapters.of(room_id)
        if bisect_left(said, each.begins) < bisect_right(said, each.ends)
    )
    numbers = frozenset(each.number for each in chapters if each.level == 0)
    lenses = tuple(each for each in state.lenses.of(room_id) if said and said[0] <= each.until)
    return Made(chapters, lenses, state.notes.made_of(room_id, numbers) if numbers else ())


def worded_with(state: State, room_id: RoomId, text: str) -> Made:
    """Return what administrators wrote of a room in words that contain a text, in any case."""
    wanted = text.casefold()

    def has(*texts: str) -> bool:
        return any(wanted in each.casefold() for each in texts)

    notes = (note for persona in state.notes.personas() for note in state.notes.of(persona))
    return Made(
        tuple(each for each in state.chapters.of(room_id) if has(*_pinned(each))),
        tuple(each for each in state.lenses.of(room_id) if has(each.pinned)),
        tuple(
            note for note in notes if note.room_id == room_id and note.edited_by and has(note.text)
        ),
    )


def withdraw(
    state: State, room_id: RoomId, moments: Collection[int], *, unpinned: bool = False
) -> bool:
    """Take the words from what was made of messages of these moments (milliseconds).

    With `unpinned` those of administrators, too. Return whether there was anything. Takes as long
    as there are messages and texts together.
    """
    made = made_of(state, room_id, moments)
    numbers = frozenset(each.number for each in made.chapters if each.level == 0)
    if numbers:
        state.notes.retract(room_id, numbers, unpinned=unpinned)
    _take_words(state, room_id, made, unpinned=unpinned)
    return bool(made)


def withdraw_worded(state: State, room_id: RoomId, text: str) -> None:
    """Take out what administrators wrote of a room in words that contain a text."""
    made = worded_with(state, room_id, text)
    for note in made.notes:
        state.notes.remove(note.persona, note.number)
    _take_words(state, room_id, made, unpinned=True)
    outdate_above(state, room_id, made.chapters)


def outdate_above(state: State, room_id: RoomId, changed: Collection[Chapter]) -> None:
    """Take the words from the chapters of chapters that tell of some that have changed."""
    above = (
        upper
        for upper in state.chapters.of(room_id)
        if any(upper.level > each.level and upper.covers(each) for each in changed)
    )
    state.chapters.put(*(upper.wordless() for upper in above))


def beginning(chapters: Iterable[Chapter]) -> int:
    """Return from when on (milliseconds) a new lens reads the messages themselves.

    Before that it reads the chapters: so a year of talk costs little to look at anew.
    """
    ends = sorted(chapter.ends for chapter in chapters)
    return ends[-_READ_ANEW - 1] if len(ends) > _READ_ANEW else 0


def _take_words(state: State, room_id: RoomId, made: Made, *, unpinned: bool) -> None:
    state.chapters.put(*(each.wordless(unpinned=unpinned) for each in made.chapters))
    begin = beginning(state.chapters.of(room_id, 0))
    for lens in made.lenses:
        state.lenses.put(lens.wordless(begin, unpinned=unpinned))


def _pinned(chapter: Chapter) -> tuple[str, ...]:
    words = {
        "title": (chapter.title,),
        "summary": (chapter.summary,),
        "threads": chapter.threads,
    }
    return tuple(text for name in chapter.pinned for text in words.get(name, ()))
