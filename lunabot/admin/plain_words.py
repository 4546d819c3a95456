"""Plain words: what an administrator asks for without a command, as a command to be confirmed.

The model that answers in the admin room may call one tool, which proposes a command as it would be
typed; the tool's description lists the commands in a line each. (A tool for each command, with a
schema, takes four times the tokens.) It runs nothing: what it writes is data, read by the command's
own declaration, and shown to the administrator as a question. Without a yes nothing happens, were
it a harmless command.
"""

import json
import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from lunabot.admin.authority import Allowed
from lunabot.admin.call import Call, Plan
from lunabot.admin.confirming import Confirmations
from lunabot.admin.execution import record
from lunabot.admin.grammar import Command
from lunabot.admin.invisible import without_invisible
from lunabot.admin.replies import Replies
from lunabot.admin.services import Services
from lunabot.admin.skill import Invocation, Skill
from lunabot.admin.wording import code, fenced
from lunabot.dispatch.queue import Question
from lunabot.errors import UserMistake
from lunabot.llm.tools import Tool, ToolCall
from lunabot.matrix.account import Account
from lunabot.matrix.events import Message
from lunabot.matrix.ids import server_name
from lunabot.matrix.markdown import text_content

_LEAST_BUDGET = 4_000  # tokens of a prompt: of less, the list of commands would take too much
_LONGEST = 4_000  # characters: all of it has to stand in the question
_NEVER = ("yes", "no")  # the answers to the question are the administrator's alone
_ONE = "I understand only one thing at a time: ask for the rest afterwards."
_TYPED = re.compile(r"\s*[/!]?(?P<verb>[\w-]+)(?P<text>(?:\s.*)?)", re.DOTALL)
_TOOL = "propose_command"
_PARAMETER = "command"
_PURPOSE = """\
When an administrator asks you to do something that one of these commands does, propose that \
command; they are asked before it runs. Otherwise just answer. Leave out what stands in [brackets] \
unless it was asked for; quote words with spaces; what ends in … takes the rest of the line.
"""


@dataclass(frozen=True, slots=True)
class PlainWords:
    """Offers the commands to the model where an administrator speaks, and asks about its calls."""

    confirmations: Callable[[], Confirmations]

    @property
    def services(self) -> Services:
        """The running Luna."""
        return self.confirmations().services

    def tools(self, account: Account, questions: Sequence[Question]) -> tuple[Tool, ...]:
        """Return what the model may call for these questions: nothing where nobody may command."""
        services, settings = self.services, self.services.settings
        has_room = settings.context.budget_tokens >= _LEAST_BUDGET
        if not (settings.admin.plain_words and settings.llm.is_configured and has_room):
            return ()
        if account is not services.account:
            return ()
        if not all(self._may_command(question.message) for question in questions):
            return ()
        safe = services.posture().safe
        offered = [
            skill
            for skill in services.registry.skills
            if is_offered(skill) and (safe or not skill.destructive)
        ]
        return (proposing(offered),)

    async def propose(self, questions: Sequence[Question], calls: Sequence[ToolCall]) -> None:
        """Ask the newest asker about the first call; show what is wrong with one that is wrong.

        Raises `WorldError` where that could not be shown.
        """
        message = questions[-1].message
        started = time.monotonic()
        thought = _TOOL
        try:
            thought = _written(calls[0])
            command, invocation = self._read(thought)
            plan = await invocation.plan(Call(message, self.services, _show_nothing))
        except UserMistake as mistake:
            text = f"I thought of {code(thought)}, but: {mistake}"
            content = text_content(text, msgtype="m.notice", in_reply_to=message.event_id)
            await Replies(self.services.account, message).send(content, "mistake")
            return
        shown = _shown(command, plan, more=len(calls) > 1)
        if await self.confirmations().propose(message, command, plan, shown):
            await record(self.services, message, command, "asked", started)

    def _may_command(self, message: Message) -> bool:
        now_ms = self.services.account.server_now()
        decision = self.services.authority.decide(
            message, self.services.posture(), destructive=False, now_ms=now_ms
        )
        return isinstance(decision, Allowed)

    def _read(self, written: str) -> tuple[Command, Invocation]:
        """Return the command that was written, and what it asks for; raises `UserMistake`."""
        match = _TYPED.fullmatch(written)
        if match is None:
            raise UserMistake("that is no command.")
        skill = self.services.registry.require(match["verb"])
        if not is_offered(skill):
            raise UserMistake("that has to be typed.")
        if len(written) > _LONGEST:
            raise UserMistake("it is too long to be shown: type it.")
        invocation = skill.read(match["text"], server_name(self.services.account.user_id))
        if invocation.confirmed:
            raise UserMistake("I may not say yes for you.")
        return Command(skill.verb, match["text"]), invocation


def is_offered(skill: Skill) -> bool:
    """Tell whether a model may propose a command: it neither confirms nor handles secrets."""
    has_secret = any(parameter.converter.secret for parameter in skill.parameters)
    return skill.verb not in _NEVER and not has_secret


def proposing(skills: Iterable[Skill]) -> Tool:
    """Return the tool that proposes one of some commands, which its description lists."""
    lines = [f"{skill.usage} - {skill.summary}" for skill in skills]
    schema = {
        "type": "object",
        "properties": {_PARAMETER: {"type": "string", "description": "the command, as typed"}},
        "required": [_PARAMETER],
    }
    return Tool(_TOOL, "\n".join([_PURPOSE, *lines]), schema)


def _written(call: ToolCall) -> str:
    """Return what a model has written; what cannot be seen is dropped, as in what is typed."""
    try:
        given = json.loads(call.arguments)
    except (ValueError, RecursionError):
        given = None
    written = given.get(_PARAMETER) if isinstance(given, dict) else None
    if not isinstance(written, str):
        raise UserMistake(f"I cannot read {code(call.arguments)}.")
    return without_invisible(written).strip()


def _shown(command: Command, plan: Plan | None, *, more: bool) -> str:
    """Return what is asked: the command, what it would do where it says so, and what is left."""
    typed = fenced(f"/{command.verb}{command.text}")
    parts = ["Is this what you mean?", typed, *([plan.markdown] if plan else [])]
    return "\n\n".join([*parts, *([_ONE] if more else [])])


async def _show_nothing(text: str) -> None:
    """Show no progress: looking what a command would do is quick."""
