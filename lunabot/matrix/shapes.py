"""nio's check of JSON against its schemas, each schema turned into functions once.

nio makes a jsonschema validator anew for each value, which walks through the schema as through
data: of the 0.6 ms that it takes to read a sync with one message, that was 0.45. Here the keywords
that nio uses much are functions; what has any other is left to jsonschema.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import nio.schemas

Check = Callable[[Any], str | None]
"""Returns the keyword of the first rule that a value breaks, or None for a sound one."""
_Schema = Mapping[str, Any]

_WholeValidator = nio.schemas.Validator
_TYPES: Mapping[str, tuple[type, ...]] = {
    "array": (list,),
    "boolean": (bool,),
    "integer": (int,),
    "null": (type(None),),
    "number": (int, float),
    "object": (dict,),
    "string": (str,),
}


class Validators:
    """Takes the place of nio's validator class: makes one for each schema, the first time."""

    def __init__(self) -> None:
        self._made: dict[int, _Validator] = {}

    def __call__(self, schema: _Schema, **_: Any) -> "_Validator":
        """Return the validator of a schema; nio's are constants, so they are known by identity."""
        validator = self._made.get(id(schema))
        if validator is None:
            validator = self._made[id(schema)] = _Validator(schema)
        return validator


class _Validator:
    """Checks values, and sets their defaults, as nio's does; its errors only name the rule.

    nio logs each error as jsonschema words it, with the event in it as `pprint` sets it: that
    holds the loop for half a second where an event is large, and fails where it is nested deeply.
    """

    def __init__(self, schema: _Schema) -> None:
        self._schema = schema  # kept alive, so that its identity stays its own
        self._check = compiled(schema)

    def validate(self, instance: object) -> None:
        """Raise `jsonschema.ValidationError` for a value that breaks a rule of the schema."""
        try:
            broken = self._check(instance)
        except RecursionError:
            raise jsonschema.ValidationError("nested too deeply") from None
        if broken is not None:
            raise jsonschema.ValidationError(f"breaks the rule {broken!r}")


def compiled(schema: _Schema) -> Check:
    """Return the check of a schema (JSON Schema, draft 4, where unknown keywords say nothing)."""
    rules = {key: value for key, value in schema.items() if key in _WholeValidator.VALIDATORS}
    if not _COMPILERS.keys() >= rules.keys():
        return _by_jsonschema(schema)
    return _all([_COMPILERS[key](value) for key, value in rules.items()])


def _all(checks: list[Check]) -> Check:
    def check(value: Any) -> str | None:
        for each in checks:
            if broken := each(value):
                return broken
        return None

    return checks[0] if len(checks) == 1 else check


def _by_jsonschema(schema: _Schema) -> Check:
    validator = _WholeValidator(schema, format_checker=nio.schemas.Checker)

    def check(value: Any) -> str | None:
        error = next(validator.iter_errors(value), None)
        return None if error is None else str(error.validator)

    return check


def _type(names: str | list[str]) -> Check:
    named = {names} if isinstance(names, str) else set(names)
    kinds = tuple(kind for name in named for kind in _TYPES[name])

    def check(value: Any) -> str | None:
        fits = bool in kinds if isinstance(value, bool) else isinstance(value, kinds)
        return None if fits else "type"

    return check


def _required(names: list[str]) -> Check:
    def check(value: Any) -> str | None:
        sound = not isinstance(value, dict) or all(name in value for name in names)
        return None if sound else "required"

    return check


def _format(name: str) -> Check:
    def check(value: Any) -> str | None:
        sound = not isinstance(value, str) or nio.schemas.Checker.conforms(value, name)
        return None if sound else "format"

    return check


def _enum(values: list[object]) -> Check:
    return _by_jsonschema({"enum": values})


def _items(schema: _Schema) -> Check:
    check_item = compiled(schema)

    def check(value: Any) -> str | None:
        return _first(map(check_item, value)) if isinstance(value, list) else None

    return check


def _properties(schemas: Mapping[str, _Schema]) -> Check:
    checks = [(name, compiled(schema)) for name, schema in schemas.items()]
    defaults = [
        (name, schema["default"]) for name, schema in schemas.items() if "default" in schema
    ]

    def check(value: Any) -> str | None:
        if not isinstance(value, dict):
            return None
        for name, default in defaults:
            value.setdefault(name, default)
        for name, check_property in checks:
            if name in value and (broken := check_property(value[name])):
                return broken
        return None

    return check


def _pattern_properties(schemas: Mapping[str, _Schema]) -> Check:
    checks = [(re.compile(pattern), compiled(schema)) for pattern, schema in schemas.items()]

    def check(value: Any) -> str | None:
        names = value if isinstance(value, dict) else ()
        return _first(
            check_property(value[name])
            for pattern, check_property in checks
            for name in names
            if pattern.search(name)
        )

    return check


def _first(findings: Iterator[str | None]) -> str | None:
    return next(filter(None, findings), None)


_COMPILERS: Mapping[str, Callable[[Any], Check]] = {
    "type": _type,
    "required": _required,
    "format": _format,
    "enum": _enum,
    "items": _items,
    "properties": _properties,
    "patternProperties": _pattern_properties,
}
