"""A household for tests that are about something else: nobody was away, nothing is missing."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import cast

from lunabot.dispatch.absence import Absence
from lunabot.dispatch.inbox import Inbox, Owed
from lunabot.dispatch.queue import RoomQueues
from lunabot.matrix.account import Account
from lunabot.matrix.batch import SyncBatch
from lunabot.matrix.events import StateChange
from lunabot.matrix.ids import UserId
from lunabot.memory.archive import Archive
from lunabot.problems import Problems
from lunabot.resident import Household


def quiet_household(
    inbox: object,
    problems: Problems,
    tell: Callable[[str], None],
    is_welcome: Callable[[UserId], bool] = lambda user: False,
    changes: list[StateChange] | None = None,
) -> Household:
    """Return what residents share, with an inbox that need not be a real one.

    What changes is added to `changes`.
    """

    async def note(account: Account, change: StateChange) -> None:
        if changes is not None:
            changes.append(change)

    return Household(
        cast(Inbox, inbox),
        Absence(cast(Archive, None), cast(RoomQueues, None), tell),
        problems,
        tell,
        is_welcome,
        note,
        _complete_already,
    )


@dataclass(frozen=True, slots=True)
class QuietInbox:
    """An inbox in which nothing is owed, and nobody tapped anything while Luna was away."""

    store: Callable[[SyncBatch], Awaitable[None]]

    async def take(self, account: Account, batch: SyncBatch, *, starting: bool = False) -> None:
        """Take a batch in which nothing is asked."""
        await self.store(batch)

    async def take_history(self, batch: SyncBatch) -> None:
        """Take a batch of which nothing is to be answered."""
        await self.store(batch)

    async def settle_debts(self, account: Account, backlog_ms: int) -> Owed:
        """Find that an account owes nothing."""
        return Owed()

    def hear_late(self, account: Account, batch: SyncBatch, backlog_ms: int) -> None:
        """Hear of no taps."""


async def _complete_already(account: Account, batch: SyncBatch) -> SyncBatch:
    return batch
