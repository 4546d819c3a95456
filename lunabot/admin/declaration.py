"""What a skill's function says about itself: its docstring and the parameters of its signature."""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_type_hints

from lunabot.admin.call import Call
from lunabot.admin.parameters import Converter, converter_for

REQUIRED: Final = inspect.Parameter.empty
_DESCRIBES = re.compile(r"(?P<name>\w+): +(?P<what>\S.*)")
_SOFT_BREAK = re.compile(r"(?<!\n)\n(?![\n\s*\d-])")

Place = Literal["word", "option", "tail"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a skill's function, and how it is typed in a command.

    `argument` is what the function calls it: ``set_`` is typed as ``--set``, where Python has
    another use for the word (PEP 8).
    """

    name: str
    argument: str
    description: str
    converter: Converter
    place: Place
    default: Any = REQUIRED

    @property
    def required(self) -> bool:
        """Whether a command without it is a mistake."""
        return self.default is REQUIRED

    @property
    def flag(self) -> bool:
        """Whether it is an option that needs no value: there or not."""
        return self.place == "option" and self.converter == converter_for(bool)

    @property
    def typed(self) -> str:
        """How it stands in a usage line: ``NAME``, ``--name NOUN``, ``--flag`` or ``NAME…``."""
        if self.place == "option":
            return f"--{self.name}" if self.flag else f"--{self.name} {self.converter.noun}"
        return self.name.upper() + ("…" if self.place == "tail" else "")


@dataclass(frozen=True, slots=True)
class Description:
    """A docstring, read: `summary` in a line, `text` in Markdown, `parameters` by their names."""

    summary: str
    text: str
    parameters: Mapping[str, str]


def read_docstring(function: Callable[..., object]) -> Description:
    """Read the docstring of a skill; raises `TypeError` when it has no summary.

    A line ``name: what it is`` describes a parameter, and goes on in lines that are indented.
    """
    summary, *lines = inspect.cleandoc((function.__doc__ or "").rstrip()).split("\n")
    if not summary or any(lines[:1]):
        raise TypeError("the docstring has to start with a summary: one line, then an empty one")
    names = inspect.signature(function).parameters
    described: dict[str, str] = {}
    prose, last = [], ""
    for line in lines:
        match = _DESCRIBES.fullmatch(line)
        if match and match["name"] in names:
            last = match["name"]
            described[last] = match["what"]
        elif last and line.startswith(" "):
            described[last] += f" {line.strip()}"
        else:
            last = ""
            prose.append(line)
    text = _SOFT_BREAK.sub(" ", "\n".join(prose).strip())
    endless = {name: what.removesuffix(".") for name, what in described.items()}
    return Description(summary.removesuffix("."), text, endless)


def read_parameters(
    function: Callable[..., object], described: Mapping[str, str]
) -> Iterator[Parameter]:
    """Yield the parameters behind ``call``; raises `TypeError` for what cannot be typed or told."""
    if not inspect.iscoroutinefunction(function):
        raise TypeError("a skill is an async function")
    hints = get_type_hints(function, include_extras=True)
    declared = list(inspect.signature(function).parameters.values())
    if not declared or hints.get(declared[0].name) is not Call:
        raise TypeError("the first parameter has to be `call: Call`")
    for parameter in declared[1:]:
        name = parameter.name
        if name not in hints:
            raise TypeError(f"`{name}` has no type")
        if name not in described:
            raise TypeError(f"the docstring has no line `{name}: what it is`")
        read = _read_parameter(parameter, hints[name], described[name])
        if read.place == "tail" and parameter is not declared[-1]:
            raise TypeError(f"`{name}` takes the rest, so it has to be the last parameter")
        yield read


def _read_parameter(declared: inspect.Parameter, annotation: Any, description: str) -> Parameter:
    converter = converter_for(annotation)
    if declared.kind not in (declared.POSITIONAL_OR_KEYWORD, declared.KEYWORD_ONLY):
        raise TypeError(f"`{declared.name}` has to be a plain parameter, or one behind `*`")
    place: Place = "option" if declared.kind is declared.KEYWORD_ONLY else "word"
    if converter.tail:
        place = "tail"
    name = declared.name.removesuffix("_")
    read = Parameter(name, declared.name, description, converter, place, declared.default)
    if read.flag and read.required:
        raise TypeError(f"`{declared.name}` is there or not, so it needs a default")
    return read
