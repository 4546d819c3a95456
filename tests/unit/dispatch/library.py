"""A homeserver with rooms to be read backwards, and whoever reads them into a memory."""

import asyncio
import itertools
import time
from collections.abc import Collection, Sequence
from types import SimpleNamespace
from typing import Any, cast

import aiohttp

from lunabot.dispatch.backfill import Backfill
from lunabot.dispatch.completing import Completing
from lunabot.dispatch.debts import Debts
from lunabot.dispatch.inbox import Owed
from lunabot.dispatch.looking import Intake, Looking
from lunabot.dispatch.queue import Question, RoomQueues
from lunabot.dispatch.watch import Progress
from lunabot.homeserver.http import HomeserverClient
from lunabot.matrix.account import Account
from lunabot.matrix.events import RoomEvent
from lunabot.matrix.history import History
from lunabot.matrix.ids import RoomId, UserId
from lunabot.memory.memory import Memory
from tests.fake_account import FakeAccount
from tests.fake_homeserver import FakeHomeserver
from tests.room_events import Event, wrote
from tests.unit.dispatch.people import ADA, LUNA, ROOM

BACKLOG_MS = 3_600_000


class Library:
    """Luna in a room with Ada; `reports` is what was told.

    `asked` is what went through the inbox; `settled` holds how often that had been the case each
    time the debts were settled. `queues` tells how many rooms are being answered in.
    """

    def __init__(
        self, home: FakeHomeserver, memory: Memory, session: aiohttp.ClientSession
    ) -> None:
        self.home, self.memory = home, memory
        self._times = itertools.count(int(time.time() * 1000) - 60_000)
        self.luna = FakeAccount(LUNA)
        self.luna.enter(ROOM, ADA)
        self.accounts: dict[UserId, Account] = {LUNA: self.luna}
        self.asked: list[list[str]] = []
        self.settled: list[int] = []
        self.reports: list[Progress] = []
        self.queues = SimpleNamespace(busy_rooms=0)
        self.debts = Debts(self.accounts, memory, RoomQueues(self._answer), self.own)
        history = History(HomeserverClient(home.url, session, patience_s=0.5))
        intake = Intake(cast(Any, self), memory, lambda: BACKLOG_MS)
        looking = Looking(self.accounts, memory.archive, history, intake)
        self.completing = Completing(history, memory.archive, self.own, lambda: BACKLOG_MS)
        self.backfill = Backfill(
            self.accounts, memory.archive, history, intake, looking, lambda: 600.0
        )
        self._running: asyncio.Task[None] | None = None

    def write(self, *bodies: str, room: RoomId = ROOM, ago_ms: int = 0) -> list[Event]:
        """Let Ada have said something; return it as the server has it."""
        said = [
            wrote(ADA, body) | {"origin_server_ts": next(self._times) - ago_ms} for body in bodies
        ]
        self.home.timelines.setdefault(room, []).extend(said)
        return said

    async def known(self, room: RoomId = ROOM) -> list[str]:
        """Return all that is known of a room, oldest first."""
        return [each.body for each in await self.memory.archive.recent(room, 10_000)]

    async def report(self, progress: Progress) -> None:
        self.reports.append(progress)

    def is_growth(self, event: object) -> bool:
        """Stand in for the inbox."""
        return False

    async def take_found(self, account: Account, events: Sequence[RoomEvent]) -> int:
        """Stand in for the inbox."""
        recorded = await self.memory.record_found(events)
        self.asked.append([each.body for each in recorded.shown])
        return len(recorded.new)

    def own(self) -> Collection[UserId]:
        """Stand in for the inbox."""
        return self.accounts.keys()

    async def settle_debts(self, account: Account, backlog_ms: int) -> Owed:
        """Stand in for the inbox."""
        self.settled.append(len(self.asked))
        return Owed()

    async def _answer(self, questions: Sequence[Question]) -> None:
        raise AssertionError

    def start(self) -> None:
        """Let the background work."""
        self._running = asyncio.create_task(self.backfill.run())

    async def stop(self) -> None:
        """End that, if it runs, as a stop does."""
        if self._running:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
