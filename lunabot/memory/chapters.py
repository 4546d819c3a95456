"""A room's history in chapters: documents of the state, one for each room."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Self

from lunabot.matrix.ids import EventId, RoomId, UserId
from lunabot.memory.documents import Documents

_LAST = "last"
_LISTS = ("people", "threads", "pinned")
_WORDS = ("title", "summary", "threads")


@dataclass(frozen=True, slots=True)
class Chapter:
    """A stretch of a room's history, told in fewer words.

    `level` 0 is a chapter, 1 a chapter of chapters, 2 one of those. `number` counts from 1 within
    the room, those of all higher levels together.
    It goes from the message `first` to `last`, which were sent at `begins` and `ends` (milliseconds
    of the server's clock). `people` have spoken in it, `threads` stayed open. `pinned` names which
    of title, summary and threads are the words of an administrator, `edited_by` who that is: no
    model changes them. One that is `stale` is to be written anew and has no summary. One that was
    `deleted` has no words at all and keeps its place, so that nobody writes it again.
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
    pinned: tuple[str, ...] = ()
    stale: bool = False
    deleted: bool = False

    @property
    def place(self) -> tuple[int, int]:
        """What makes it the same chapter of its room."""
        return self.level, self.number

    def covers(self, other: Self) -> bool:
        """Tell whether all of another chapter of the room lies within its time."""
        return self.begins <= other.begins and other.ends <= self.ends

    def told(self, title: str, summary: str, threads: tuple[str, ...]) -> Self:
        """Return it in the words of a model, but where an administrator's stand."""
        words: dict[str, Any] = dict(zip(_WORDS, (title, summary, threads), strict=True))
        free = {name: words[name] for name in words if name not in self.pinned}
        return replace(self, **free, stale=False)

    def edited(
        self,
        by: UserId,
        title: str | None = None,
        summary: str | None = None,
        threads: tuple[str, ...] | None = None,
    ) -> Self:
        """Return it with the words of an administrator, which stay; None: as they were."""
        words: dict[str, Any] = dict(zip(_WORDS, (title, summary, threads), strict=True))
        new = {name: said for name, said in words.items() if said is not None}
        pinned = tuple(name for name in _WORDS if name in new or name in self.pinned)
        stale = self.stale and summary is None
        return replace(self, **new, edited_by=by, pinned=pinned, stale=stale)

    def wordless(self, *, unpinned: bool = False) -> Self:
        """Return it without a model's words, or (`unpinned`) without an administrator's, too."""
        bare = replace(self, edited_by=None, pinned=()) if unpinned else self
        bare = bare.told("", "", ())
        return replace(bare, stale=not bare.summary)


_FIELDS = tuple(field.name for field in fields(Chapter) if field.name != "room_id")


class ChapterTable:
    """The chapters of all rooms, read once: there may be thousands, and each prompt looks at them.

    A room's document has a field for each chapter, named by its level and number, and one for the
    last numbers given: none is given twice.
    """

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._rooms = {RoomId(name): _read(RoomId(name), documents.get(name)) for name in documents}

    def of(self, room_id: RoomId, level: int | None = None) -> tuple[Chapter, ...]:
        """Return the chapters of a room, or of one level, in the order of time."""
        return tuple(each for each in self.places(room_id, level) if not each.deleted)

    def places(self, room_id: RoomId, level: int | None = None) -> tuple[Chapter, ...]:
        """Return the chapters as `of` does, with those that were deleted."""
        chapters = self._rooms.get(room_id, ())
        return tuple(each for each in chapters if level in (None, each.level))

    def next_number(self, room_id: RoomId, level: int) -> int:
        """Return the number that the next new chapter of a room and level gets."""
        return self._last_numbers(room_id).get(_count(level), 0) + 1

    def put(self, *chapters: Chapter) -> None:
        """Keep chapters of one room as they are now."""
        if not chapters:
            return
        room_id = chapters[0].room_id
        new = {each.place: each for each in chapters}
        others = (each for each in self.places(room_id) if each.place not in new)
        self._rooms[room_id] = _in_time([*others, *new.values()])
        stored = {_field(each): _to_fields(each) for each in new.values()}
        last = _with_numbers(self._last_numbers(room_id), chapters)
        self._documents.put(room_id, {**stored, _LAST: last})

    def delete(self, chapter: Chapter) -> None:
        """Take a chapter's words for good: its time is not told again by itself."""
        bare = replace(chapter.wordless(unpinned=True), people=(), stale=False, deleted=True)
        self.put(bare)

    def remove(self, *chapters: Chapter) -> None:
        """Forget chapters of one room, if they are there, and that their time was ever told."""
        if not chapters:
            return
        room_id = chapters[0].room_id
        last, gone = self._last_numbers(room_id), {each.place for each in chapters}
        left = [each for each in self.places(room_id) if each.place not in gone]
        self._rooms[room_id] = tuple(left)
        stored = {_field(each): _to_fields(each) for each in left}
        self._documents.replace(room_id, {**stored, _LAST: last})

    def clear(self, room_id: RoomId | None) -> int:
        """Forget the chapters of a room, or (None) of all; return how many there were.

        Their numbers are forgotten with them.
        """
        rooms = tuple(self._rooms) if room_id is None else (room_id,)
        count = sum(len(self.of(each)) for each in rooms)
        for each in rooms:
            self._rooms.pop(each, None)
            self._documents.remove(each)
        return count

    def rooms(self) -> tuple[RoomId, ...]:
        """Return the rooms that have chapters."""
        return tuple(room_id for room_id in self._rooms if self.of(room_id))

    def _last_numbers(self, room_id: RoomId) -> Mapping[str, int]:
        """Return the last numbers given, by what they count."""
        stored = self._documents.get(room_id).get(_LAST)
        return stored if isinstance(stored, dict) else _with_numbers({}, self.places(room_id))


def _in_time(chapters: Iterable[Chapter]) -> tuple[Chapter, ...]:
    return tuple(sorted(chapters, key=lambda each: (each.begins, -each.level, each.number)))


def _read(room_id: RoomId, document: Mapping[str, Any]) -> tuple[Chapter, ...]:
    found = (_from_fields(room_id, each) for name, each in document.items() if name != _LAST)
    return _in_time(chapter for chapter in found if chapter)


def _count(level: int) -> str:
    return "parts" if level else "chapters"


def _with_numbers(last: Mapping[str, int], chapters: Iterable[Chapter]) -> dict[str, int]:
    """Return the last numbers given when these chapters have theirs."""
    numbers = dict(last)
    for each in chapters:
        count = _count(each.level)
        numbers[count] = max(numbers.get(count, 0), each.number)
    return numbers


def _field(chapter: Chapter) -> str:
    return f"{chapter.level}/{chapter.number}"


def _to_fields(chapter: Chapter) -> dict[str, Any]:
    stored = {name: getattr(chapter, name) for name in _FIELDS}
    return {**stored, **{name: list(stored[name]) for name in _LISTS}}


def _from_fields(room_id: RoomId, stored: Any) -> Chapter | None:
    """Return the chapter that is in a document, or None where what is there is none."""
    try:
        known: dict[str, Any] = {**stored}
        if known.get("edited_by"):
            known.setdefault(
                "pinned", _WORDS
            )  # in older documents all words were whose edit it was
        lists = {name: tuple(map(str, known.get(name, ()))) for name in _LISTS}
        return Chapter(room_id, **{**known, **lists})
    except TypeError:
        return None
