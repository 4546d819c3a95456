"""The admin room at work: from a message to a command that was authorised, run and audited."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from lunabot.admin.authority import Refusal
from lunabot.admin.confirming import Confirmations
from lunabot.admin.execution import record, see_through
from lunabot.admin.grammar import Command, Names, read_command
from lunabot.admin.services import Services
from lunabot.admin.ticket import Ticket
from lunabot.matrix.events import Message, Reaction, StateChange
from lunabot.matrix.ids import UserId
from lunabot.tasks import Tasks

log = logging.getLogger(__name__)

POSTURE_STATE = ("m.room.member", "m.room.join_rules", "m.room.guest_access", "m.room.encryption")


@dataclass
class AdminRoom:
    """Takes the commands out of the conversation and sees each through to its mark and audit.

    `tell` says something to the administrators.
    """

    services: Services
    tell: Callable[[str], None]
    tasks: Tasks = field(default_factory=Tasks)
    confirmations: Confirmations = field(init=False)
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

    def reacted(self, seer: UserId, reaction: Reaction) -> None:
        """Hear of a reaction that an account saw; Luna's own account sees all that matter here."""
        own = self.services.own_accounts()
        if seer == self.services.account.user_id and reaction.sender not in own:
            self.confirmations.reacted(reaction)

    def state_changed(self, change: StateChange) -> None:
        """Check the room's posture after a change of its state."""
        if change.room_id == self.services.admin_room and change.type in POSTURE_STATE:
            self.check_posture()

    def check_posture(self) -> None:
        """Tell the administrators of a breach, once."""
        problems = self.services.posture().problems
        if problems and problems != self._unsafe:
            self.tell("⚠️ This room is not safe: " + "; ".join(problems) + ".")
        self._unsafe = problems

    def _read(self, message: Message) -> Command | None:
        account, luna = self.services.account, self.services.settings.luna
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
            await self._refuse(message, decision)
            await record(self.services, message, command, "refused", started)
            return
        approve = partial(self.confirmations.ask, message, command)
        await see_through(self.services, message, command, approve)

    async def _refuse(self, message: Message, refusal: Refusal) -> None:
        if not refusal.tell:
            self._attempted(message, refusal)
            return
        log.warning("refused a command of %s: %s", message.sender, refusal.reason)
        ticket = Ticket(self.services.account, message)
        ticket.open()
        await ticket.close(refusal.reason, ok=False)

    def _attempted(self, event: Message | Reaction, refusal: Refusal) -> None:
        """Tell the administrators of somebody without authority, at most once a minute."""
        log.warning("refused a command of %s: %s", event.sender, refusal.reason)
        if time.monotonic() - self._attempt_told >= 60:
            self._attempt_told = time.monotonic()
            self.tell(f"⚠️ {event.sender} tried to command me: {refusal.reason}.")
