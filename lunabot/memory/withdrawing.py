"""When a message is redacted or edited, whatever was made of it loses its words at once.

It keeps its place, and is written anew from what is there then.
"""

from collections.abc import Collection
from dataclasses import replace

from lunabot.matrix.ids import RoomId
from lunabot.memory.chapters import Chapter
from lunabot.memory.state import State

_READ_ANEW = 3


def withdraw(state: State, room_id: RoomId, moments: Collection[int]) -> bool:
    """Take the words from what was made of messages of these moments (milliseconds).

    Those are the chapters the messages stand in, those above these, the lenses that have come so
    far, and the notes whose source the chapters are. Return whether there were any.
    """
    hit = [
        chapter
        for chapter in state.chapters.of(room_id)
        if any(chapter.begins <= moment <= chapter.ends for moment in moments)
    ]
    for chapter in hit:
        state.chapters.put(
            replace(chapter, title="", summary="", threads=(), edited_by=None, stale=True)
        )
    numbers = frozenset(chapter.number for chapter in hit if chapter.level == 0)
    notes = state.notes.retract(room_id, numbers) if numbers else 0
    lenses = [
        lens for lens in state.lenses.of(room_id) if any(moment <= lens.until for moment in moments)
    ]
    begin = beginning(state.chapters.of(room_id, 0))
    for lens in lenses:
        lost = replace(lens, text="", until=min(lens.until, begin), edited_by=None)
        state.lenses.put(lost)
    return bool(hit or notes or lenses)


def beginning(chapters: Collection[Chapter]) -> int:
    """Return from when on (milliseconds) a new lens reads the messages themselves.

    Before that it reads the chapters: so a year of talk costs little to look at anew.
    """
    ends = sorted(chapter.ends for chapter in chapters)
    return ends[-_READ_ANEW - 1] if len(ends) > _READ_ANEW else 0
