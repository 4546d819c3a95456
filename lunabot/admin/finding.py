"""Which room or persona somebody means."""

from difflib import get_close_matches

from lunabot.admin.parameters import Localpart, RoomReference
from lunabot.admin.services import Services
from lunabot.errors import UserMistake
from lunabot.matrix.ids import RoomId, localpart, server_name, user_id
from lunabot.personas.persona import Persona


async def find_room(services: Services, wanted: RoomReference) -> RoomId:
    """Return the room that is meant; raises `UserMistake` where I am in none of that name."""
    rooms = services.account.client.rooms
    if wanted.alias and (found := await services.client_api.resolve_alias(wanted.alias)):
        if found in rooms:
            return found
        raise UserMistake(f"I am not in `{wanted.typed}`: invite me there first.")
    named = [
        RoomId(room_id)
        for room_id, room in rooms.items()
        if wanted.names(RoomId(room_id), (room.canonical_alias or "",), room.name or "")
    ]
    if len(named) == 1:
        return named[0]
    if named:
        raise UserMistake(f"`{wanted.typed}` is the name of {len(named)} rooms: give an id.")
    raise UserMistake(f"I know no room `{wanted.typed}`. `/list_channels` lists the rooms.")


def find_persona(services: Services, name: Localpart) -> Persona:
    """Return a persona whose document is sound; raises `UserMistake` with what is to do."""
    who = user_id(name, server_name(services.account.user_id))
    known = services.personas().fleet.company.personas()
    if who in known:
        return known[who]
    if problem := services.memory.state.broken_personas().get(who):
        raise UserMistake(f"`{who}` cannot live: {problem}. Mend the file, or `/despawn {name}`.")
    nearest = get_close_matches(name, [localpart(each) for each in known], 1)
    hint = f" Did you mean `{nearest[0]}`?" if nearest else ""
    raise UserMistake(f"There is no persona `{name}`.{hint} `/personas` lists them.")
