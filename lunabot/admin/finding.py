"""Which room somebody means."""

from lunabot.admin.parameters import RoomReference
from lunabot.admin.services import Services
from lunabot.errors import UserMistake
from lunabot.matrix.ids import RoomId


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
