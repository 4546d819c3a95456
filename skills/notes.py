"""What each persona wants to remember: to read, to add to, to edit, to delete."""

from dataclasses import replace

from lunabot.admin import memoir
from lunabot.admin.call import Call
from lunabot.admin.discretion import may_tell
from lunabot.admin.editing import require_sense
from lunabot.admin.finding import find_own, names_in, room_name
from lunabot.admin.parameters import Localpart, Tail
from lunabot.admin.skill import skill
from lunabot.admin.wording import bullets, code, counted
from lunabot.errors import UserMistake
from lunabot.matrix.ids import RoomId, UserId
from lunabot.memory.notes import Note


@skill(
    "notes",
    group="memory",
    examples=(
        "notes scout",
        "notes scout 3",
        "notes scout --add Every tour has to end before dark.",
        "notes scout --add --about @ann:localhost Ann is afraid of dogs.",
        "notes scout 3 --edit Ann likes dogs now.",
        "notes scout 3 --delete",
    ),
)
async def notes(
    call: Call,
    name: Localpart,
    number: str = "",
    *,
    add: bool = False,
    about: UserId | None = None,
    edit: bool = False,
    delete: bool = False,
    text: Tail = "",
) -> str:
    """Show what a persona wants to remember of people and of itself; add, edit or delete a note.

    It writes its notes when a chapter closes. One that you add counts in all its rooms.

    name: the name of its account, without `@` and server
    number: only this note
    add: what follows is a new note
    about: whom the new note is about
    edit: what follows is what the note is to say
    delete: forget this note
    text: what the note is to say
    """
    who = find_own(call.services, name)
    if add:
        return await _add(call, who, f"{number} {text}".strip(), about)
    example = "!notes NAME 3 --edit TEXT"
    require_sense(text, edit=edit, delete=delete, chosen=bool(number), example=example)
    known = {str(note.number): note for note in call.services.memory.state.notes.of(who)}
    if not number:
        lines = [_line(call, note) for note in known.values()]
        head = f"{counted(len(lines), 'note')} of {name}"
        return bullets(head, lines) or f"`{who}` has no notes yet. `!notes {name} --add TEXT`"
    if number not in known:
        there = f"There are: {', '.join(known)}." if known else "There are none yet."
        raise UserMistake(f"There is no note {code(number)}. {there}")
    if edit:
        return await _edit(call, known[number], text)
    if delete:
        return await _delete(call, known[number])
    return _line(call, known[number])


def _line(call: Call, note: Note) -> str:
    services = call.services
    told = not note.room_id or may_tell(services, note.room_id)
    shown = note if told else replace(note, text="(from an encrypted room)", about=None)
    name = names_in(services, note.room_id)
    return memoir.note_line(shown, name, lambda room_id: room_name(services, room_id))


async def _add(call: Call, who: UserId, text: str, about: UserId | None) -> str:
    if not text:
        raise UserMistake("What is it to remember? Type it so: `!notes NAME --add TEXT`")
    state = call.services.memory.state
    now = call.services.account.server_now()
    note = state.notes.add(who, text, about, RoomId(""), 0, now)
    state.notes.put(replace(note, edited_by=call.sender))
    await state.flush()
    return f"Noted, as number **{note.number}**."


async def _edit(call: Call, note: Note, text: str) -> str:
    state = call.services.memory.state
    state.notes.put(replace(note, text=text, edited_by=call.sender))
    await state.flush()
    return f"Note **{note.number}** says what you wrote."


async def _delete(call: Call, note: Note) -> str:
    state = call.services.memory.state
    state.notes.remove(note.persona, note.number)
    await state.flush()
    return f"Note **{note.number}** is forgotten."
