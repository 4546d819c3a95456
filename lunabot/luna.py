"""Luna while she is logged in: from her first sync to her farewell."""

import asyncio
import dataclasses
import gc
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from lunabot.admin.bulletin import Bulletin
from lunabot.admin.greeting import back_again, farewell, problem_lines, welcome
from lunabot.admin.room import AdminRoom
from lunabot.admin.services import Services
from lunabot.dispatch.attention import Attention
from lunabot.dispatch.inbox import Inbox
from lunabot.dispatch.unread import Unread
from lunabot.errors import WorldError, new_reference
from lunabot.matrix.account import Account, SessionLost
from lunabot.matrix.batch import SyncBatch
from lunabot.matrix.events import Invite, StateChange
from lunabot.matrix.identity import Identity
from lunabot.matrix.ids import RoomId
from lunabot.matrix.invites import is_welcome
from lunabot.matrix.markdown import text_content
from lunabot.stopping import Stopped, Stopping
from lunabot.tasks import Tasks

log = logging.getLogger(__name__)

GRACE_S = 0.7  # for running answers and commands; a stop takes two seconds in all
_FAREWELL_S = 0.5
_STORE_PAUSE_S = 5.0


@dataclass
class Luna:
    """One session of hers, made by `lunabot.startup.start`; `serve` is its whole life.

    `first` is the batch she started with, `fresh` tells that she never synced before.
    """

    services: Services
    account: Account
    identity: Identity
    inbox: Inbox
    room: AdminRoom
    bulletin: Bulletin
    unread: Unread
    attention: Attention
    tasks: Tasks
    stopping: Stopping
    say: Callable[[str], None]
    first: SyncBatch
    fresh: bool
    toy: bool

    async def serve(self) -> None:
        """Serve until a stop is asked for or the session is lost, then stop in order."""
        try:
            await self.stopping.unless_asked(self._begin())
            syncing = self.account.sync_forever(self.first.token, self._take, self._trouble)
            await self.stopping.unless_asked(syncing)
        except Stopped:
            await self._end_work()
            owed = await self.services.memory.archive.owed(self.account.user_id)
            await self._say_farewell(len(owed))
        except SessionLost as error:
            log.error("%s: logging in anew", error)
            await self._end_work()
        finally:
            await self.attention.close()
            await self.tasks.close()
            await self.account.close()

    async def _begin(self) -> None:
        await self._take(self.first)
        backlog_ms = self.services.settings.sync.backlog_minutes * 60_000
        missed = await self.inbox.settle_debts(self.account, backlog_ms)
        self.tasks.start(self._check_model(), "model check")
        if not self.fresh:
            problems = problem_lines(self.services.problems)
            self.bulletin.tell(back_again(problems, missed))
        self._welcome_administrators()
        gc.freeze()  # what is there now stays: a full collection would hold the loop for 30 ms
        self.say(self._ready_line())

    def _ready_line(self) -> str:
        settings = self.services.settings
        room = settings.admin_alias or self.services.admin_room
        names = " or ".join(settings.admin.users)
        return (
            f"Luna is ready. Log in at {settings.homeserver.url} as {names} with any Matrix client "
            f"and accept the invitation to {room}. Ctrl-C stops her."
        )

    async def _end_work(self) -> None:
        await asyncio.gather(
            self.services.queues.close(GRACE_S), self.room.tasks.close(GRACE_S)
        )

    async def _say_farewell(self, owed: int) -> None:
        try:
            async with asyncio.timeout(_FAREWELL_S):
                await self.bulletin.say(farewell(self.stopping.reason, owed))
        except TimeoutError:
            log.warning("no time for a farewell")

    async def _take(self, batch: SyncBatch) -> None:
        """Handle a batch. What fails by our fault is logged and told; the next one comes."""
        self.services.problems.pop("homeserver", None)
        try:
            await self.identity.take(batch)
            for invite in batch.invites:
                self.tasks.start(self._invited(invite), "invitation")
            await self._store(self._with_late_keys(batch))
            for event in batch.events:
                if isinstance(event, StateChange):
                    self._state_changed(event)
        except Exception:
            reference = new_reference()
            log.exception("a sync could not be handled, reference %s", reference)
            self.bulletin.tell(f"⚠️ I stumbled over what a sync brought, reference `{reference}`.")

    async def _store(self, batch: SyncBatch) -> None:
        """Store and hand out a batch, waiting for a disk that is full: nothing is passed over."""
        while True:
            try:
                if self.fresh and batch.token == self.first.token:
                    await self.inbox.take_history(batch)
                else:
                    await self.inbox.take(batch, starting=batch.token == self.first.token)
            except WorldError as error:
                self._has_problem("store", str(error))
                await asyncio.sleep(_STORE_PAUSE_S)
                continue
            self.services.problems.pop("store", None)
            return

    def _with_late_keys(self, batch: SyncBatch) -> SyncBatch:
        now = asyncio.get_running_loop().time()
        self.unread.add(batch.unread, now)
        for event in self.unread.overdue(now):
            self.tasks.start(self._cannot_read(RoomId(event.room_id)), "unreadable message")
        return dataclasses.replace(batch, events=batch.events + self.unread.readable())

    async def _cannot_read(self, room_id: RoomId) -> None:
        if len(self.account.joined_members(room_id)) == 2:
            text = "I could not read your last message: its key did not reach me. Send it again."
            await self.account.say(room_id, text_content(text, msgtype="m.notice"))

    async def _invited(self, invite: Invite) -> None:
        settings = self.services.settings
        if is_welcome(
            invite.sender,
            me=self.account.user_id,
            administrators=settings.admin.users,
            allowed=settings.invites.allowed,
        ):
            await self.account.join(invite.room_id)
        else:
            self.bulletin.tell(
                f"{invite.sender} invited me to `{invite.room_id}`. I did not follow: "
                "`invites.allowed` decides whose invitations I do."
            )

    def _state_changed(self, change: StateChange) -> None:
        if change.room_id == self.services.admin_room:
            self.room.state_changed(change)
            if change.type == "m.room.member":
                self._welcome_administrators()

    def _welcome_administrators(self) -> None:
        """Welcome each administrator once: before they join, nobody could read it."""
        state = self.services.memory.state
        members = self.account.joined_members(self.services.admin_room)
        new = [
            user
            for user in self.services.settings.admin.users
            if user in members and state.fact(f"welcomed {user}") is None
        ]
        if new:
            problems = problem_lines(self.services.problems)
            self.bulletin.tell(welcome(self.account.user_id, toy=self.toy, problems=problems))
        for user in new:
            state.set_fact(f"welcomed {user}", time.strftime("%Y-%m-%d"))

    async def _check_model(self) -> None:
        try:
            await self.services.model.check()
        except WorldError as error:
            self._has_problem("model", str(error))

    def _trouble(self, error: WorldError) -> None:
        log.warning("%s", error)
        self.services.problems["homeserver"] = str(error)

    def _has_problem(self, part: str, problem: str) -> None:
        if self.services.problems.get(part) != problem:
            self.services.problems[part] = problem
            self.bulletin.tell(f"⚠️ **{part}**: {problem}")
