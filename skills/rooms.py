"""Rooms: which there are, a new one, and who is in them."""

import re
import sys
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from lunabot.admin.call import Call
from lunabot.admin.finding import find_room, known_room
from lunabot.admin.memoir import moment
from lunabot.admin.paging import PAGE, page_of, turning
from lunabot.admin.parameters import RoomReference
from lunabot.admin.services import Services
from lunabot.admin.skill import skill
from lunabot.admin.wording import code, counted
from lunabot.errors import Refused, UserMistake
from lunabot.homeserver.admin_api import ServerRoom
from lunabot.matrix.ids import UserId, server_name
from lunabot.memory import messages
from lunabot.memory.messages import Activity

_Kind = Literal["ours", "encrypted", "open", "empty"]
_Order = Literal["name", "members", "messages", "active"]
_LAST = chr(sys.maxunicode)


@dataclass(frozen=True, slots=True)
class _Listed:
    """A room with its name as people see it, what was said there, and whether one of us is in."""

    room: ServerRoom
    name: str
    activity: Activity
    ours: bool


_ORDERS: Mapping[_Order, Callable[[_Listed], int | str]] = MappingProxyType(
    {
        "name": lambda each: each.name.casefold() or _LAST,
        "members": lambda each: -each.room.joined_members,
        "messages": lambda each: -each.activity.messages,
        "active": lambda each: -each.activity.last,
    }
)


@skill(
    "list_channels",
    group="rooms",
    examples=("list_channels", "list_channels trails", "list_channels --only ours --sort active"),
)
async def list_channels(
    call: Call,
    part: str = "",
    *,
    only: _Kind | None = None,
    sort: _Order = "name",
    page: int = 1,
) -> str:
    """List the rooms of the server, with their members and what I know was said there.

    part: only those whose name, alias or id holds this
    only: only those one of us is in, the encrypted, the open (not encrypted), or the empty
    sort: by name, or most members, most messages, or the last message first
    page: which page, where there are many
    """
    rooms = await _rooms(call.services)
    found = [
        each
        for each in sorted(rooms, key=_ORDERS[sort])
        if part.casefold() in _searchable(each) and (only is None or _is(only, each))
    ]
    lines = [f"- {_line(each)}" for each in page_of(found, page)]
    text = "\n".join([f"**{len(found)} of {counted(len(rooms), 'room')}**\n", *lines])
    return text + turning(page, more=page * PAGE < len(found))


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
    for user in {*invite} - {me}:
        await _require_account(call.services, user)
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
    await _require_account(call.services, user)
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


async def _rooms(services: Services) -> list[_Listed]:
    activity = await services.memory.archive.search(messages.activity)
    silent = Activity(0, 0)
    listed = []
    for room in await services.admin_api.rooms():
        known = known_room(services, room.room_id)
        name = room.name or (str(known.display_name) if known else "")
        said = activity.get(room.room_id, silent)
        listed.append(_Listed(room, name, said, known is not None))
    return listed


def _is(kind: _Kind, each: _Listed) -> bool:
    match kind:
        case "ours":
            return each.ours
        case "encrypted":
            return each.room.encrypted
        case "open":
            return not each.room.encrypted
        case "empty":
            return each.room.joined_members == 0


def _searchable(each: _Listed) -> str:
    return f"{each.name} {each.room.canonical_alias or ''} {each.room.room_id}".casefold()


def _line(each: _Listed) -> str:
    room, said = each.room, each.activity
    notes = [counted(room.joined_members, "member")]
    notes += ["encrypted"] if room.encrypted else []
    if said.messages:
        notes += [counted(said.messages, "message"), f"the last {moment(said.last)}"]
    name = code(each.name) if each.name else "(no name)"
    return f"{name} `{room.canonical_alias or room.room_id}` – {', '.join(notes)}"


async def _require_account(services: Services, user: UserId) -> None:
    """Raise `UserMistake` for who has no account on our server: it invites those, too."""
    if server_name(user) != server_name(services.account.user_id):
        return
    try:
        found = await services.admin_api.user(user)
    except Refused:
        return  # I may not ask
    if found is None or found.deactivated:
        what = "was deactivated" if found else "does not exist"
        raise UserMistake(f"The account `{user}` {what}. `!list_users` lists those there are.")
