"""Having a room's chapters, lenses and notes written anew from some moment on."""

from dataclasses import replace

from lunabot.matrix.ids import RoomId
from lunabot.memory.state import State


def renew(state: State, room_id: RoomId, since: int, lens: str | None = None) -> None:
    """Mark what was made of a room from a moment on (milliseconds) as owed, or of one lens only.

    What an administrator worded keeps its words; such a lens reads on from that moment.
    """
    for text in state.lenses.of(room_id):
        if lens in (None, text.lens):
            words = text.text if text.edited_by else ""
            state.lenses.put(replace(text, text=words, until=min(text.until, since - 1)))
    if lens is not None:
        return
    later = [each for each in state.chapters.of(room_id) if each.ends >= since]
    for chapter in later:
        if chapter.edited_by is None:
            state.chapters.put(replace(chapter, title="", summary="", threads=(), stale=True))
    numbers = frozenset(chapter.number for chapter in later if chapter.level == 0)
    state.notes.retract(room_id, numbers, keep_edited=True)
