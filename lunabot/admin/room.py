"""The admin room at work: from a message to a command that was authorised, run and audited."""

import contextlib
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from lunabot.admin.authority import Refusal
from lunabot.admin.confirming import Confirmations
from lunabot.admin.execution import record, see_through
from lunabot.admin.grammar import Command, Names, read_command
from lunabot.admin.pace import MOST, Pace
from lunabot.admin.replies import Replies
from lunabot.admin.services import Services
from lunabot.admin.structured import read_call
from lunabot.admin.ticket import Ticket
from lunabot.admin.wording import code, fenced
from lunabot.errors import Refused, WorldError
from lunabot.matrix.events import Message, Reaction, StateChange
from lunabot.matrix.ids import UserId
from lunabot.tasks import Tasks

log = logging.getLogger(__name__)

_LONGEST_ID = 255  # bytes: specification, "Identifier grammar"; it is copied, so never cut
POSTURE_STATE = (
    "m.room.member",
    "m.room.join_rules",
    "m.room.guest_access",
    "m.room.encryption",
    "m.room.history_visibility",
)


@dataclass
class AdminRoom:
    """Takes the commands out of the conversation and sees each through to its mark and audit.

    `tell` says something to the administrators.
    """

    services: Services
    tell: Callable[[str], None]
    tasks: Tasks = field(default_factory=Tasks)
    confirmations: Confirmations = field(init=False)
    _pace: Pace = field(default_factory=Pace)
    _unsafe: tuple[str, ...] = ()
    _attempt_told: float = -60.0

    def __post_init__(self) -> None:
        self.confirmations = Confirmations(self.services, self.tasks, self._attempted, self.tell)

    async def begin(self) -> None:
        """Take up what an earlier run asked, before the first sync is handled."""
        await self.confirmations.begin()

    async def close(self, grace_s: float) -> None:
        """Give running commands so many seconds to end; open questions wait for the next run."""
        await self.confirmations.close()
        await self.tasks.close(grace_s)

    def claims(self, message: Message) -> bool:
        """Tell whether a message is no conversation: a command, or a stranger's in this room."""
        if message.sender in self.services.own_accounts():
            return False
        if message.room_id != self.services.admin_room:
            return False
        is_administrator = message.sender in self.services.settings.admin.users
        return not is_administrator or self._read(message) is not None

    def run(self, message: Message) -> None:
        """Start a claimed message's command in a task of its own: a long one holds up no other."""
        if command := self._read(message):
            self.tasks.start(self._handle(message, command), f"command {command.verb}")

    def overheard(self, message: Message) -> None:
        """Note in the audit trail what spells a command where, or by whom, none is given.

        Its arguments are left out: what people say stays theirs, and the trail forgets nothing.
        """
        said = message.msgtype == "m.text" and not message.replaces  # notices quote commands
        command = self._read(message) if said else None
        if command and self.services.registry.find(command.verb):
            bare = Command(command.verb, "")
            noting = record(self.services, message, bare, "refused", time.monotonic())
            self.tasks.start(noting, f"attempt at {command.verb}")

    def reacted(self, seer: UserId, reaction: Reaction) -> None:
        """Hear of a reaction that an account saw; Luna's own account sees all that matter here."""
        own = self.services.own_accounts()
        if seer == self.services.account.user_id and reaction.sender not in own:
            self.confirmations.reacted(reaction)

    def state_changed(self, change: StateChange) -> None:
        """Check the room's posture after a change of its state."""
        if change.room_id != self.services.admin_room:
            return
        if change.type in POSTURE_STATE:
            self.check_posture()
        if change.type == "m.room.tombstone":
            self._upgraded(change.content)

    def check_posture(self) -> None:
        """Tell the administrators of a breach, once."""
        problems = self.services.posture().problems
        if problems and problems != self._unsafe:
            self.tell("⚠️ This room is not safe: " + "; ".join(problems) + ".")
        self._unsafe = problems

    async def check_upgrade(self) -> None:
        """Tell the administrators if the room was upgraded, be it long ago."""
        try:
            api = self.services.client_api
            self._upgraded(await api.state(self.services.admin_room, "m.room.tombstone"))
        except Refused:
            pass  # there is no such event
        except WorldError as error:
            log.warning("whether the admin room was upgraded is not known: %s", error)

    def _upgraded(self, tombstone: Mapping[str, Any]) -> None:
        """Tell that I stay (client-server API, "Room upgrades"): anybody could name a room."""
        successor = code(str(tombstone.get("replacement_room", "")), _LONGEST_ID)
        problem = (
            f"this room was upgraded, it goes on as {successor}. I stay here and obey nobody "
            f"there. Where I am to move: set `admin.room` to {successor} and start me again."
        )
        self.services.problems.report("room upgrade", problem)

    def _read(self, message: Message) -> Command | None:
        account, luna = self.services.account, self.services.settings.luna
        if message.call and account.user_id in (message.mentions or ()):
            return read_call(message.call, self.services.registry)
        names = Names(account.user_id, luna.display_name, luna.handles)
        return read_command(message, names, self.services.registry.verbs)

    async def _handle(self, message: Message, command: Command) -> None:
        started = time.monotonic()
        skill = self.services.registry.find(command.verb)
        decision = self.services.authority.decide(
            message,
            self.services.posture(),
            destructive=bool(skill and skill.destructive),
            now_ms=self.services.account.server_now(),
        )
        if isinstance(decision, Refusal):
            await self._refuse(message, command, decision)
        elif over := self._pace.over(message.sender, started):
            await self._slow_down(message, first=over == 1)
        else:
            approve = partial(self.confirmations.ask, message, command)
            await see_through(self.services, message, command, approve)
            return
        await record(self.services, message, command, "refused", started)

    async def _refuse(self, message: Message, command: Command, refusal: Refusal) -> None:
        if not refusal.tell:
            self._attempted(message, refusal)
            return
        again = f":\n\n{fenced(self._typed(command))}" if refusal.again else ""
        await self._say_no(message, refusal.reason, again)

    async def _slow_down(self, message: Message, *, first: bool) -> None:
        """Say once that somebody commands too fast; what comes then is only marked."""
        if first:
            reason = f"not run: over {MOST} commands in a minute – wait, then send it again"
            await self._say_no(message, reason)
            return
        with contextlib.suppress(WorldError):
            await Replies(self.services.account, message).mark(ok=False)

    async def _say_no(self, message: Message, reason: str, more: str = "") -> None:
        log.warning("refused a command of %s: %s", message.sender, reason)
        ticket = Ticket(self.services.account, message)
        ticket.open()
        await ticket.close(reason + more, ok=False)

    def _typed(self, command: Command) -> str:
        """Return a command as it can be typed again; a secret in it has to be put in."""
        skill = self.services.registry.find(command.verb)
        return f"/{command.verb} {skill.masked(command.text) if skill else ''}".strip()

    def _attempted(self, event: Message | Reaction, refusal: Refusal) -> None:
        """Tell the administrators of somebody without authority, at most once a minute."""
        log.warning("refused a command of %s: %s", event.sender, refusal.reason)
        if time.monotonic() - self._attempt_told >= 60:
            self._attempt_told = time.monotonic()
            self.tell(f"⚠️ {event.sender} tried to command me: {refusal.reason}.")
