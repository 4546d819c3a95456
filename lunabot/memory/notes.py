"""What each persona wants to remember: documents of the state, one for each persona."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from lunabot.matrix.ids import RoomId, UserId
from lunabot.memory.documents import Documents


@dataclass(frozen=True, slots=True)
class Note:
    """Something a persona wants to remember, of somebody or (None) of itself.

    `number` is its own for as long as the persona lives, and never another's. Its source is the
    chapter (of level 0) of a room; a note with the empty `room_id` counts in every room. `written`
    is in milliseconds of the server's clock. `edited_by` is the administrator whose words it has:
    no model changes it. One that took the place of older notes may have words of all chapters from
    `since` on.
    """

    persona: UserId
    number: int
    text: str
    about: UserId | None
    room_id: RoomId
    chapter: int
    written: int
    edited_by: UserId | None = None
    since: int = 0

    def stems_from(self, room_id: RoomId, chapters: Sequence[int]) -> bool:
        """Tell whether it may have words of one of these chapters of a room (in rising order)."""
        first = bisect_left(chapters, self.since or self.chapter)
        return self.room_id == room_id and first < bisect_right(chapters, self.chapter)


_FIELDS = tuple(field.name for field in fields(Note) if field.name != "persona")


class NoteTable:
    """The notes of all personas, and of which chapters each has taken them."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def of(self, persona: UserId) -> tuple[Note, ...]:
        """Return the notes of a persona, by their numbers."""
        stored = self._documents.get(persona).get("notes")
        found = (_from_fields(persona, each) for each in stored or ())
        return tuple(sorted((each for each in found if each), key=lambda note: note.number))

    def put(self, note: Note) -> None:
        """Keep a note as it is now."""
        others = [each for each in self.of(note.persona) if each.number != note.number]
        self._keep(note.persona, [*others, note])

    def add(
        self,
        persona: UserId,
        text: str,
        about: UserId | None,
        room_id: RoomId,
        chapter: int,
        written: int,
    ) -> Note:
        """Keep a new note and return it with its number."""
        number = self.next_number(persona)
        note = Note(persona, number, text, about, room_id, chapter, written)
        self._keep(persona, [*self.of(persona), note])
        return note

    def remove(self, persona: UserId, number: int) -> None:
        """Forget a note, if it is there."""
        self._keep(persona, [each for each in self.of(persona) if each.number != number])

    def clear(self, room_id: RoomId | None) -> int:
        """Forget the notes taken in a room, or (None) all; return how many there were.

        Which chapters they were taken of is forgotten with them.
        """
        count = 0
        for persona in self.personas():
            notes = self.of(persona)
            kept = [] if room_id is None else [each for each in notes if each.room_id != room_id]
            count += len(notes) - len(kept)
            if room_id is None:
                self._documents.remove(persona)
            else:
                self._keep(persona, kept, {**self._taken(persona), room_id: []})
        return count

    def personas(self) -> tuple[UserId, ...]:
        """Return the personas that have taken notes."""
        return tuple(UserId(name) for name in self._documents)

    def next_number(self, persona: UserId) -> int:
        """Return the number that the next new note of a persona gets."""
        last = self._documents.get(persona).get("last", 0)
        return int(max([last, *(note.number for note in self.of(persona))])) + 1

    def taken(self, persona: UserId, room_id: RoomId) -> frozenset[int]:
        """Return the chapters of a room of which a persona has taken its notes, were it none."""
        return frozenset(self._taken(persona).get(room_id, ()))

    def take(self, persona: UserId, room_id: RoomId, chapter: int, notes: Iterable[Note]) -> None:
        """Replace all notes of a persona by those it has after a chapter, at once."""
        numbers = sorted(self.taken(persona, room_id) | {chapter})
        self._keep(persona, list(notes), {**self._taken(persona), room_id: numbers})

    def made_of(self, room_id: RoomId, chapters: frozenset[int]) -> tuple[Note, ...]:
        """Return the notes of all personas that may have words of chapters of a room."""
        numbers = sorted(chapters)
        notes = (note for persona in self.personas() for note in self.of(persona))
        return tuple(note for note in notes if note.stems_from(room_id, numbers))

    def retract(self, room_id: RoomId, chapters: frozenset[int], *, unpinned: bool = False) -> int:
        """Forget the notes that may have words of the chapters; return how many there were.

        These chapters are owed notes again. What an administrator wrote stays, but if `unpinned`.
        """
        count = 0
        numbers = sorted(chapters)
        for persona in self.personas():
            notes, taken = self.of(persona), self.taken(persona, room_id)
            kept = [
                note
                for note in notes
                if not note.stems_from(room_id, numbers) or (note.edited_by and not unpinned)
            ]
            if len(kept) < len(notes) or taken & chapters:
                count += len(notes) - len(kept)
                rest = {**self._taken(persona), room_id: sorted(taken - chapters)}
                self._keep(persona, kept, rest)
        return count

    def forget(self, persona: UserId) -> None:
        """Forget all of a persona that is no more."""
        self._documents.remove(persona)

    def _taken(self, persona: UserId) -> Mapping[str, list[int]]:
        stored = self._documents.get(persona).get("taken")
        return stored if isinstance(stored, dict) else {}

    def _keep(
        self, persona: UserId, notes: list[Note], taken: Mapping[str, list[int]] | None = None
    ) -> None:
        last = max([self.next_number(persona) - 1, *(note.number for note in notes)])
        taken = self._taken(persona) if taken is None else taken
        self._documents.replace(
            persona,
            {
                "last": last,
                "notes": [_to_fields(note) for note in notes],
                "taken": {room_id: numbers for room_id, numbers in taken.items() if numbers},
            },
        )


def _to_fields(note: Note) -> dict[str, Any]:
    return {name: getattr(note, name) for name in _FIELDS}


def _from_fields(persona: UserId, stored: Any) -> Note | None:
    """Return the note that is in a document, or None where what is there is none."""
    try:
        known: Mapping[str, Any] = {**stored}
        return Note(persona, **known)
    except TypeError:
        return None
