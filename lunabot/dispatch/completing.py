"""A sync that passed over something is completed before it is handled, so that order is kept."""

import asyncio
import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from lunabot.dispatch.ground import Ground, is_far_enough
from lunabot.errors import WorldError
from lunabot.matrix.account import Account
from lunabot.matrix.batch import Gap, SyncBatch
from lunabot.matrix.history import Page, Pages
from lunabot.matrix.ids import UserId
from lunabot.memory.archive import Archive

log = logging.getLogger(__name__)

_PATIENCE_S = 4.0  # of one batch: meanwhile its account hears nothing new
_PAGES = 10  # of one gap


@dataclass(frozen=True, slots=True)
class Completing:
    """Reads what lies in the gaps of a batch, as far as it may still be answered.

    `own` gives the user ids of Luna's accounts, running or not, `backlog_ms` how old a question may
    be.
    """

    history: Pages
    archive: Archive
    own: Callable[[], Collection[UserId]]
    backlog_ms: Callable[[], int]

    async def __call__(self, account: Account, batch: SyncBatch) -> SyncBatch:
        """Return a batch with what it had passed over before its events, oldest first.

        What is too old or too much, or cannot be had now, stays a gap: it is stored as a hole
        together with the batch, and filled in the background.
        """
        if not batch.gaps:
            return batch
        deadline = asyncio.get_running_loop().time() + _PATIENCE_S
        oldest_ms = account.server_now() - self.backlog_ms()
        pages: list[Page] = []
        gaps: list[Gap] = []
        for gap in batch.gaps:
            read, rest = await self._read(account, gap, oldest_ms, deadline)
            pages += read
            gaps += rest
        late = [each for page in pages for each in page.unread if each.server_timestamp > oldest_ms]
        return replace(
            batch,
            events=(*(event for page in pages for event in page.events), *batch.events),
            unread=(*late, *batch.unread),
            gaps=tuple(gaps),
        )

    async def _read(
        self, account: Account, gap: Gap, oldest_ms: int, deadline: float
    ) -> tuple[list[Page], list[Gap]]:
        """Return what could be read of a gap, in order, and what is left of it."""
        pages: list[Page] = []
        try:
            async with asyncio.timeout_at(deadline):
                while len(pages) < _PAGES:
                    page = await self.history.page(account, gap.room_id, gap.prev_batch, gap.since)
                    pages.insert(0, page)
                    if page.before is None:
                        return pages, []
                    if await self._is_far_enough(page, oldest_ms):
                        return pages, [Ground(gap.room_id, page.before, gap.since)]
                    gap = replace(gap, prev_batch=page.before)
        except (WorldError, TimeoutError) as error:
            log.info("a gap in %s is filled later: %s", gap.room_id, error)
        return pages, [gap]

    async def _is_far_enough(self, page: Page, oldest_ms: int) -> bool:
        known = await self.archive.known(message.event_id for message in page.messages)
        return is_far_enough(page.events, known, self.own(), oldest_ms)
