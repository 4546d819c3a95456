"""A persona (being written)."""

from dataclasses import dataclass

from lunabot.matrix.ids import RoomId, UserId


@dataclass(frozen=True, slots=True)
class Persona:
    """A persona."""

    user_id: UserId
    displayname: str
    system_prompt: str
    model: str = ""

    def saw(self, room_id: RoomId, timestamp: int) -> bool:
        """Tell whether."""
        return True
