"""Tools: what a model may ask for in place of a text, and what it asked for.

OpenAI, chat completions, "Function calling". What a model writes is data: nothing here runs it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool's name (letters, digits, _ and -), what it is for, and a JSON schema of its object."""

    name: str
    description: str
    parameters: Mapping[str, Any] = field(hash=False)

    @property
    def body(self) -> dict[str, object]:
        """How a request declares it."""
        function = {
            "name": self.name,
            "description": self.description,
            "parameters": self.parameters,
        }
        return {"type": "function", "function": function}


@dataclass(frozen=True, slots=True)
class ToolCall:
    """What a model asked for: a name it was given or made up, and JSON, more or less."""

    name: str
    arguments: str
