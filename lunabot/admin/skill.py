"""Skills: what an administrator can command. Each is declared by one async function.

Its positional parameters are words, the keyword-only ones are options, a `Tail` comes last and
takes the rest. The docstring is a summary, an optional description, and a line a parameter::

    @skill("greet", examples=("greet @scout:localhost Welcome home!",))
    async def greet(call: Call, user: UserId, *, loud: bool = False, text: Tail = "Hello") -> str:
        \"""Say hello to somebody.

        user: who is greeted
        loud: in capital letters
        text: what to say
        \"""

Signature and docstring are the parser, the help and the documentation. A skill that destroys has
a second function with the same parameters, which looks what would go and changes nothing::

    async def melt_plan(call: Call, room: RoomReference) -> Plan:
        count = ...
        return Plan(f"**{count} snowmen** melt in {room.typed}.", fingerprint=str(count))

    @skill("melt", destructive=True, plan=melt_plan)
    async def melt(call: Call, room: RoomReference) -> str:
        ...
"""

import inspect
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lunabot.admin.arguments import Arguments, Shape, join_arguments, split_arguments
from lunabot.admin.call import Answer, Call, Plan
from lunabot.admin.declaration import Parameter, Place, read_docstring, read_parameters
from lunabot.admin.parameters import converter_for
from lunabot.errors import LunaError, UserMistake

SkillFunction = Callable[..., Awaitable[Answer | str]]
PlanFunction = Callable[..., Awaitable[Plan | None]]
"""Returns None where nothing would go: then nobody is asked."""

_VERB = re.compile(r"[a-z][a-z0-9_]*")
_CONFIRMED: Final = "yes"
_MASK: Final = "***"


class DeclarationError(LunaError):
    """A skill is declared wrong: its author's mistake. The text has file, line, verb and fix."""


@dataclass(frozen=True, slots=True)
class Skill:
    """A verb and the function behind it. `where` is the file and line of the declaration.

    `bang_aliases` are names that some client keeps for itself behind a slash: people are told the
    ``!name``. A `destructive` skill with a `plan` asks before it acts, unless ``--yes`` was typed.
    """

    verb: str
    function: SkillFunction
    summary: str
    description: str
    parameters: tuple[Parameter, ...]
    group: str
    where: str
    aliases: tuple[str, ...] = ()
    bang_aliases: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    destructive: bool = False
    plan: PlanFunction | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The verb and all its aliases."""
        return (self.verb, *self.aliases, *self.bang_aliases)

    @property
    def usage(self) -> str:
        """The line that shows how to type it."""
        ordered = self._at("word") + self._at("option") + self._at("tail")
        parts = [p.typed if p.required else f"[{p.typed}]" for p in ordered]
        return " ".join((f"/{self.verb}", *parts))

    @property
    def shape(self) -> Shape:
        """What has to be known to split this verb's arguments."""
        flags = {parameter.name for parameter in self.parameters if parameter.flag}
        return Shape(
            words=len(self._at("word")),
            options=frozenset(parameter.name for parameter in self._at("option")) - flags,
            flags=frozenset(flags | {_CONFIRMED} if self.destructive else flags),
            tail=bool(self._at("tail")),
        )

    def read(self, text: str, server: str) -> "Invocation":
        """Return what the text behind the verb asks for; `server` is Luna's server name.

        Raises `UserMistake` with what was wrong and the usage line. What was typed is not repeated
        where a secret may be in it.
        """
        try:
            arguments = split_arguments(text, self.shape)
            values = dict(self._values(arguments, server))
            confirmed = converter_for(bool)(arguments.options.get(_CONFIRMED, "no"), server)
        except UserMistake as mistake:
            reason = "I cannot read that." if self._secrets() else str(mistake)
            raise UserMistake(f"{reason}\n\nUsage: `{self.usage}`") from None
        return Invocation(self, values, self.destructive and confirmed)

    def masked(self, text: str) -> str:
        """Return the text behind the verb for the audit trail: ``***`` stands for each secret."""
        secrets = self._secrets()
        if not secrets:
            return text.strip()
        try:
            typed = split_arguments(text, self.shape)
        except UserMistake:
            return _MASK
        words = zip(self._at("word"), typed.words, strict=False)
        hides_tail = any(parameter.name in secrets for parameter in self._at("tail"))
        return join_arguments(
            Arguments(
                tuple(_MASK if parameter.name in secrets else word for parameter, word in words),
                {key: _MASK if key in secrets else typed.options[key] for key in typed.options},
                _MASK if typed.tail and hides_tail else typed.tail,
            )
        )

    def _values(self, arguments: Arguments, server: str) -> Iterator[tuple[str, Any]]:
        words = list(arguments.words)
        for parameter in self.parameters:
            typed: str | None
            if parameter.place == "word":
                typed = words.pop(0) if words else None
            elif parameter.place == "option":
                typed = arguments.options.get(parameter.name)
            else:
                typed = arguments.tail or None
            if typed is not None:
                yield parameter.argument, parameter.converter(typed, server)
            elif parameter.required:
                raise UserMistake(_missing(parameter))
            else:
                yield parameter.argument, parameter.default

    def _at(self, place: Place) -> tuple[Parameter, ...]:
        return tuple(parameter for parameter in self.parameters if parameter.place == place)

    def _secrets(self) -> frozenset[str]:
        return frozenset(p.name for p in self.parameters if p.converter.secret)


@dataclass(frozen=True, slots=True)
class Invocation:
    """A skill with the values of its parameters; `confirmed` tells that ``--yes`` was typed."""

    skill: Skill
    values: Mapping[str, Any]
    confirmed: bool = False

    async def plan(self, call: Call) -> Plan | None:
        """Return what has to be confirmed, None for nothing. What the plan raises is raised."""
        if self.confirmed or self.skill.plan is None:
            return None
        return await self.skill.plan(call, **self.values)

    async def run(self, call: Call) -> Answer:
        """Do it. What the function raises is raised."""
        answer = await self.skill.function(call, **self.values)
        return Answer(answer) if isinstance(answer, str) else answer


def skill(
    verb: str,
    *,
    aliases: tuple[str, ...] = (),
    bang_aliases: tuple[str, ...] = (),
    group: str | None = None,
    destructive: bool = False,
    plan: PlanFunction | None = None,
    examples: tuple[str, ...] = (),
) -> Callable[[SkillFunction], Skill]:
    """Make a `Skill` of the async function below; raises `DeclarationError`.

    `group` is the heading in the list of commands: the file's name, if not given. `examples` are
    commands without the slash; each has to parse. `plan` is the function that says what a
    destructive skill would do; without one it does not ask.
    """

    def declare(function: SkillFunction) -> Skill:
        source = inspect.unwrap(function).__code__
        where = f"{source.co_filename}:{source.co_firstlineno}"
        try:
            described = read_docstring(function)
            declared = Skill(
                verb=verb,
                function=function,
                summary=described.summary,
                description=described.text,
                parameters=tuple(read_parameters(function, described.parameters)),
                group=group or Path(source.co_filename).stem,
                where=where,
                aliases=aliases,
                bang_aliases=bang_aliases,
                examples=examples,
                destructive=destructive,
                plan=plan,
            )
            _check(declared)
        except (TypeError, NameError) as error:
            raise DeclarationError(f"{where}: /{verb}: {error}") from None
        return declared

    return declare


def _missing(parameter: Parameter) -> str:
    choices = f" ({parameter.converter.kind})" if parameter.converter.choices else ""
    return f"`{parameter.typed}` is missing: {parameter.description}{choices}."


def _check(declared: Skill) -> None:
    for name in declared.names:
        if not _VERB.fullmatch(name):
            raise TypeError(f"`{name}` cannot be a verb: small letters, digits and _ can")
    if declared.destructive and any(p.name == _CONFIRMED for p in declared.parameters):
        raise TypeError(f"`--{_CONFIRMED}` is taken: it skips the question before it destroys")
    if declared.destructive and any(p.converter.secret for p in declared.parameters):
        raise TypeError("what destroys takes no secret: the question before it would hold it")
    if declared.plan:
        _check_plan(declared, declared.plan)
    for example in declared.examples:
        verb, _, text = example.partition(" ")
        if verb not in declared.names:
            raise TypeError(f"the example `{example}` does not start with the verb")
        try:
            declared.read(text, "localhost")
        except UserMistake as mistake:
            raise TypeError(f"the example `{example}` does not parse: {mistake}") from None


def _check_plan(declared: Skill, plan: PlanFunction) -> None:
    if not declared.destructive:
        raise TypeError("only what destroys has a plan: add `destructive=True`")
    expected = list(inspect.signature(declared.function).parameters)
    if not inspect.iscoroutinefunction(plan) or [*inspect.signature(plan).parameters] != expected:
        raise TypeError(f"its plan has to be `async def plan({', '.join(expected)})`")
