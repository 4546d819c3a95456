"""A command that may run, seen through to its answer, its mark and its entry in the audit trail."""

import logging
import time
from collections.abc import Awaitable, Callable
from functools import partial

from lunabot.admin.call import Answer, Call, Plan
from lunabot.admin.grammar import Command
from lunabot.admin.services import Services
from lunabot.admin.ticket import Ticket
from lunabot.admin.wording import code
from lunabot.errors import LunaError, UserMistake, new_reference
from lunabot.matrix.events import Message, Reaction
from lunabot.matrix.ids import server_name
from lunabot.memory.audit import AuditEntry, Outcome
from lunabot.storing import until_stored

log = logging.getLogger(__name__)

Approve = Callable[[Plan | None], Awaitable[bool]]
"""Gets a command's plan, None where it has none, and says whether it is to run now.

What it raises ends the command as if the command had raised it.
"""


async def see_through(
    services: Services, message: Message, command: Command, approve: Approve, stage: str = ""
) -> None:
    """Run a command; one that is not approved is suspended: somebody was asked."""
    started = time.monotonic()
    ticket = Ticket(services.account, message, stage)
    outcome: Outcome = "failed"  # unless it ends well: a stop may cut it off
    reference = None
    ticket.open()
    try:
        try:
            call = Call(message, services, ticket.progress)
            answer, reference = await _carry_out(call, command, approve)
            if answer is None:
                outcome = "asked"
            else:
                outcome = "ok" if answer.ok else "failed"
                await ticket.close(answer.markdown, ok=answer.ok)
        finally:  # what was asked at once: what is answered comes behind it in the trail
            await record(services, message, command, outcome, started, reference)
        if answer is None:
            await ticket.suspend()
    finally:
        ticket.drop()


async def record(
    services: Services,
    event: Message | Reaction,
    command: Command,
    outcome: Outcome,
    started: float,
    reference: str | None = None,
) -> None:
    """Add what somebody wanted with an event to the audit trail; it `started` at that monotonic s.

    What stands behind a mistyped verb may be a secret that nothing declares as one: it is left out.
    """
    skill = services.registry.find(command.verb)
    entry = AuditEntry(
        timestamp=int(time.time() * 1000),
        event_id=event.event_id,
        sender=event.sender,
        verb=skill.verb if skill else command.verb,
        arguments=skill.masked(command.text) if skill else "",
        outcome=outcome,
        duration_ms=int((time.monotonic() - started) * 1000),
        reference=reference,
    )
    await until_stored(partial(services.memory.archive.record_command, entry), services.problems)


async def _carry_out(
    call: Call, command: Command, approve: Approve
) -> tuple[Answer | None, str | None]:
    """Run a command; return its answer, and the reference number of a fault of ours."""
    try:
        skill = call.services.registry.require(command.verb)
        if command.mistake:
            raise UserMistake(f"{command.mistake}\n\nUsage: `{skill.usage}`")
        invocation = skill.read(command.text, server_name(call.services.account.user_id))
        approved = await approve(await invocation.plan(call))
        return (await invocation.run(call) if approved else None), None
    except UserMistake as mistake:
        return Answer(str(mistake), ok=False), None
    except LunaError as error:
        return Answer(f"That did not work: {str(error).rstrip('.')}.", ok=False), None
    except Exception:
        reference = new_reference()
        log.exception("/%s failed, reference %s", command.verb, reference)
        text = (
            f"Something broke inside me while I ran {code('/' + command.verb)}. "
            f"It is a fault of mine, reference `{reference}`: my log tells more under it."
        )
        return Answer(text, ok=False), reference
