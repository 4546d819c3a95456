"""What Luna remembers, as administrators may purge it: the homeserver keeps what it has."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from lunabot.admin.finding import shown_room
from lunabot.admin.services import Services
from lunabot.admin.wording import counted
from lunabot.matrix.ids import RoomId
from lunabot.memory import purges, purging
from lunabot.memory.purges import Extent
from lunabot.memory.purging import Made
from lunabot.purging.scope import Holdings, Report, size

_ON_THE_SERVER = (
    "The server and people's clients keep what was said: `!fetch_all` brings it back from there, "
    "and nothing else does."
)


@dataclass(frozen=True, slots=True)
class Messages:
    """What was said in a room, before a day (UTC) or (None) at all, with what was made of it."""

    services: Services
    room_id: RoomId
    day: date | None

    async def look(self) -> Holdings | None:
        """Return how many messages would go."""
        extent, made = await self._extent(), await self._made()
        if extent.oldest is None and not _listed(made):
            return None
        until = f" from before {self.day} (UTC)" if self.day else ""
        lines = _listed(made)
        if self.day and lines:
            lines = ["what was made of them; what tells of later ones, too, is written anew"]
        # Talk goes on while the question waits: what is said last is no reason to ask again.
        oldest = extent.messages if self.day else extent.oldest
        return Holdings(
            f"{counted(extent.messages, 'message')}{until} of {self._room()}",
            lines,
            _ON_THE_SERVER,
            f"{self.room_id} {self.day} {oldest}",
        )

    async def empty(self, report: Report) -> str:
        """Purge the room."""
        services, before = self.services, await self._extent()

        async def progress(taken: int) -> None:
            await report(f"{taken:,} of about {before.messages:,} messages are gone.")

        now = services.account.server_now()
        await purging.purge_messages(services.memory, self.room_id, self._moment(), now, progress)
        await report("Writing the files anew, so that no trace is left.")
        await purging.scrub(services.memory)
        archive = services.memory.archive
        left = await archive.search(purges.left, self.room_id, self._moment())
        return (
            f"{self._room()}: {counted(before.messages, 'message')} before, {left:,} "
            f"after. All rooms together: {size(await archive.counts())}."
        )

    async def _extent(self) -> Extent:
        archive = self.services.memory.archive
        return await archive.search(purges.measure, self.room_id, self._moment())

    async def _made(self) -> Made:
        return await purging.made(self.services.memory, self.room_id)

    def _moment(self) -> int | None:
        if self.day is None:
            return None
        midnight = datetime(self.day.year, self.day.month, self.day.day, tzinfo=UTC)
        return int(midnight.timestamp() * 1000)

    def _room(self) -> str:
        return shown_room(self.services, self.room_id)


@dataclass(frozen=True, slots=True)
class Summaries:
    """What was made of the messages of a room, or (None) of all rooms; the messages stay."""

    services: Services
    room_id: RoomId | None

    async def look(self) -> Holdings | None:
        """Return how many texts would go."""
        made = await purging.made(self.services.memory, self.room_id)
        if not (lines := _listed(made)):
            return None
        return Holdings(
            f"What I made of the messages of {self._where()}",
            lines,
            "The messages stay, and as there is more to sum up, it is written anew.",
            f"{self.room_id} {made}",
        )

    async def empty(self, report: Report) -> str:
        """Purge the texts."""
        memory = self.services.memory
        before = await purging.made(memory, self.room_id)
        await purging.purge_made(memory, self.room_id)
        await purging.scrub(memory)
        after = await purging.made(memory, self.room_id)
        return f"{self._where('All rooms')}: {_told(before)} before, {_told(after)} after."

    def _where(self, everywhere: str = "all rooms") -> str:
        return shown_room(self.services, self.room_id) if self.room_id else everywhere


@dataclass(frozen=True, slots=True)
class Store:
    """All local data but what is needed to live, and the books."""

    services: Services

    async def look(self) -> Holdings | None:
        """Return how much there is."""
        memory = self.services.memory
        counts = await memory.archive.counts()
        made = _listed(await purging.made(memory, None))
        if not counts.messages and not made:
            return None
        rooms = counted(counts.rooms, "room")
        personas = counted(len(memory.state.personas()), "persona")
        return Holdings(
            f"All that I remember: {size(counts)} on the disk, of {rooms}",
            [*made, "the answers that I owe, and what is still to be fetched"],
            f"{personas}, all accounts, passwords and keys, the paused rooms and the books (the "
            f"audit trail and the tokens spent) stay. {_ON_THE_SERVER}",
            "store",
        )

    async def empty(self, report: Report) -> str:
        """Empty both stores."""
        memory = self.services.memory
        archive = memory.archive
        before = await archive.counts()
        await purging.purge_store(memory, self.services.account.server_now())
        await report("Writing the files anew, so that no trace is left.")
        await purging.scrub(memory)
        left = await archive.search(purges.left, None, None)
        after = replace(await archive.counts(), messages=left)
        return f"{size(before)} before, {size(after)} after."


def _listed(made: Made) -> list[str]:
    counts = {
        "chapter": made.chapters,
        "lens text": made.lenses,
        "note": made.notes,
        "embedding": made.vectors,
    }
    return [counted(count, kind) for kind, count in counts.items() if count]


def _told(made: Made) -> str:
    return ", ".join(_listed(made)) or "nothing"
