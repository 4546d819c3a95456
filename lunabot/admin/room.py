"""The admin room at work: from a message to a command that was authorised, run and audited."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from lunabot.admin.authority import Refusal
from lunabot.admin.call import Answer, Call
from lunabot.admin.grammar import Command, Names, read_command
from lunabot.admin.services import Services
from lunabot.admin.ticket import Ticket
from lunabot.admin.wording import code
from lunabot.errors import LunaError, UserMistake, new_reference
from lunabot.matrix.events import Message, StateChange
from lunabot.matrix.ids import server_name
from lunabot.memory.audit import AuditEntry, Outcome
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
    _unsafe: tuple[str, ...] = ()
    _attempt_told: float = -60.0

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

    def state_changed(self, change: StateChange) -> None:
        """Check the room's posture after a change of its state, and tell a breach once."""
        if change.room_id != self.services.admin_room or change.type not in POSTURE_STATE:
            return
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
        ticket = Ticket(self.services.account, message)
        reference = None
        outcome: Outcome = "refused"
        try:
            if isinstance(decision, Refusal):
                await self._refuse(ticket, message, decision)
            else:
                outcome = "failed"  # unless it ends well: a stop may cut it off
                ticket.open()
                answer, reference = await self._answer(ticket, message, command)
                outcome = "ok" if answer.ok else "failed"
                await ticket.close(answer.markdown, ok=answer.ok)
        finally:
            ticket.drop()
            await self._audit(message, command, outcome, started, reference)

    async def _audit(
        self,
        message: Message,
        command: Command,
        outcome: Outcome,
        started: float,
        reference: str | None,
    ) -> None:
        skill = self.services.registry.find(command.verb)
        # What stands behind a mistyped verb may be a secret that nothing declares as one.
        arguments = skill.masked(command.text) if skill else ""
        await self.services.memory.archive.record_command(
            AuditEntry(
                timestamp=int(time.time() * 1000),
                event_id=message.event_id,
                sender=message.sender,
                verb=skill.verb if skill else command.verb,
                arguments=arguments,
                outcome=outcome,
                duration_ms=int((time.monotonic() - started) * 1000),
                reference=reference,
            )
        )

    async def _answer(
        self, ticket: Ticket, message: Message, command: Command
    ) -> tuple[Answer, str | None]:
        """Run a command; return its answer, and the reference number of a fault of ours."""
        try:
            skill = self.services.registry.require(command.verb)
            server = server_name(self.services.account.user_id)
            call = Call(message, self.services, ticket.progress)
            return await skill.read(command.text, server).run(call), None
        except UserMistake as mistake:
            return Answer(str(mistake), ok=False), None
        except LunaError as error:
            return Answer(f"That did not work: {error}.", ok=False), None
        except Exception:
            reference = new_reference()
            log.exception("/%s failed, reference %s", command.verb, reference)
            text = (
                f"Something broke inside me while I ran {code('/' + command.verb)}. "
                f"It is a fault of mine, reference `{reference}`: my log tells more under it."
            )
            return Answer(text, ok=False), reference

    async def _refuse(self, ticket: Ticket, message: Message, refusal: Refusal) -> None:
        log.warning("refused a command of %s: %s", message.sender, refusal.reason)
        if refusal.tell:
            ticket.open()
            await ticket.close(refusal.reason, ok=False)
        elif time.monotonic() - self._attempt_told >= 60:
            self._attempt_told = time.monotonic()
            self.tell(f"⚠️ {message.sender} tried to command me: {refusal.reason}.")
