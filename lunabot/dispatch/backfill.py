"""What was said while nobody looked, and before anybody came: fetched in the background."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field

from lunabot.dispatch.looking import Intake, Looking, readers
from lunabot.dispatch.watch import Progress, Report, Watch
from lunabot.errors import Refused, WorldError, new_reference
from lunabot.matrix.account import Account
from lunabot.matrix.history import Page, Pages
from lunabot.matrix.ids import RoomId, UserId
from lunabot.matrix.nio_client import GONE
from lunabot.memory.archive import Archive
from lunabot.memory.holes import Hole

log = logging.getLogger(__name__)

_PAUSE_S = 0.05  # after a page, or as long as it took: half of the time belongs to others
_GIVE_WAY_S = 1.0  # to answers, after each page; a model may take long, and costs little meanwhile
_IDLE_S = 5.0
_REST_S = 60.0


@dataclass
class Backfill:
    """Works off the archive's holes, page by page, and has `looking` look now and then.

    `accounts` are those that run; `gap_fill_s` tells how long it is from one look to the next.
    """

    accounts: Mapping[UserId, Account]
    archive: Archive
    history: Pages
    intake: Intake
    looking: Looking
    gap_fill_s: Callable[[], float]
    _watches: set[Watch] = field(default_factory=set)
    _resting: dict[int, float] = field(default_factory=dict)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Fill holes and look for what is missing, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._fill_holes())
            group.create_task(self._look_around())

    async def fetch_new(self, report: Report) -> Progress:
        """Fill all gaps and look for what no sync brought; return what came of it.

        Raises `WorldError` where the homeserver or the disk fails.
        """
        holes = await self.archive.holes()
        gaps = [each for each in holes if each.until and each.account in self.accounts]
        async with self._watching(gaps) as watch:
            filled = await watch.follow(report)
        return await self.looking.look(report, filled)

    async def fetch_all(self, room_id: RoomId | None, report: Report) -> Progress:
        """Fetch a room, or every room, back to its beginning or as far as an account may see.

        A stop cuts off no more than the reports: what is left is fetched after the next start.
        Raises `WorldError` where the homeserver or the disk fails; it goes on by itself then.
        """
        holes = []
        for room, account in readers(self.accounts).items():
            token = await self.archive.sync_token(account.user_id)
            if token is not None and room_id in (None, room):
                holes.append(await self.archive.note_history(room, account.user_id, token))
        async with self._watching(holes) as watch:
            return await watch.follow(report)

    @contextlib.asynccontextmanager
    async def _watching(self, holes: Iterable[Hole]) -> AsyncIterator[Watch]:
        watch = Watch(holes)
        self._watches.add(watch)
        self._resting.clear()
        self._wake.set()
        try:
            yield watch
        finally:
            self._watches.discard(watch)

    async def _fill_holes(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            started = loop.time()
            hole = await self._next_hole()
            if hole:
                await self._work_on(hole)
                await self._rest(loop.time() - started, self.intake.is_waited_for(hole))
            else:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_IDLE_S):
                        await self._wake.wait()
                self._wake.clear()

    async def _rest(self, took_s: float, is_waited_for: bool) -> None:
        """Leave processor, disk and homeserver to others for a while after a page."""
        await asyncio.sleep(max(_PAUSE_S, took_s))
        if is_waited_for:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GIVE_WAY_S):
                while self.intake.is_busy:  # noqa: ASYNC110 - there is no hurry to be told
                    await asyncio.sleep(_PAUSE_S)

    async def _next_hole(self) -> Hole | None:
        """Return what to work on, the oldest first: what is waited for, then gaps, then history."""
        now = asyncio.get_running_loop().time()
        try:
            holes = await self.archive.holes()
        except WorldError as error:
            log.warning("what is still to be fetched is not known: %s", error)
            return None
        ready = [
            hole
            for hole in holes
            if hole.account in self.accounts and self._resting.get(hole.id, 0.0) <= now
        ]
        return min(ready, key=lambda hole: not self.intake.is_waited_for(hole), default=None)

    async def _work_on(self, hole: Hole) -> None:
        """Fetch one page of a hole; one that makes trouble is left alone for a while."""
        try:
            page = await self._page(hole)
            is_over = await self._is_over(hole, page)
            new = await self._store(hole, page)
            await self.archive.advance(hole, page.before)
            if is_over:
                await self.intake.release(hole)
        except Exception as error:
            self._resting[hole.id] = asyncio.get_running_loop().time() + _REST_S
            trouble = _as_trouble(hole, error)
            for watch in self._watches:
                watch.failed(hole, trouble)
        else:
            for watch in self._watches:
                watch.stored(hole, page, new)

    async def _page(self, hole: Hole) -> Page:
        """Return the next page of a hole; an empty last one where the account may read no more."""
        account = self.accounts[hole.account]
        if hole.room_id not in account.client.rooms:
            return Page((), None)
        try:
            return await self.history.page(account, hole.room_id, hole.token, hole.until)
        except Refused as error:
            if error.errcode in GONE:
                raise
            log.warning("%s may not read on in %s: %s", hole.account, hole.room_id, error)
            return Page((), None)

    async def _is_over(self, hole: Hole, page: Page) -> bool:
        """Tell whether a page of a gap, not stored yet, is the last one that answers wait for."""
        if hole.until is None:
            return False
        if page.before is None:
            return True
        account = self.accounts[hole.account]
        return self.intake.is_waited_for(hole) and await self.intake.is_far_enough(account, page)

    async def _store(self, hole: Hole, page: Page) -> int:
        if hole.until:
            return await self.intake.take(self.accounts[hole.account], page.events)
        return await self.intake.memory.record_history(page.events)

    async def _look_around(self) -> None:
        while True:
            await asyncio.sleep(self.gap_fill_s())
            try:
                found = await self.looking.look(_unheard, Progress())
            except WorldError as error:
                log.info("looking for what is missing: %s", error)
            else:
                log.info("%d messages had been missed in %d rooms", found.new, found.rooms)


def _as_trouble(hole: Hole, error: Exception) -> WorldError:
    """Return what a failure says to people. A fault of ours must not end the work on all holes."""
    if isinstance(error, WorldError):
        log.info("%s is fetched later: %s", hole.room_id, error)
        return error
    reference = new_reference()
    log.error("fetching %s failed, reference %s", hole.room_id, reference, exc_info=error)
    return WorldError(f"a fault of mine, reference `{reference}`")


async def _unheard(progress: Progress) -> None:
    """Report to nobody."""
