"""What the lenses have seen in a room: to read, to edit, to delete."""

from lunabot.admin import memoir
from lunabot.admin.call import Call
from lunabot.admin.discretion import require_discretion
from lunabot.admin.editing import require_sense
from lunabot.admin.finding import find_known_room, find_lens, room_name, shown_room
from lunabot.admin.parameters import RoomReference, Tail
from lunabot.admin.skill import skill
from lunabot.admin.wording import bullets, counted
from lunabot.matrix.ids import RoomId
from lunabot.memory.lenses import LensText
from lunabot.personas.portrait import plain

_NONE = "I look by myself where much is said; `!summarise ROOM` does it now."


@skill(
    "lenses",
    group="memory",
    examples=(
        "lenses",
        "lenses trails",
        "lenses trails technical",
        "lenses trails technical --edit They map with OpenStreetMap.",
        "lenses trails technical --delete",
    ),
)
async def lenses(
    call: Call,
    room: RoomReference | None = None,
    lens: str = "",
    *,
    edit: bool = False,
    delete: bool = False,
    text: Tail = "",
) -> str:
    """Show what the lenses have seen in a room; edit or delete what one has.

    What you write stays as it is, and what I add stands behind it.

    room: the room; without it I tell which rooms were looked at
    lens: only this one
    edit: what follows takes the place of all its text
    delete: forget this text: the lens looks at the room anew
    text: the new text
    """
    example = "!lenses ROOM LENS --edit TEXT"
    require_sense(text, edit=edit, delete=delete, chosen=bool(lens), example=example)
    if room is None:
        return _overview(call)
    room_id = await find_known_room(call.services, room)
    if not lens:
        return _listed(call, room_id)
    table = call.services.memory.state.lenses
    name = find_lens(call.services, lens, [each.lens for each in table.of(room_id)])
    found = table.get(room_id, name)
    if edit:
        now = call.services.account.server_now()
        return await _edit(call, found or LensText(room_id, name, "", now, now), text)
    if found is None:
        return f"The lens **{plain(name)}** has not looked at that room yet. {_NONE}"
    if delete:
        return await _delete(call, found)
    require_discretion(call.services, room_id)
    return memoir.lens_in_full(found)


def _overview(call: Call) -> str:
    table = call.services.memory.state.lenses
    lines = []
    for room_id in table.rooms():
        seen = ", ".join(f"{plain(each.lens)} {memoir.reach(each)}" for each in table.of(room_id))
        lines.append(f"{shown_room(call.services, room_id)}: {seen}")
    mine = f"My lenses are {', '.join(call.services.settings.lenses)}."
    listed = bullets(f"{counted(len(lines), 'room')} looked at", lines)
    return f"{listed}\n\n{mine}" if listed else f"{mine} They have seen no room yet. {_NONE}"


def _listed(call: Call, room_id: RoomId) -> str:
    shown = plain(room_name(call.services, room_id))
    seen = call.services.memory.state.lenses.of(room_id)
    if not seen:
        return f"No lens has looked at **{shown}** yet. {_NONE}"
    require_discretion(call.services, room_id)
    return "\n\n".join([f"**{shown}**", *map(memoir.lens_in_full, seen)])


async def _edit(call: Call, found: LensText, text: str) -> str:
    state = call.services.memory.state
    now = call.services.account.server_now()
    state.lenses.put(found.edited(call.sender, text, now))
    await state.flush()
    return f"The lens **{plain(found.lens)}** says what you wrote, and goes on from there."


async def _delete(call: Call, found: LensText) -> str:
    state = call.services.memory.state
    state.lenses.remove(found)
    await state.flush()
    return f"What the lens **{plain(found.lens)}** saw is forgotten: it looks at the room anew."
