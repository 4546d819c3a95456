"""Rooms: which there are, a new one, and who is in them."""

import re
import unicodedata

from lunabot.admin.call import Call
from lunabot.admin.finding import find_room
from lunabot.admin.parameters import RoomReference
from lunabot.admin.skill import skill
from lunabot.admin.wording import code
from lunabot.errors import Refused, UserMistake
from lunabot.homeserver.admin_api import ServerRoom
from lunabot.matrix.ids import UserId, server_name


@skill("list_channels", group="rooms", examples=("list_channels", "list_channels trails"))
async def list_channels(call: Call, part: str = "") -> str:
    """List the rooms of the server.

    part: only those whose name, alias or id holds this
    """
    rooms = await call.services.admin_api.rooms()
    shown = [room for room in rooms if part.casefold() in _searchable(room)]
    lines = [f"- {_line(room)}" for room in shown]
    return "\n".join([f"**{len(shown)} of {len(rooms)} rooms**\n", *lines])


@skill(
    "create_channel",
    group="rooms",
    examples=("create_channel Trails", "create_channel Trails --topic Maps --invite @ann,@bob"),
)
async def create_channel(
    call: Call,
    name: str,
    *,
    topic: str = "",
    invite: tuple[UserId, ...] = (),
    encrypted: bool = False,
) -> str:
    """Make a private room, with me and you in it.

    name: its name, from which its alias follows
    topic: what it is about
    invite: who else is invited
    encrypted: whether it is end-to-end encrypted; that cannot be undone
    """
    api, me = call.services.client_api, call.services.account.user_id
    alias = _alias_localpart(name)
    invited = sorted({call.sender, *invite} - {me})
    body = {
        "preset": "private_chat",
        "name": name,
        "topic": topic,
        "invite": invited,
        "initial_state": [_ENCRYPTION] if encrypted else [],
        **({"room_alias_name": alias} if alias else {}),
    }
    try:
        room_id = await api.create_room(body)
    except Refused as error:
        if error.errcode != "M_ROOM_IN_USE":
            raise
        raise UserMistake(
            f"There is a room `#{alias}:{server_name(me)}` already: choose another name."
        ) from error
    shown = f"#{alias}:{server_name(me)}" if alias else room_id
    kind = "encrypted" if encrypted else "not encrypted"
    return f"Made **{name}** (`{shown}`), {kind}. Invited: {', '.join(invited)}."


@skill(
    "add_participant",
    group="rooms",
    examples=("add_participant #trails @ann", "add_participant #trails scout"),
)
async def add_participant(call: Call, room: RoomReference, user: UserId) -> str:
    """Invite somebody to a room I am in. A persona joins at once.

    room: the room
    user: who is invited
    """
    room_id = await find_room(call.services, room)
    membership = (await call.services.client_api.memberships(room_id)).get(user)
    is_persona = user in call.services.personas().fleet.company.personas()
    if membership == "join" or (membership == "invite" and not is_persona):
        return f"{user} is {'in' if membership == 'join' else 'invited to'} `{room.typed}` already."
    if is_persona:
        await call.services.personas().join(user, room_id)
        return f"{user} is in `{room.typed}` now."
    try:
        await call.services.client_api.invite(room_id, user)
    except Refused as error:
        raise UserMistake(
            f"I cannot invite {user} to `{room.typed}`: {error}. Whoever runs that room can, or "
            "can give me the power level to invite."
        ) from error
    return f"Invited {user} to `{room.typed}`."


@skill("remove_participant", group="rooms", examples=("remove_participant #trails scout",))
async def remove_participant(call: Call, room: RoomReference, user: UserId) -> str:
    """Take somebody out of a room: a persona leaves, anybody else is removed if I may.

    room: the room
    user: who is to go
    """
    services = call.services
    persona = services.personas().fleet.company.personas().get(user)
    if persona and room.room_id in persona.rooms:
        room_id = room.room_id  # I need not be there
    else:
        room_id = await find_room(services, room)
    if user == services.account.user_id:
        raise UserMistake("I leave no room by a command: whoever runs it can remove me.")
    if persona:
        left = await services.personas().leave(user, room_id)
        return f"{user} {'has left' if left else 'is not in'} `{room.typed}`."
    if (await services.client_api.memberships(room_id)).get(user) not in ("join", "invite"):
        return f"{user} is not in `{room.typed}`."
    try:
        await services.client_api.kick(room_id, user, f"{call.sender} asked me to")
    except Refused as error:
        raise UserMistake(
            f"I cannot remove {user} from `{room.typed}`: {error}. Whoever runs that room can, or "
            "can give me the power level for it."
        ) from error
    return f"Removed {user} from `{room.typed}`."


_ENCRYPTION = {
    "type": "m.room.encryption",
    "state_key": "",
    "content": {"algorithm": "m.megolm.v1.aes-sha2"},
}


def _alias_localpart(name: str) -> str:
    """Return a room alias for a name: its letters and digits in lower case, joined by dashes."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    return re.sub(r"[\W_]+", "-", plain).strip("-")


def _searchable(room: ServerRoom) -> str:
    return f"{room.name or ''} {room.canonical_alias or ''} {room.room_id}".casefold()


def _line(room: ServerRoom) -> str:
    members = f"{room.joined_members} member{'' if room.joined_members == 1 else 's'}"
    notes = ", ".join([members, *(["encrypted"] if room.encrypted else [])])
    name = code(room.name) if room.name else "(no name)"
    return f"{name} `{room.canonical_alias or room.room_id}` – {notes}"
