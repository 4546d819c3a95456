"""A command that a client sent as data beside the text of a message.

MSC4391, "Command invocation". The stable name is read, too.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_KEYS = ("m.bot.command", "org.matrix.msc4391.command")


@dataclass(frozen=True, slots=True)
class CommandCall:
    """What somebody filled in: a command by its description, and arguments by their keys."""

    command: str
    arguments: Mapping[str, Any] = field(hash=False)


def read_command_call(content: Mapping[str, Any]) -> CommandCall | None:
    """Return what a message's content calls; None where that is nothing."""
    for key in _KEYS:
        match content.get(key):
            case {"command": str(command), **rest}:
                arguments = rest.get("arguments")
                return CommandCall(command, arguments if isinstance(arguments, Mapping) else {})
    return None
