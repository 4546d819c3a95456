"""The rooms in which Luna's accounts stay silent because of a loop: documents of the state."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from lunabot.matrix.ids import EventId, RoomId, UserId
from lunabot.memory.documents import Documents
from lunabot.memory.loop import Layer


@dataclass(frozen=True, slots=True)
class Pause:
    """A room in which those `concerned` are not answered, and do not answer.

    `name` is the room's as people see it. `since` and `until` are milliseconds of the server's
    clock: when the newest turn of the loop ended, and when the pause does. `cause` is the question
    that was the first to stay without an answer, by `silenced`, who says so in the room.
    """

    room_id: RoomId
    name: str
    layer: Layer
    reason: str
    concerned: frozenset[UserId]
    since: int
    until: int
    cause: EventId
    silenced: UserId


class PauseTable:
    """Pauses by room, and from when on a room's turns count after its last pause."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def __iter__(self) -> Iterator[Pause]:
        found = (self.get(RoomId(name)) for name in list(self._documents))
        return (pause for pause in found if pause)

    def get(self, room_id: RoomId) -> Pause | None:
        """Return the pause of a room, or None where there is none (or what is there is none)."""
        try:
            return _from_fields(room_id, self._documents.get(room_id)["pause"])
        except (KeyError, TypeError, ValueError):
            return None

    def cleared_at(self, room_id: RoomId) -> int:
        """Return the moment whose turns, and all before, count no more; 0 if there was none."""
        cleared_at = self._documents.get(room_id).get("cleared_at")
        return cleared_at if isinstance(cleared_at, int) else 0

    def put(self, pause: Pause) -> None:
        """Keep a pause as it is now."""
        self._documents.put(pause.room_id, {"pause": _to_fields(pause)})

    def clear(self, room_id: RoomId, at: int) -> None:
        """End a room's pause: the turns after this moment (milliseconds) are counted anew."""
        self._documents.replace(room_id, {"cleared_at": at})


def _to_fields(pause: Pause) -> dict[str, Any]:
    fields = asdict(pause)
    del fields["room_id"]
    return {**fields, "concerned": sorted(pause.concerned)}


def _from_fields(room_id: RoomId, fields: Mapping[str, Any]) -> Pause:
    known = {
        **fields,
        "layer": Layer(fields["layer"]),
        "concerned": frozenset(map(UserId, fields["concerned"])),
    }
    return Pause(room_id, **known)
