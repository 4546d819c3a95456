"""One of Luna's accounts at work: it syncs, answers verifications, follows invitations."""

import asyncio
import dataclasses
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial

from lunabot.dispatch.absence import Absence
from lunabot.dispatch.inbox import Inbox
from lunabot.dispatch.unread import Unread
from lunabot.errors import WorldError, new_reference
from lunabot.matrix.account import Account
from lunabot.matrix.batch import SyncBatch
from lunabot.matrix.events import Invite, StateChange
from lunabot.matrix.ids import RoomId, UserId
from lunabot.matrix.markdown import text_content
from lunabot.opening import Opened
from lunabot.problems import Problems
from lunabot.storing import until_stored
from lunabot.tasks import Tasks

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Household:
    """What all residents share.

    `is_welcome` decides whose invitations an account follows, `tell` reaches the administrators,
    `state_changed` hears of every change of a room's state that an account sees, `absence` of what
    an account finds that it owes. `complete` brings what a sync has passed over.
    """

    inbox: Inbox
    absence: Absence
    problems: Problems
    tell: Callable[[str], None]
    is_welcome: Callable[[UserId], bool]
    state_changed: Callable[[Account, StateChange], Awaitable[None]]
    complete: Callable[[Account, SyncBatch], Awaitable[SyncBatch]]


@dataclass
class Resident:
    """An account that is open and lives in the house.

    For one that is fresh, what was said before it came is history. `part` names it where its
    troubles are shown.
    """

    opened: Opened
    house: Household
    part: str
    tasks: Tasks = field(default_factory=Tasks)
    unread: Unread = field(init=False)

    def __post_init__(self) -> None:
        self.unread = Unread(self.account)

    @property
    def account(self) -> Account:
        """The account itself."""
        return self.opened.account

    async def arrive(self) -> None:
        """Take the first batch: it tells where the account is, and what it has said already."""
        await self._take(self.opened.first)

    async def begin(self, backlog_ms: int) -> None:
        """Hand out all that is owed, once the account has arrived and counts as running."""
        inbox, first = self.house.inbox, self.opened.first
        self.house.absence.note(await inbox.settle_debts(self.account, backlog_ms))
        if not self.opened.fresh:
            inbox.hear_late(self.account, first, backlog_ms)

    async def follow(self) -> None:
        """Sync until cancelled. Raises `SessionLost`."""
        await self.account.sync_forever(self.opened.first.token, self._take, self._trouble)

    async def close(self) -> None:
        """End what runs and close the account."""
        await self.tasks.close()
        await self.account.close()

    async def _take(self, batch: SyncBatch) -> None:
        """Handle a batch. What fails by our fault is logged and told; the next one comes."""
        self.house.problems.solve(self.part)
        try:
            await self.opened.identity.take(batch)
            for invite in batch.invites:
                self.tasks.start(self._invited(invite), "invitation")
            complete = await self.house.complete(self.account, batch)
            for event in batch.events:  # before the token says that this batch was had
                if isinstance(event, StateChange):
                    await self.house.state_changed(self.account, event)
            await self._store(self._with_late_keys(complete))
        except Exception:
            reference = new_reference()
            log.exception("%s: a sync was not handled, reference %s", self.part, reference)
            self.house.tell(f"⚠️ I stumbled over what a sync brought, reference `{reference}`.")

    async def _store(self, batch: SyncBatch) -> None:
        """Store and hand out a batch; nothing is passed over."""
        inbox, starting = self.house.inbox, batch.token == self.opened.first.token
        if starting and self.opened.fresh:
            take = partial(inbox.take_history, batch)
        else:
            take = partial(inbox.take, self.account, batch, starting=starting)
        await until_stored(take, self.house.problems)

    def _with_late_keys(self, batch: SyncBatch) -> SyncBatch:
        now = asyncio.get_running_loop().time()
        self.unread.add(batch.unread, now)
        for event in self.unread.overdue(now):
            self.tasks.start(self._cannot_read(RoomId(event.room_id)), "unreadable message")
        return dataclasses.replace(batch, events=batch.events + self.unread.readable())

    async def _cannot_read(self, room_id: RoomId) -> None:
        if self.account.joined_count(room_id) == 2:
            text = "I could not read your last message: its key did not reach me. Send it again."
            await self.account.say(room_id, text_content(text, msgtype="m.notice"))

    async def _invited(self, invite: Invite) -> None:
        if self.house.is_welcome(invite.sender):
            await self.account.join(invite.room_id)
        else:
            self.house.tell(
                f"{invite.sender} invited {self.account.user_id} to `{invite.room_id}`. That was "
                "not followed: `invites.allowed` decides whose invitations are."
            )

    def _trouble(self, error: WorldError) -> None:
        log.warning("%s: %s", self.part, error)
        self.house.problems.report(self.part, str(error), quietly=True)
