"""A command whose arguments came as data, from a client's form or a model: how it is typed.

Whatever was given is spelled as text, quoted where it has to be, and then read by the declaration
like any other command: there is one door. What cannot be seen is dropped, as in what is typed.
"""

from collections.abc import Mapping
from typing import Any

from lunabot.admin.arguments import Arguments, join_arguments
from lunabot.admin.declaration import Parameter
from lunabot.admin.grammar import Command, normalise_verb
from lunabot.admin.invisible import without_invisible
from lunabot.admin.registry import Registry
from lunabot.admin.skill import Skill
from lunabot.admin.wording import code
from lunabot.errors import UserMistake
from lunabot.matrix.command_call import CommandCall


def read_call(call: CommandCall, registry: Registry) -> Command:
    """Return the command that a client sent as data; what is wrong with it is its `mistake`."""
    verb = normalise_verb("_".join(call.command.split()))
    skill = registry.find(verb)
    try:
        return Command(verb, spelled(skill, call.arguments) if skill else "")
    except UserMistake as mistake:
        return Command(verb, "", str(mistake))


def spelled(skill: Skill, given: Mapping[str, Any]) -> str:
    """Return the text behind the verb that says the same as these arguments, by their names.

    A value may be a text, number, truth value, a list of these, or an object with an ``id`` (a room
    of MSC4391); None and an empty list are not given. Raises `UserMistake` for what cannot be said.
    """
    known = {parameter.name: parameter for parameter in skill.parameters}
    for name in given:
        if name not in known:
            raise UserMistake(f"{code(f'/{skill.verb}')} takes no {code(name)}.")
    typed = {
        name: _typed(known[name], value) for name, value in given.items() if value not in (None, [])
    }
    options = {name: typed[name] for name in typed if known[name].place == "option"}
    tail = "".join(typed[name] for name in typed if known[name].place == "tail")
    arguments = Arguments(tuple(_words(skill, typed)), options, tail)
    text = without_invisible(join_arguments(arguments))
    return text if text.startswith("\n") else f" {text}"


def _words(skill: Skill, typed: Mapping[str, str]) -> list[str]:
    """Return the positional words, of which none may be missing before another one."""
    words = [parameter.name for parameter in skill.parameters if parameter.place == "word"]
    given = [name for name in words if name in typed]
    for missing in words[: len(given)]:
        if missing not in given:
            raise UserMistake(f"{code(given[-1])} needs {code(missing)} before it.")
    return [typed[name] for name in given]


def _typed(parameter: Parameter, value: Any) -> str:
    if isinstance(value, list):
        if not parameter.converter.several:
            raise UserMistake(f"{code(parameter.name)} is one value, not several.")
        return ",".join(_one(parameter, each) for each in value)
    return _one(parameter, value)


def _one(parameter: Parameter, value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case str() | int() | float():
            return str(value)
        case {"id": str(identifier)}:
            return identifier
    raise UserMistake(f"{code(parameter.name)} is not {parameter.converter.kind}.")
