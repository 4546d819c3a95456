"""The chapters of a room's history: to read, edit and delete, and in a file with all the rest."""

import re
from collections.abc import Sequence
from typing import Annotated

from lunabot.admin import memoir
from lunabot.admin.call import Call
from lunabot.admin.discretion import require_discretion
from lunabot.admin.editing import require_sense
from lunabot.admin.finding import find_known_room, names_in, room_name, shown_room
from lunabot.admin.parameters import Converter, RoomReference, Tail
from lunabot.admin.skill import skill
from lunabot.admin.wording import bullets, counted
from lunabot.errors import UserMistake
from lunabot.matrix.ids import RoomId
from lunabot.memory.chapters import Chapter
from lunabot.memory.withdrawing import outdate_above
from lunabot.personas.portrait import plain

_NONE = "I write them by myself where much is said; `!summarise ROOM` makes them now."
_LABEL = re.compile(r"p?\d+", re.IGNORECASE)


def _read_label(word: str, _server: str) -> str:
    if not _LABEL.fullmatch(word):
        raise ValueError(word)
    return word.upper()


Label = Annotated[
    str, Converter("NUMBER", "the number of a chapter (3) or of a part (P1)", "3", _read_label)
]


@skill(
    "chapters",
    group="memory",
    examples=(
        "chapters",
        "chapters trails",
        "chapters trails 3",
        "chapters trails P1",
        "chapters trails 3 --edit Ann and Bob planned the tour for 5 May.",
        'chapters trails 3 --title "The tour"',
        "chapters trails 3 --delete",
        "chapters trails --file",
    ),
)
async def chapters(
    call: Call,
    room: RoomReference | None = None,
    chapter: Label | None = None,
    *,
    edit: bool = False,
    title: str | None = None,
    delete: bool = False,
    file: bool = False,
    text: Tail = "",
) -> str:
    """Show the chapters of a room's history, or one of them; edit or delete it.

    Many chapters make a part, and many parts another. What you write stays as it is, and what you
    delete is not written again. The messages themselves stay in the archive whatever you do here:
    `!forget` takes them out.

    room: the room; without it I tell which rooms have chapters
    chapter: its number: then I show all of it
    edit: what follows is its new summary; below a line `Still open:` stand its open threads
    title: its new title
    delete: forget this chapter
    file: send all I remember of the room besides its messages (lenses, chapters, notes) as a file
    text: the new summary
    """
    require_sense(
        text or title or "",
        edit=edit or title is not None,
        delete=delete,
        chosen=chapter is not None,
        example="!chapters ROOM 3 --edit TEXT",
    )
    if room is None:
        return _overview(call)
    room_id = await find_known_room(call.services, room)
    if file:
        return await _send(call, room_id)
    known = call.services.memory.state.chapters.of(room_id)
    if chapter is None:
        return _listed(call, room_id, known)
    found = _chosen(known, chapter)
    if delete:
        return await _delete(call, found)
    if edit or title is not None:
        return await _edit(call, found, title, text)
    require_discretion(call.services, room_id)
    return memoir.chapter_in_full(found, names_in(call.services, room_id))


def _overview(call: Call) -> str:
    table = call.services.memory.state.chapters
    lines = []
    for room_id in table.rooms():
        known = table.of(room_id)
        until = memoir.span(known[0].begins, max(each.ends for each in known))
        lines.append(f"{shown_room(call.services, room_id)}: {_counted(known)}, {until}")
    listed = bullets(f"{counted(len(lines), 'room')} with chapters", lines)
    return listed or f"There are no chapters yet. {_NONE}"


def _listed(call: Call, room_id: RoomId, known: Sequence[Chapter]) -> str:
    shown = plain(room_name(call.services, room_id))
    if not known:
        return f"There are no chapters of **{shown}** yet. {_NONE}"
    require_discretion(call.services, room_id)
    name = names_in(call.services, room_id)
    lines = [memoir.chapter_line(each, name) for each in known]
    return bullets(f"{shown}: {_counted(known)}", lines)


def _chosen(known: Sequence[Chapter], wanted: str) -> Chapter:
    by_label = {memoir.label(each): each for each in known}
    if wanted in by_label:
        return by_label[wanted]
    there = f"There are: {', '.join(by_label)}." if by_label else f"There are none yet. {_NONE}"
    raise UserMistake(f"There is no chapter {wanted}. {there}")


async def _delete(call: Call, found: Chapter) -> str:
    state = call.services.memory.state
    state.chapters.delete(found)
    outdate_above(state, found.room_id, [found])
    await state.flush()
    return (
        f"**{memoir.label(found)}** is forgotten, and that time is not summed up again unless you "
        "ask for it: `!summarise ROOM --since DAY`. What was said then is in the archive still: "
        "`!forget` takes it out."
    )


async def _edit(call: Call, found: Chapter, title: str | None, text: str) -> str:
    summary, threads = memoir.read_chapter(text)
    edited = found.edited(call.sender, title or None, summary or None, threads)
    state = call.services.memory.state
    state.chapters.put(edited)
    outdate_above(state, found.room_id, [edited])
    await state.flush()
    return f"**{memoir.label(found)}** is kept as you wrote it."


async def _send(call: Call, room_id: RoomId) -> str:
    services = call.services
    require_discretion(services, room_id)
    state = services.memory.state
    shown = room_name(services, room_id)
    known, lenses = state.chapters.of(room_id), state.lenses.of(room_id)
    taken = [each for who in state.notes.personas() for each in state.notes.of(who)]
    notes = [each for each in taken if each.room_id == room_id]
    page = memoir.document(shown, known, lenses, notes, names_in(services, room_id))
    await services.account.send_file(call.room_id, "memory.md", page.encode(), "text/markdown")
    others = f"{counted(len(lenses), 'lens text')}, {counted(len(notes), 'note')}"
    return f"The file holds what I remember of **{plain(shown)}**: {_counted(known)}, {others}."


def _counted(known: Sequence[Chapter]) -> str:
    parts = sum(each.level > 0 for each in known)
    told = counted(len(known) - parts, "chapter")
    return f"{told}, {counted(parts, 'part')}" if parts else told
