"""Luna while she is logged in: from her first sync to her farewell."""

import asyncio
import gc
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain, repeat

from lunabot.admin.bulletin import Bulletin
from lunabot.admin.descriptions import publish
from lunabot.admin.greeting import back_again, farewell, welcome
from lunabot.admin.room import AdminRoom
from lunabot.admin.services import Services
from lunabot.dispatch.attention import Attention
from lunabot.dispatch.debts import STARTING_S
from lunabot.errors import WorldError
from lunabot.matrix.account import Account
from lunabot.matrix.events import StateChange
from lunabot.matrix.ids import UserId
from lunabot.matrix.nio_client import SessionLost
from lunabot.memory.retrieval.retriever import Retriever
from lunabot.metrics.server import serve_metrics
from lunabot.personas.fleet import Fleet
from lunabot.personas.inspection import Inspection
from lunabot.resident import Resident
from lunabot.stopping import Stopped, Stopping
from lunabot.storing import watch_saves
from lunabot.tasks import Tasks

log = logging.getLogger(__name__)

GRACE_S = 0.7  # for running answers and commands; a stop takes two seconds in all
_FAREWELL_S = 0.5
_SETTLE_EVERY_S = 60.0


@dataclass
class Luna:
    """One session of hers, made by `lunabot.startup.start`; `serve` is its whole life.

    `say` writes a line for whoever started her; `toy` tells that she thinks with the local toy.
    """

    services: Services
    accounts: Mapping[UserId, Account]
    me: Resident
    fleet: Fleet
    inspection: Inspection
    room: AdminRoom
    retriever: Retriever
    bulletin: Bulletin
    attention: Attention
    tasks: Tasks
    stopping: Stopping
    say: Callable[[str], None]
    toy: bool

    async def serve(self) -> None:
        """Serve until a stop is asked for or the session is lost, then stop in order."""
        try:
            await self.stopping.unless_asked(self._begin())
            await self.stopping.unless_asked(self.me.follow())
        except Stopped:
            await self._end_work()
            owed = await self.services.memory.archive.owed(self.me.account.user_id)
            await self._say_farewell(len(owed))
        except SessionLost as error:
            log.error("%s: logging in anew", error)
            await self._end_work()
        finally:
            await self.fleet.close()
            await self.attention.close()
            await self.tasks.close()
            await self.me.close()

    async def state_changed(self, account: Account, change: StateChange) -> None:
        """Hear of a change of a room's state: of the admin room's, when Luna herself sees it."""
        await self.fleet.state_changed(account, change)
        if account is self.me.account and change.room_id == self.services.admin_room:
            self.room.state_changed(change)
            if change.type == "m.room.member":
                self._welcome_administrators()

    async def _begin(self) -> None:
        watch_saves(self.services.memory.state, self.services.problems)
        await self.room.begin()
        self.fleet.assemble()
        await self.me.arrive()
        await self.me.begin(self._backlog_ms())
        self.room.check_posture()
        self.tasks.start(self.room.check_upgrade(), "room upgrade")
        self.tasks.start(publish(self.services), "command descriptions")
        mended = await self.services.personas().mend()
        for line in mended:
            self.bulletin.tell(line)
        await self.fleet.start()
        self.tasks.start(self._check_model(), "model check")
        self.tasks.start(self.inspection.run(), "inspection")
        self.tasks.start(self.services.history().run(), "history")
        self.tasks.start(self.services.summariser.run(), "summing up")
        self.tasks.start(self.retriever.run(), "vectors")
        self.tasks.start(self.me.house.absence.report(), "absence")
        self.tasks.start(self._settle_debts(), "debts")
        self.tasks.start(serve_metrics(self.services), "metrics")
        if self._was_here_before():
            self.bulletin.tell(back_again(self.services.problems.lines()))
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
        await asyncio.gather(self.services.queues.close(GRACE_S), self.room.close(GRACE_S))

    async def _say_farewell(self, owed: int) -> None:
        try:
            async with asyncio.timeout(_FAREWELL_S):
                await self.bulletin.say(farewell(self.stopping.reason, owed))
        except TimeoutError:
            log.warning("no time for a farewell")

    def _backlog_ms(self) -> int:
        return self.services.settings.sync.backlog_minutes * 60_000

    async def _settle_debts(self) -> None:
        """Now and then take up what is still owed, such as what could not be sent for long.

        First when accounts that have not come up are waited for no longer.
        """
        for pause_s in chain([STARTING_S], repeat(_SETTLE_EVERY_S)):
            await asyncio.sleep(pause_s)
            for account in list(self.accounts.values()):
                try:
                    await self.me.house.inbox.settle_debts(account, self._backlog_ms())
                except WorldError as error:
                    log.warning("what is owed could not be read: %s", error)

    def _was_here_before(self) -> bool:
        """Tell whether an administrator knows her; the archive may know nothing, it may be lost."""
        state, administrators = self.services.memory.state, self.services.settings.admin.users
        return any(state.fact(f"welcomed {user}") for user in administrators)

    def _welcome_administrators(self) -> None:
        """Welcome each administrator once: before they join, nobody could read it."""
        state, account = self.services.memory.state, self.me.account
        new = [
            user
            for user in self.services.settings.admin.users
            if account.has_joined(self.services.admin_room, user)
            and state.fact(f"welcomed {user}") is None
        ]
        if new:
            problems = self.services.problems.lines()
            self.bulletin.tell(welcome(account.user_id, toy=self.toy, problems=problems))
        for user in new:
            state.set_fact(f"welcomed {user}", time.strftime("%Y-%m-%d"))

    async def _check_model(self) -> None:
        try:
            await self.services.model.check()
        except WorldError as error:
            self.services.problems.report("model", str(error))
        finally:
            gc.freeze()  # the model's package came only now
