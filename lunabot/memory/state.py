"""The state (`db.json`): what Luna knows now, as documents of TinyDB; small and readable.

It is kept in memory and saved in the background (see `json_storage`): what must be on the disk
before the next step asks for `flush`. Of messages it holds the newest of each room; the truth
about them is the archive, from which `Memory` fills them at every start.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Self

from lunabot.errors import WorldError
from lunabot.matrix.events import Message
from lunabot.matrix.ids import RoomId, UserId
from lunabot.memory import json_file, recent
from lunabot.memory.chapters import ChapterTable
from lunabot.memory.documents import Documents
from lunabot.memory.json_file import Tables
from lunabot.memory.json_storage import JsonStorage
from lunabot.memory.lenses import LensTable
from lunabot.memory.migrations import migrate
from lunabot.memory.notes import NoteTable
from lunabot.memory.pauses import PauseTable
from lunabot.memory.personas import PersonaTable
from lunabot.memory.questions import QuestionTable
from lunabot.personas.persona import Persona


class State:
    """The documents, behind small typed methods. An instance comes from `open`.

    `questions` are those that wait for a yes or no, `pauses` the rooms stopped by the loop guard.
    `chapters` and `lenses` tell what was said in a room, `notes` what a persona remembers.
    """

    def __init__(self, storage: JsonStorage, warnings: Sequence[str] = ()) -> None:
        self._storage = storage
        self._warnings = tuple(warnings)
        self._facts = Documents(storage, "facts")
        self._recent = Documents(storage, "recent")
        self._personas = PersonaTable(Documents(storage, "personas"))
        self.questions = QuestionTable(Documents(storage, "questions"))
        self.pauses = PauseTable(Documents(storage, "pauses"))
        self.chapters = ChapterTable(Documents(storage, "chapters"))
        self.lenses = LensTable(Documents(storage, "lenses"))
        self.notes = NoteTable(Documents(storage, "notes"))

    @classmethod
    async def open(cls, path: Path | None) -> Self:
        """Open or begin a state; None keeps it in memory, where nothing outlives it.

        A broken file is set aside and its backup taken (see `warnings`). Raises `WorldError`,
        with the file left as it is, when it cannot be read or a newer Luna wrote it.
        """
        try:
            loaded = await asyncio.to_thread(_load, path) if path else (None, ())
        except OSError as error:
            raise WorldError(
                f"{path} cannot be used ({error}). It was left as it is: put that right or move it "
                "away, then start Luna again."
            ) from error
        tables, warnings = loaded
        storage = JsonStorage(path, tables)
        if tables:
            storage.write(tables)  # a backup or a migrated schema is to be the file again
        state = cls(storage, warnings)
        storage.start()
        return state

    @property
    def warnings(self) -> tuple[str, ...]:
        """What administrators should know: a file that was broken, a save that fails."""
        problem = self._storage.problem
        return (*self._warnings, problem) if problem else self._warnings

    def report_to(self, hear: Callable[[str | None], None]) -> None:
        """Have somebody hear of each save that fails, and (None) of the first that works again."""
        self._storage.report_to(hear)

    async def flush(self) -> None:
        """Have every change so far on the disk when this returns; raises `WorldError`."""
        await self._storage.flush()

    async def scrub(self) -> None:
        """Leave nothing on the disk of what was removed, in no copy; raises `WorldError`."""
        await self._storage.scrub()

    async def close(self) -> None:
        """Save what has changed and end; raises `WorldError` when it could not be saved."""
        await self._storage.stop()

    def fact(self, name: str) -> str | None:
        """Return a small fact, such as the id of the admin room."""
        value = self._facts.get(name).get("value")
        return None if value is None else str(value)

    def set_fact(self, name: str, value: str) -> None:
        """Keep a small fact."""
        self._facts.put(name, {"value": value})

    def recent(self, room_id: RoomId) -> tuple[Message, ...]:
        """Return the newest messages of a room, oldest first, as people see them."""
        return recent.sound(room_id, self._recent.get(room_id).get("messages"))

    def recent_rooms(self) -> tuple[RoomId, ...]:
        """Return the rooms whose newest messages are kept."""
        return tuple(RoomId(name) for name in self._recent)

    def remember(self, room_id: RoomId, messages: Iterable[Message]) -> None:
        """Add messages to the newest of a room, each at its place in time; the oldest make place.

        A message that is there already is replaced.
        """
        new = {message.event_id: recent.to_fields(message) for message in messages}
        stored = self._recent.get(room_id).get("messages", ())
        kept = [fields for fields in stored if fields["event_id"] not in new]
        self._recent.put(room_id, {"messages": recent.newest([*kept, *new.values()])})

    def refill(self, room_id: RoomId, messages: Iterable[Message]) -> None:
        """Replace the newest messages of a room by these, as far as the limits allow."""
        stored = recent.newest([recent.to_fields(message) for message in messages])
        if stored != self._recent.get(room_id).get("messages"):
            self._recent.put(room_id, {"messages": stored})

    def forget_recent(self, room_id: RoomId | None = None) -> None:
        """Forget the newest messages of a room, or (None) of all rooms."""
        if room_id is None:
            self._recent.clear()
        else:
            self._recent.remove(room_id)

    def clear(self) -> None:
        """Remove all there is: facts and personas, too."""
        for user_id in (*self.personas(), *self.broken_personas()):
            self.remove_persona(user_id)
        self.chapters.clear(None)
        for table in ("facts", "recent", "questions", "pauses", "lenses", "notes"):
            Documents(self._storage, table).clear()

    def personas(self) -> dict[UserId, Persona]:
        """Return the personas whose documents are sound."""
        return dict(self._personas.sound)

    def broken_personas(self) -> dict[UserId, str]:
        """Return what is wrong with the other personas' documents, a line each."""
        return dict(self._personas.broken)

    def put_persona(self, persona: Persona) -> Persona:
        """Keep a persona; return it as it is kept, its traits by their full names.

        Raises `BrokenPersona` for one whose document could not be read again.
        """
        return self._personas.put(persona)

    def remove_persona(self, user_id: UserId) -> None:
        """Remove a persona and its notes, if it is there, be its document sound or broken."""
        self._personas.remove(user_id)
        self.notes.forget(user_id)


def _load(path: Path) -> tuple[Tables, tuple[str, ...]]:
    tables, warnings = json_file.load(path)
    return migrate(path, tables or {}), warnings
