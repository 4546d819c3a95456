"""Turning what pydantic found into lines that name the key, what is wrong and the fix."""

import difflib
import json
from collections.abc import Iterator, Mapping

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from lunabot.config.keys import Location, dotted, field_at, keys_on, model_of
from lunabot.config.settings import Settings
from lunabot.config.values import shown

_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "finite": "a number",
    "bool": "true or false",
    "string": "text",
    "tuple": "a list",
    "dict": "a mapping of names to texts",
    "mapping": "a mapping of names to texts",
}
_LIMITS = {
    "greater_than": ("too small", "more than", "gt"),
    "greater_than_equal": ("too small", "at least", "ge"),
    "less_than_equal": ("too large", "at most", "le"),
}


def lines(error: ValidationError, origins: Mapping[Location, str]) -> dict[Location, str]:
    """Return a line for each place with a mistake, by its location in the document."""
    found: dict[Location, str] = {}
    for details in error.errors(include_url=False):
        location = tuple(part for part in details["loc"] if part != "[key]")
        found.setdefault(location, f"{located(location, origins)}: {_describe(details)}")
    return found


def located(location: Location, origins: Mapping[Location, str]) -> str:
    """Return the name under which a value was given: a key, a variable or a file."""
    for length in range(len(location), 0, -1):
        if location[:length] in origins:
            return dotted(location[length:], origins[location[:length]])
    return dotted(location)


def unknown(key: str) -> str:
    """Return the line for a section that does not exist."""
    return f"{dotted((key,))}: {_unknown((key,))}"


def _describe(error: ErrorDetails) -> str:
    """Return what is wrong with a value and the fix; a secret's value is never part of it."""
    kind, field = error["type"], field_at(error["loc"])
    if kind == "extra_forbidden":
        return _unknown(error["loc"])
    if kind == "value_error":
        return str(error["ctx"]["error"])
    if kind == "model_type":
        return _not_a_section(field)
    if kind == "missing":
        return f"is missing{_example(field)}"
    if kind == "too_short":
        return f"is empty{_example(field)}"
    if kind in _LIMITS:
        problem, word, limit = _LIMITS[kind]
        number = str(error["input"]).strip()[:60]
        return f"{number} is {problem} – {word} {error['ctx'][limit]:g}"
    return _wrong_kind(error, field)


def _wrong_kind(error: ErrorDetails, field: FieldInfo | None) -> str:
    if field is not None and field.annotation is SecretStr:
        return "is not text – put it in quotes"
    kind = _KINDS.get(error["type"].partition("_")[0], "what belongs here")
    return f"{shown(error['input'])} is not {kind}{_example(field)}"


def _not_a_section(field: FieldInfo | None) -> str:
    if field is not None and not isinstance(field.annotation, type):
        return f"each entry is a mapping{_example(field)}"
    return "is not a section – write its keys on the lines below it, indented"


def _example(field: FieldInfo | None) -> str:
    """Return an example of the field's value: the one it gives, or its default."""
    if field is None:
        return ""
    example = field.examples[0] if field.examples else field.get_default()
    return f" – e.g. {_shortened(written(example))}"


def _shortened(text: str) -> str:
    """Return the first line of a text, and a mark where there are more."""
    first, _, more = text.partition("\n")
    return f"{first} …" if more else first


def written(value: object) -> str:
    """Return a value as it can be written in config.yaml, on one line."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _unknown(location: Location) -> str:
    """Name the known key that was probably meant, else those that may stand there.

    The one that is spelled most alike comes first, then one of the same name elsewhere.
    """
    *parents, name = keys_on(location)
    siblings = [path[-1] for path in _paths() if path[:-1] == tuple(parents)]
    namesakes = [dotted(path) for path in _paths() if name in (path[-1], dotted(path))]
    near = difflib.get_close_matches(name, siblings, n=1)
    if namesakes and "." in name:
        section, _, key = name.partition(".")
        return f"unknown key – write “{section}:” on one line, and below it, indented, “{key}:”"
    if near:
        return f"unknown key – did you mean {dotted((*location[:-1], near[0]))}?"
    if namesakes:
        return f"unknown key – did you mean {namesakes[0]}?"
    return f"unknown key – known here: {', '.join(siblings)}"


def _paths(
    model: type[BaseModel] = Settings, parents: tuple[str, ...] = ()
) -> Iterator[tuple[str, ...]]:
    """Yield the way to every key, the sections and the keys in lists among them."""
    for name, field in model.model_fields.items():
        yield (*parents, name)
        if inner := model_of(field.annotation):
            yield from _paths(inner, (*parents, name))
