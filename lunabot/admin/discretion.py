"""What may be told in the admin room: what was said encrypted only where that is encrypted, too."""

from lunabot.admin.finding import known_room, room_name
from lunabot.admin.services import Services
from lunabot.admin.wording import code
from lunabot.errors import UserMistake
from lunabot.matrix.ids import RoomId


def may_tell(services: Services, room_id: RoomId) -> bool:
    """Tell whether what was said in a room may be told here; not of a room nobody is in now."""
    if services.posture().encrypted:
        return True
    room = known_room(services, room_id)
    return room is not None and not room.encrypted


def require_discretion(services: Services, room_id: RoomId) -> None:
    """Raise `UserMistake` where what was said in a room may not be told here."""
    if not may_tell(services, room_id):
        raise UserMistake(
            f"{code(room_name(services, room_id))} is encrypted, or nobody of us is in it any "
            "more, and this room is not encrypted: what was said there is not told here."
        )
