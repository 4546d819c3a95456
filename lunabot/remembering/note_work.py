"""Which personas owe themselves notes of which chapter, and how they are taken."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

from lunabot.dispatch.cast import Character
from lunabot.matrix.events import Message
from lunabot.matrix.ids import RoomId, UserId
from lunabot.matrix.text import fold
from lunabot.memory.chapters import Chapter
from lunabot.memory.notes import Note
from lunabot.prompt.brought import one_line
from lunabot.prompt.tokens import ByteBound, cut
from lunabot.remembering import instructions
from lunabot.remembering.desk import ALL, Desk, Work
from lunabot.remembering.reading import Noted, read_notes

_OF_A_ROOM = 40  # notes a persona has at most; the oldest make place
_PROMPT = 2_000  # bytes of a persona's prompt


async def owed_notes(desk: Desk, room_id: RoomId) -> AsyncGenerator[Work]:
    """Yield the notes to be taken: of each chapter by each account that spoke in it.

    Who only listened takes none: a room of fifty personas would cost fifty calls a chapter.
    """
    for character in desk.cast.characters().values():
        for chapter in _untaken(desk, room_id, character.user_id):
            seen = _basis(desk, room_id, character.user_id)
            talk = await desk.talk(room_id, chapter.begins, chapter.ends, enough=ALL)
            heard = [message for message in talk if character.saw(message)]
            if heard:
                yield _work(desk, character, chapter, heard, seen)


def _untaken(desk: Desk, room_id: RoomId, me: UserId) -> list[Chapter]:
    """Return the chapters somebody has spoken in and taken no notes of."""
    state = desk.memory.state
    taken = state.notes.taken(me, room_id)
    return [
        chapter
        for chapter in state.chapters.of(room_id, 0)
        if me in chapter.people and not chapter.stale and chapter.number not in taken
    ]


def _basis(desk: Desk, room_id: RoomId, me: UserId) -> object:
    return desk.memory.state.notes.of(me), desk.memory.state.chapters.of(room_id, 0)


def _work(
    desk: Desk,
    character: Character,
    chapter: Chapter,
    talk: Sequence[Message],
    seen: object,
) -> Work:
    room_id, me = chapter.room_id, character.user_id
    table = desk.memory.state.notes
    own = [note for note in table.of(me) if note.room_id == room_id]
    return Work(
        "notes",
        f"notes of {me} on chapter {chapter.number} of {room_id}",
        instructions.notes(
            room_id,
            one_line(desk.name(room_id, me)),
            cut(character.prompt, _PROMPT, ByteBound()),
            desk.lines(talk),
            previous="\n".join(_shown(desk, note) for note in own[-_OF_A_ROOM:]),
        ),
        talk,
        seen,
        lambda: _basis(desk, room_id, me),
        lambda text: table.take(
            me, room_id, chapter.number, _with(desk, me, chapter, read_notes(text))
        ),
    )


def _shown(desk: Desk, note: Note) -> str:
    about = desk.name(note.room_id, note.about) if note.about else "Me"
    return f"#{note.number} {one_line(about)}: {note.text}"


def _with(desk: Desk, me: UserId, chapter: Chapter, noted: Sequence[Noted]) -> list[Note]:
    """Return all of a persona's notes with the new ones; what an administrator wrote stays."""
    table = desk.memory.state.notes
    notes = {note.number: note for note in table.of(me)}
    for each in noted:
        old = notes.get(each.replaces) if each.replaces else None
        if old and (old.edited_by or old.room_id != chapter.room_id):
            continue
        note = _note(desk, me, chapter, each)
        if old:
            first = min(old.since or old.chapter, chapter.number)
            note = replace(note, number=old.number, since=first)
        else:
            note = replace(note, number=max(table.next_number(me), *(n + 1 for n in (0, *notes))))
        notes[note.number] = note
    return _newest(list(notes.values()), chapter.room_id)


def _note(desk: Desk, me: UserId, chapter: Chapter, noted: Noted) -> Note:
    """Return a note without its number, on whoever of the chapter's people it names."""
    people = {fold(one_line(desk.name(chapter.room_id, user))): user for user in chapter.people}
    name = fold(noted.name)
    about = people.get(name)
    is_known = about is not None or name in ("", "me")
    text = noted.text if is_known else f"{noted.name}: {noted.text}"
    about = None if about == me else about
    return Note(me, 0, text, about, chapter.room_id, chapter.number, desk.now())


def _newest(notes: Sequence[Note], room_id: RoomId) -> list[Note]:
    """Return the notes without the oldest ones of a room, if it has too many."""
    here = [note for note in notes if note.room_id == room_id and not note.edited_by]
    too_old = sorted(here, key=lambda note: note.written)[:-_OF_A_ROOM]
    return [note for note in notes if note not in too_old]
