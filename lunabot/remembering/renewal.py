"""Having a room's chapters, lenses and notes written anew from some moment on."""

from dataclasses import replace

from lunabot.matrix.ids import RoomId
from lunabot.memory.state import State


def renew(state: State, room_id: RoomId, since: int, lens: str | None = None) -> None:
    """Mark what was made of a room from a moment on (milliseconds) as owed, or of one lens only.

    What an administrator wrote stays as it is. What one deleted is owed again.
    """
    for text in state.lenses.of(room_id):
        if lens in (None, text.lens):
            until = min(text.until, since - 1)
            state.lenses.put(replace(text, written="", until=until, stale=True))
    if lens is not None:
        return
    later = [each for each in state.chapters.places(room_id) if each.ends >= since]
    free = (each for each in later if "summary" not in each.pinned)
    state.chapters.put(*(replace(each.wordless(), deleted=False) for each in free))
    numbers = frozenset(chapter.number for chapter in later if chapter.level == 0)
    state.notes.retract(room_id, numbers)
