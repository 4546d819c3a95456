"""Which room, lens, persona or account somebody means."""

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches

from nio import MatrixRoom

from lunabot.admin.parameters import Localpart, RoomReference
from lunabot.admin.services import Services
from lunabot.admin.wording import code
from lunabot.errors import UserMistake
from lunabot.matrix.account import Account
from lunabot.matrix.ids import RoomId, UserId, localpart, server_name, user_id
from lunabot.personas.persona import Persona
from lunabot.personas.portrait import plain

Rooms = Mapping[str, MatrixRoom]
"""Rooms by their ids."""


async def find_room(services: Services, wanted: RoomReference) -> RoomId:
    """Return the room that is meant; raises `UserMistake` where I am in none of that name."""
    return await _found(services, wanted, services.account.client.rooms)


async def find_known_room(services: Services, wanted: RoomReference) -> RoomId:
    """Return the room that is meant, were it one where only personas are.

    By its id also one that nobody is in any more, if something is remembered of it. Raises
    `UserMistake`.
    """
    if wanted.room_id in remembered_rooms(services):
        return RoomId(wanted.typed)
    return await _found(services, wanted, _all_rooms(services))


def remembered_rooms(services: Services) -> frozenset[RoomId]:
    """Return the rooms of which there are messages, chapters or lenses."""
    state = services.memory.state
    return frozenset((*state.recent_rooms(), *state.chapters.rooms(), *state.lenses.rooms()))


def known_room(services: Services, room_id: RoomId) -> MatrixRoom | None:
    """Return a room as the first of Luna's accounts sees it that is in it; None where none is."""
    accounts = (services.account, *services.personas().fleet.accounts.values())
    seen = (account.client.rooms.get(room_id) for account in accounts)
    return next(filter(None, seen), None)


def room_name(services: Services, room_id: RoomId) -> str:
    """Return what people call a room; its id where none of Luna's accounts is in it."""
    room = known_room(services, room_id)
    return str(room.display_name) if room else room_id


def shown_room(services: Services, room_id: RoomId) -> str:
    """Return a room's name and id, in Markdown."""
    return f"**{plain(room_name(services, room_id))}** `{room_id}`"


def names_in(services: Services, room_id: RoomId) -> Callable[[UserId], str]:
    """Return what people are called in a room; those who left it, by their localparts."""
    room = known_room(services, room_id)
    return lambda who: (room.user_name(who) if room else None) or localpart(who)


def find_lens(services: Services, typed: str, more: Iterable[str] = ()) -> str:
    """Return the lens that is meant, of the configuration or of `more`; raises `UserMistake`."""
    names = {name.casefold(): name for name in (*services.settings.lenses, *more)}
    if typed.casefold() in names:
        return names[typed.casefold()]
    nearest = get_close_matches(typed.casefold(), names, 1)
    hint = f" Did you mean `{names[nearest[0]]}`?" if nearest else ""
    listed = ", ".join(names.values())
    raise UserMistake(f"There is no lens {code(typed)}.{hint} There are: {listed}.")


def find_persona(services: Services, name: Localpart) -> Persona:
    """Return a persona whose document is sound; raises `UserMistake` with what is to do."""
    who = user_id(name, server_name(services.account.user_id))
    known = services.personas().fleet.company.personas()
    if who in known:
        return known[who]
    if problem := services.memory.state.broken_personas().get(who):
        raise UserMistake(f"`{who}` cannot live: {problem}. Mend the file, or `!despawn {name}`.")
    nearest = get_close_matches(name, [localpart(each) for each in known], 1)
    hint = f" Did you mean `{nearest[0]}`?" if nearest else ""
    raise UserMistake(f"There is no persona `{name}`.{hint} `!personas` lists them.")


def find_own(services: Services, name: Localpart) -> UserId:
    """Return Luna's user id or that of a persona; raises `UserMistake` as `find_persona` does."""
    me = services.account.user_id
    return me if name == localpart(me) else find_persona(services, name).user_id


def find_account(services: Services, name: Localpart | None, room_id: RoomId) -> Account:
    """Return an account of Luna's that is in a room: without a name hers, or the only persona's.

    Raises `UserMistake` with who is there.
    """
    accounts = services.personas().fleet.accounts
    there = {who: each for who, each in accounts.items() if room_id in each.client.rooms}
    if name:
        who = find_own(services, name)
        if who in there:
            return there[who]
        if trouble := services.personas().fleet.trouble(who):
            raise UserMistake(f"`{who}` does not run: {trouble}.")
    elif services.account.user_id in there:
        return services.account
    elif len(there) == 1:
        return next(iter(there.values()))
    listed = ", ".join(f"`{localpart(each)}`" for each in there) or "none of us"
    raise UserMistake(f"{f'`{name}` is not in that room.' if name else 'Whose?'} There: {listed}.")


def _all_rooms(services: Services) -> Rooms:
    """Return the rooms that any of Luna's accounts is in; where she is, as she sees them."""
    rooms: dict[str, MatrixRoom] = {}
    for account in (*services.personas().fleet.accounts.values(), services.account):
        rooms.update(account.client.rooms)
    return rooms


async def _found(services: Services, wanted: RoomReference, rooms: Rooms) -> RoomId:
    if wanted.alias and (found := await services.client_api.resolve_alias(wanted.alias)):
        if found in rooms:
            return found
        raise UserMistake(f"I am not in {code(wanted.typed)}: invite me there first.")
    named = [
        RoomId(room_id)
        for room_id, room in rooms.items()
        if wanted.names(RoomId(room_id), (room.canonical_alias or "",), room.display_name or "")
    ]
    if len(named) == 1:
        return named[0]
    if named:
        ids = ", ".join(f"`{room_id}`" for room_id in named)
        raise UserMistake(
            f"{code(wanted.typed)} is the name of {len(named)} rooms: give an id ({ids})."
        )
    names = {str(room.display_name).casefold(): room for room in rooms.values()}
    nearest = get_close_matches(wanted.typed.removeprefix("#").casefold(), names, 1)
    hint = f" Did you mean {code(names[nearest[0]].display_name)}?" if nearest else ""
    raise UserMistake(
        f"I know no room {code(wanted.typed)}.{hint} `!list_channels` lists the rooms."
    )
