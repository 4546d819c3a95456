"""Plain words: what an administrator asks for without a command, as a command to be confirmed.

The model that answers in the admin room may call tools, which are the commands there are. It runs
none of them: what it calls is data, read by the command's own declaration, and shown to the
administrator as a question. Without a yes nothing happens, were it a harmless command.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lunabot.admin.authority import Allowed
from lunabot.admin.call import Call, Plan
from lunabot.admin.confirming import Confirmations
from lunabot.admin.declaration import Parameter
from lunabot.admin.execution import record
from lunabot.admin.grammar import Command
from lunabot.admin.replies import Replies
from lunabot.admin.services import Services
from lunabot.admin.skill import Skill
from lunabot.admin.structured import spelled
from lunabot.admin.wording import code, fenced
from lunabot.dispatch.queue import Question
from lunabot.errors import UserMistake
from lunabot.llm.tools import Tool, ToolCall
from lunabot.matrix.account import Account
from lunabot.matrix.events import Message
from lunabot.matrix.ids import server_name
from lunabot.matrix.markdown import text_content

_LONGEST = 4_000  # characters: all of it has to stand in the question
_NEVER = ("yes", "no")  # the answers to the question are the administrator's alone
_ONE = "I understand only one thing at a time: ask for the rest afterwards."


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
        services = self.services
        if account is not services.account or not services.settings.llm.is_configured:
            return ()
        if not all(self._may_command(question.message) for question in questions):
            return ()
        safe = services.posture().safe
        return tuple(
            tool_of(skill)
            for skill in services.registry.skills
            if is_offered(skill) and (safe or not skill.destructive)
        )

    async def propose(self, questions: Sequence[Question], calls: Sequence[ToolCall]) -> None:
        """Ask the newest asker about the first call; show what is wrong with one that is wrong.

        Raises `WorldError` where that could not be shown.
        """
        message = questions[-1].message
        started = time.monotonic()
        try:
            command = self._command(calls[0])
            plan = await self._plan(message, command, more=len(calls) > 1)
        except UserMistake as mistake:
            text = f"I thought of {code(f'/{calls[0].name}')}, but: {mistake}"
            content = text_content(text, msgtype="m.notice", in_reply_to=message.event_id)
            await Replies(self.services.account, message).send(content, "mistake")
            return
        if await self.confirmations().propose(message, command, *plan):
            await record(self.services, message, command, "asked", started)

    def _may_command(self, message: Message) -> bool:
        now_ms = self.services.account.server_now()
        decision = self.services.authority.decide(
            message, self.services.posture(), destructive=False, now_ms=now_ms
        )
        return isinstance(decision, Allowed)

    def _command(self, call: ToolCall) -> Command:
        """Return the command that a call means; raises `UserMistake`."""
        skill = self.services.registry.require(call.name)
        if not is_offered(skill):
            raise UserMistake("that has to be typed.")
        text = spelled(skill, _arguments(call))
        if len(text) > _LONGEST:
            raise UserMistake("it is too long to be shown: type it.")
        return Command(skill.verb, text)

    async def _plan(
        self, message: Message, command: Command, *, more: bool
    ) -> tuple[Plan | None, str]:
        """Return the command's own plan, if it has one, and what is shown with the question."""
        skill = self.services.registry.require(command.verb)
        me = self.services.account.user_id
        plan = await skill.read(command.text, server_name(me)).plan(
            Call(message, self.services, _show_nothing)
        )
        shown = ["Is this what you mean?", fenced(f"/{command.verb}{command.text.rstrip()}")]
        shown += [plan.markdown] if plan else []
        return plan, "\n\n".join([*shown, *([_ONE] if more else [])])


def is_offered(skill: Skill) -> bool:
    """Tell whether a model may propose a command: it neither confirms nor handles secrets."""
    has_secret = any(parameter.converter.secret for parameter in skill.parameters)
    return skill.verb not in _NEVER and not has_secret


def tool_of(skill: Skill) -> Tool:
    """Return a skill as a tool: the declaration's texts, and the JSON schema of its parameters."""
    schema = {
        "type": "object",
        "properties": {each.name: _property(each) for each in skill.parameters},
        "required": [each.name for each in skill.parameters if each.required],
    }
    return Tool(skill.verb, skill.summary, schema)


def _property(parameter: Parameter) -> Mapping[str, Any]:
    converter = parameter.converter
    kinds = {"integer": "integer", "number": "number", "boolean": "boolean"}
    one: dict[str, Any] = {"type": kinds.get(converter.sort, "string")}
    if converter.choices:
        one["enum"] = list(converter.choices)
    told = {"description": f"{parameter.description}: {converter.kind}"}
    return {"type": "array", "items": one, **told} if converter.several else {**one, **told}


def _arguments(call: ToolCall) -> Mapping[str, Any]:
    try:
        given = json.loads(call.arguments or "{}")
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise UserMistake(f"I cannot read {code(call.arguments)}.")
    return given


async def _show_nothing(text: str) -> None:
    """Show no progress: looking what a command would do is quick."""
