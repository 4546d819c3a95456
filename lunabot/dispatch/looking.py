"""Looking in each room for messages that no sync brought: a net below the syncs' own."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from lunabot.dispatch.ground import is_far_enough, is_known_ground, missed
from lunabot.dispatch.inbox import Inbox
from lunabot.dispatch.watch import Progress, Report
from lunabot.errors import Refused
from lunabot.matrix.account import Account
from lunabot.matrix.events import RoomEvent
from lunabot.matrix.history import Page, Pages
from lunabot.matrix.ids import RoomId, UserId
from lunabot.memory.archive import Archive
from lunabot.memory.holes import Hole
from lunabot.memory.memory import Memory

log = logging.getLogger(__name__)


def readers(accounts: Mapping[UserId, Account]) -> dict[RoomId, Account]:
    """Return who reads which room: of those in it, the first."""
    found: dict[RoomId, Account] = {}
    for account in accounts.values():
        for room_id in account.client.rooms:
            found.setdefault(RoomId(room_id), account)
    return found


@dataclass(frozen=True, slots=True)
class Intake:
    """Where messages go that no sync brought.

    What may still be answered goes through the inbox, the rest is history: `backlog_ms` tells how
    old a question may be.
    """

    inbox: Inbox
    memory: Memory
    backlog_ms: Callable[[], int]

    @property
    def is_busy(self) -> bool:
        """Whether somebody is being answered now."""
        return self.inbox.queues.busy_rooms > 0

    async def take(self, account: Account, events: tuple[RoomEvent, ...]) -> int:
        """Store what was missed in a room; return how many messages were new.

        What Luna's own answers were while they grew is no message of its own.
        """
        events = tuple(event for event in events if not self.inbox.is_growth(event))
        oldest_ms = account.server_now() - self.backlog_ms()
        if any(event.timestamp >= oldest_ms for event in events):
            return await self.inbox.take_found(account, events)
        return await self.memory.record_history(events)

    async def is_far_enough(self, account: Account, page: Page) -> bool:
        """Tell whether nothing before a page of a gap, not taken yet, is to be answered."""
        oldest_ms = account.server_now() - self.backlog_ms()
        known = await self.memory.archive.known(message.event_id for message in page.messages)
        return is_far_enough(page.events, known, self.inbox.own(), oldest_ms)

    def is_waited_for(self, hole: Hole) -> bool:
        """Tell whether answers wait for a hole to be filled."""
        return self.inbox.debts.is_open(hole)

    async def release(self, hole: Hole) -> None:
        """Hand out what waited: what is left of a hole holds nothing to be answered."""
        if hole.until is not None:
            self.inbox.debts.note_over(hole.account, hole.room_id, hole.until)
            await self.settle()

    async def settle(self) -> None:
        """Hand out, in order, what was asked in all that was taken, whoever owes the answer."""
        for account in list(self.inbox.accounts.values()):
            await self.inbox.settle_debts(account, self.backlog_ms())


@dataclass(frozen=True, slots=True)
class Looking:
    """Reads rooms backwards until known ground; `accounts` are those that run."""

    accounts: Mapping[UserId, Account]
    archive: Archive
    history: Pages
    intake: Intake

    async def look(self, report: Report, so_far: Progress) -> Progress:
        """Look into each room once, and add to `so_far` what was found.

        Raises `WorldError` where the homeserver or the disk fails.
        """
        wanted = readers(self.accounts)
        progress = replace(so_far, rooms_done=0, rooms=len(wanted), left=None)
        for done, (room_id, account) in enumerate(wanted.items(), 1):
            new = await self._look_into(room_id, account)
            if new:
                await self.intake.settle()
            progress = replace(progress, rooms_done=done, new=progress.new + new)
            await report(progress)
        return progress

    async def _look_into(self, room_id: RoomId, account: Account) -> int:
        """Return how many messages of a room were new.

        It begins where the account's last sync ended: what is newer the next one brings.
        """
        new = 0
        token = await self.archive.sync_token(account.user_id)
        ground_ms = await self.archive.oldest(room_id)
        while token is not None and ground_ms is not None:
            try:
                page = await self.history.page(account, room_id, token)
            except Refused as error:
                log.info("%s cannot look into %s: %s", account.user_id, room_id, error)
                break
            known = await self.archive.known(message.event_id for message in page.messages)
            new += await self.intake.take(account, missed(page.events, known, ground_ms))
            is_history = any(event.timestamp < ground_ms for event in page.events)
            if is_history or is_known_ground(page.messages, known, self.intake.inbox.own()):
                break
            token = page.before
        return new
