"""What each lens has seen in a room: running texts, documents of the state, one for each room."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from lunabot.matrix.ids import RoomId, UserId
from lunabot.memory.documents import Documents


@dataclass(frozen=True, slots=True)
class LensText:
    """A room as one lens sees it.

    `until` is the watermark: when the newest message in it was sent; `updated` is when it was
    written (both in milliseconds of the server's clock). `edited_by` is the administrator whose
    words it has. One without a text is to be written anew.
    """

    room_id: RoomId
    lens: str
    text: str
    until: int
    updated: int
    edited_by: UserId | None = None


class LensTable:
    """The texts of all rooms, by the names of their lenses."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def get(self, room_id: RoomId, lens: str) -> LensText | None:
        """Return what a lens has seen in a room, or None where there is none."""
        return _from_fields(room_id, lens, self._documents.get(room_id).get(lens))

    def of(self, room_id: RoomId) -> tuple[LensText, ...]:
        """Return what there is of a room, in the order of the lenses' names."""
        found = (self.get(room_id, lens) for lens in sorted(self._documents.get(room_id)))
        return tuple(each for each in found if each)

    def put(self, text: LensText) -> None:
        """Keep a text as it is now."""
        fields = asdict(text)
        del fields["room_id"], fields["lens"]
        self._documents.put(text.room_id, {text.lens: fields})

    def remove(self, text: LensText) -> None:
        """Forget a text, if it is there."""
        stored = dict(self._documents.get(text.room_id))
        stored.pop(text.lens, None)
        if stored:
            self._documents.replace(text.room_id, stored)
        else:
            self._documents.remove(text.room_id)

    def clear(self, room_id: RoomId | None) -> int:
        """Forget the texts of a room, or (None) of all; return how many there were."""
        rooms = self.rooms() if room_id is None else (room_id,)
        count = sum(len(self.of(each)) for each in rooms)
        for each in rooms:
            self._documents.remove(each)
        return count

    def rooms(self) -> tuple[RoomId, ...]:
        """Return the rooms of which there are texts."""
        return tuple(RoomId(name) for name in self._documents)


def _from_fields(room_id: RoomId, lens: str, fields: Any) -> LensText | None:
    """Return the text that is in a document, or None where what is there is none."""
    try:
        known: Mapping[str, Any] = {**fields}
        return LensText(room_id, lens, **known)
    except TypeError:
        return None
