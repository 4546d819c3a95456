"""What each lens has seen in a room: running texts, documents of the state, one for each room."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from lunabot.matrix.ids import RoomId, UserId
from lunabot.memory.documents import Documents


@dataclass(frozen=True, slots=True)
class LensText:
    """A room as one lens sees it.

    `written` are the words of a model. `until` is the watermark: when the newest message in it was
    sent; `updated` is when it was written (both in milliseconds of the server's clock). One that is
    `stale` lost its words and is to be written anew.

    `pinned` are the words of an administrator, `edited_by` who that is: no model changes them. What
    models write stands behind them and tells of what was said after `since`.
    """

    room_id: RoomId
    lens: str
    written: str
    until: int
    updated: int
    edited_by: UserId | None = None
    pinned: str = ""
    since: int = -1
    stale: bool = False

    @property
    def text(self) -> str:
        """All that it says: the words of the administrator first."""
        return "\n\n".join(filter(None, (self.pinned, self.written)))

    def edited(self, by: UserId, text: str, now: int) -> Self:
        """Return it with the words of an administrator in place of all that it said."""
        return replace(
            self,
            written="",
            updated=now,
            edited_by=by,
            pinned=text,
            since=self.until,
            stale=False,
        )

    def wordless(self, until: int, *, unpinned: bool = False) -> Self:
        """Return it without a model's words, or (`unpinned`) without an administrator's, too.

        It reads the messages themselves after `until`, if it had come so far.
        """
        if not (self.written or unpinned):
            return self
        bare = replace(self, edited_by=None, pinned="", since=-1) if unpinned else self
        reached = min(bare.until, max(until, bare.since))
        return replace(bare, written="", until=reached, stale=True)


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
        known: dict[str, Any] = {**fields}
        if "text" in known:
            known |= _apart(known.pop("text"), known)
        return LensText(room_id, lens, **known)
    except (KeyError, TypeError):
        return None


def _apart(text: str, known: Mapping[str, Any]) -> dict[str, Any]:
    """Return whose words a text is: older documents had those of both in one."""
    if known["edited_by"]:
        return {"written": "", "pinned": text, "since": known["until"]}
    return {"written": text, "stale": not text}
