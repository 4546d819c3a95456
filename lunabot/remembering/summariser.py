"""Summing up: in the background when there is enough, on command at once, each text once."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Literal

from lunabot.errors import UserMistake, WorldError
from lunabot.matrix.ids import RoomId
from lunabot.memory import messages
from lunabot.problems import Problems
from lunabot.remembering.chapter_work import owed_chapters
from lunabot.remembering.desk import Desk, Kind, Work
from lunabot.remembering.lens_work import owed_lenses
from lunabot.remembering.note_work import owed_notes
from lunabot.remembering.reading import Unusable
from lunabot.remembering.renewal import renew
from lunabot.remembering.resting import Resting
from lunabot.remembering.writer import Enough, Writer

log = logging.getLogger(__name__)

Report = Callable[[str], Awaitable[None]]
_Done = Kind | Literal["outdated"]

_PART = "memory"  # among the problems
_TRIES = 3  # before a text that cannot be written is one of them
_LOOK_EVERY_S = 60.0  # each look reads what is new in the rooms that have news
_PAUSE_S = 60.0  # after the model or a store failed, or when the day's tokens are spent


@dataclass(frozen=True, slots=True)
class Summarised:
    """What was written, how many tokens it took, and why not all of it was ("" where it was)."""

    chapters: int = 0
    lenses: int = 0
    notes: int = 0
    tokens: int = 0
    left: str = ""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is to be written: with so much new talk (about tokens), up to the end, of one lens."""

    enough: int
    close: bool = False
    lens: str | None = None


class Summariser:
    """Writes what is owed: chapters first, then the lenses, then personas' notes."""

    def __init__(self, desk: Desk, writer: Writer, problems: Problems) -> None:
        self._desk = desk
        self._writer = writer
        self._problems = problems
        self._resting = Resting(desk.now)
        self._one = asyncio.Lock()
        self._rooms: frozenset[RoomId] | None = None  # with news, once all have been looked at
        self._trouble = ""

    async def run(self) -> None:
        """Write what is owed as it comes, for ever, where the settings want that."""
        while True:
            pause_s = _LOOK_EVERY_S
            try:
                await self.work_off()
            except WorldError as error:
                log.warning("summing up: %s", error)
                self._trouble, pause_s = str(error), _PAUSE_S
            await asyncio.sleep(pause_s)

    async def work_off(self) -> None:
        """Write all that is owed in the rooms in which something happened since it was last done.

        Raises `Enough` or another `WorldError` where that has to wait.
        """
        news = self._desk.memory.take_news()
        if self._rooms is None:
            self._rooms = frozenset(await self._all_rooms())
        self._rooms |= news
        settings = self._desk.settings().memory
        if not settings.summarise:
            return
        for room_id in sorted(self._rooms):
            while await self._write_next(room_id, _Wanted(settings.new_tokens), self._resting):
                pass
        self._rooms &= self._resting.rooms()
        self._trouble = ""

    async def summarise(
        self,
        room_id: RoomId | None,
        lens: str | None = None,
        since_ms: int | None = None,
        progress: Report | None = None,
    ) -> Summarised:
        """Bring a room, or (None) all of them, up to date now; with `lens`, only that.

        What has been said last becomes a chapter, too, if there is enough of it. With `since_ms`,
        what was made of the time from then on is made anew. `progress` hears how far it is.

        Raises `UserMistake` for a lens that does not exist, and `WorldError` where the model or a
        store fails: what was written up to then is kept.
        """
        if lens not in (None, *self._desk.settings().lenses):
            raise UserMistake(f"there is no lens {lens!r} in the configuration")
        rooms = await self._all_rooms() if room_id is None else (room_id,)
        if since_ms is not None:
            async with self._desk.memory.unchanged():
                for each in rooms:
                    renew(self._desk.memory.state, each, since_ms, lens)
        spent = await self._writer.spent_today()
        written: Counter[str] = Counter()
        failed = Resting(self._desk.now)
        left = ""
        try:
            for each in rooms:
                wanted = _Wanted(1, close=True, lens=lens)
                while done := await self._write_next(each, wanted, failed):
                    written[done] += 1
                    if progress:
                        await progress(_so_far(written))
        except Enough as error:
            left = str(error)
        tokens = max(await self._writer.spent_today() - spent, 0)
        return Summarised(
            written["chapter"],
            written["lens"],
            written["notes"],
            tokens,
            left or "; ".join(failed.reasons()),
        )

    async def status(self) -> str:
        """Return in words how far it is behind, what it has spent today, and its last trouble."""
        spent, most = await self._writer.spent_today(), self._desk.settings().memory.daily_tokens
        behind = await self._behind()
        status = f"about {behind:,} tokens not summed up, {spent:,} of {most:,} tokens spent today"
        return f"{status}; {self._trouble}" if self._trouble else status

    async def _write_next(self, room_id: RoomId, wanted: _Wanted, resting: Resting) -> _Done | None:
        """Write the first text of a room that is owed and does not rest; None: there is none."""
        async with self._one, aclosing(self._owed(room_id, wanted)) as owed:
            async for work in owed:
                if resting.rests(work.name):
                    continue
                try:
                    done: _Done = work.kind if await self._write(work) else "outdated"
                except Unusable as error:
                    log.warning("%s is not kept: %s", work.name, error)
                    resting.refuse(work.name, room_id, str(error))
                    self._tell()
                    continue
                resting.accept(work.name)
                self._tell()
                return done
        return None

    async def _owed(self, room_id: RoomId, wanted: _Wanted) -> AsyncGenerator[Work]:
        if wanted.lens is None:
            async for work in owed_chapters(self._desk, room_id, close=wanted.close):
                yield work
        async for work in owed_lenses(self._desk, room_id, wanted.enough, wanted.lens):
            yield work
        if wanted.lens is None:
            async for work in owed_notes(self._desk, room_id):
                yield work

    async def _write(self, work: Work) -> bool:
        """Write a text and tell whether it is kept: not where what it was made of has changed."""
        text = await self._writer.write(work.task)
        async with self._desk.memory.unchanged():
            is_current = work.basis() == work.seen and await self._desk.unchanged(work)
            if is_current:
                work.keep(text)
        await self._desk.memory.state.flush()
        return is_current

    def _tell(self) -> None:
        """Note as a problem what could not be written in several tries, or that all of it can."""
        reasons = self._resting.reasons(_TRIES)
        if reasons:
            self._problems.report(_PART, "; ".join(reasons), quietly=True)
        else:
            self._problems.solve(_PART)

    async def _all_rooms(self) -> tuple[RoomId, ...]:
        return await self._desk.memory.archive.search(messages.room_ids)

    async def _behind(self) -> int:
        """Return about how many tokens of talk no lens has read yet."""
        lenses, state = self._desk.settings().lenses, self._desk.memory.state
        read = {}
        for room_id in await self._all_rooms():
            texts = [state.lenses.get(room_id, lens) for lens in lenses]
            read[room_id] = max(
                (text.until for text in texts if text and not text.stale), default=0
            )
        return await self._desk.memory.archive.search(messages.weight_after, read)


def _so_far(written: Counter[str]) -> str:
    return (
        f"Written so far: chapters {written['chapter']}, lens texts {written['lens']}, "
        f"notes {written['notes']}"
    )
