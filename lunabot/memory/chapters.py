"""A room's history in chapters: documents of the state, one for each room."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from lunabot.matrix.ids import EventId, RoomId, UserId
from lunabot.memory.documents import Documents


@dataclass(frozen=True, slots=True)
class Chapter:
    """A stretch of a room's history, told in fewer words.

    `number` counts from 1 within the room and the `level`: 0 is a chapter, 1 a chapter of chapters.
    It goes from the message `first` to `last`, which were sent at `begins` and `ends` (milliseconds
    of the server's clock). `people` have spoken in it, `threads` stayed open. `edited_by` is the
    administrator whose words it has. One that is `stale` is to be written anew and has no words.
    """

    room_id: RoomId
    number: int
    level: int
    first: EventId
    last: EventId
    begins: int
    ends: int
    people: tuple[UserId, ...]
    title: str
    summary: str
    threads: tuple[str, ...] = ()
    edited_by: UserId | None = None
    stale: bool = False

    @property
    def place(self) -> tuple[int, int]:
        """What makes it the same chapter of its room."""
        return self.level, self.number


class ChapterTable:
    """The chapters of all rooms, read once: there may be thousands, and each prompt looks at them.

    A room's document has a field for each chapter, named by its level and number.
    """

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._rooms = {RoomId(name): _read(RoomId(name), documents.get(name)) for name in documents}

    def of(self, room_id: RoomId, level: int | None = None) -> tuple[Chapter, ...]:
        """Return the chapters of a room, or of one level, in the order of time."""
        chapters = self._rooms.get(room_id, ())
        return tuple(each for each in chapters if level in (None, each.level))

    def put(self, chapter: Chapter) -> None:
        """Keep a chapter as it is now."""
        others = (each for each in self.of(chapter.room_id) if each.place != chapter.place)
        self._rooms[chapter.room_id] = _in_time([*others, chapter])
        self._documents.put(chapter.room_id, {_field(chapter): _to_fields(chapter)})

    def remove(self, chapter: Chapter) -> None:
        """Forget a chapter, if it is there."""
        room_id = chapter.room_id
        left = [each for each in self.of(room_id) if each.place != chapter.place]
        self.clear(room_id)
        if left:
            self._rooms[room_id] = tuple(left)
            self._documents.put(room_id, {_field(each): _to_fields(each) for each in left})

    def clear(self, room_id: RoomId | None) -> int:
        """Forget the chapters of a room, or (None) of all; return how many there were."""
        rooms = self.rooms() if room_id is None else (room_id,)
        count = sum(len(self.of(each)) for each in rooms)
        for each in rooms:
            self._rooms.pop(each, None)
            self._documents.remove(each)
        return count

    def rooms(self) -> tuple[RoomId, ...]:
        """Return the rooms that have chapters."""
        return tuple(self._rooms)


def _in_time(chapters: Iterable[Chapter]) -> tuple[Chapter, ...]:
    return tuple(sorted(chapters, key=lambda each: (each.begins, -each.level, each.number)))


def _read(room_id: RoomId, document: Mapping[str, Any]) -> tuple[Chapter, ...]:
    found = (_from_fields(room_id, fields) for fields in document.values())
    return _in_time(chapter for chapter in found if chapter)


def _field(chapter: Chapter) -> str:
    return f"{chapter.level}/{chapter.number}"


def _to_fields(chapter: Chapter) -> dict[str, Any]:
    fields = asdict(chapter)
    del fields["room_id"]
    return {**fields, "people": list(chapter.people), "threads": list(chapter.threads)}


def _from_fields(room_id: RoomId, fields: Any) -> Chapter | None:
    """Return the chapter that is in a document, or None where what is there is none."""
    try:
        known: Mapping[str, Any] = {
            **fields,
            "people": tuple(map(UserId, fields["people"])),
            "threads": tuple(map(str, fields["threads"])),
        }
        return Chapter(room_id, **known)
    except (KeyError, TypeError):
        return None
