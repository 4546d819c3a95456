"""The fields of a persona's document, as JSON knows them, and what is wrong with them in words."""

import math
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PlainValidator,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails

from lunabot.config.keys import dotted
from lunabot.config.values import UserIdText, check_text, shown
from lunabot.matrix.ids import RoomId
from lunabot.personas.trait import check_traits

_NAME_LENGTH = 256  # Synapse accepts no longer display name
_PROMPT_LENGTH = 65_536  # no Matrix event could bring a longer one
_FIELDS = 200
_DEPTH = 20
_TOLD = 12
_ROOM_ID = re.compile(r"!\S{1,254}")
_KINDS = {
    "string_type": 'text – put it in "quotes"',
    "list_type": "a list – put it in [brackets]",
    "model_type": "an object – put it in {braces}",
    "int_type": "a whole number",
}


def mistakes(error: ValidationError) -> tuple[str, ...]:
    """Return a line for each mistake, as far as anybody reads: field, what is wrong and the fix."""
    lines = [_line(each) for each in error.errors(include_url=False)]
    more = len(lines) - _TOLD
    return (*lines[:_TOLD], f"and {more} more") if more > 0 else tuple(lines)


def _line(error: ErrorDetails) -> str:
    place = dotted(error["loc"])
    return f"{place}: {_wrong(error)}" if place else _wrong(error)


def _wrong(error: ErrorDetails) -> str:
    match error["type"]:
        case "value_error":
            return str(error["ctx"]["error"])
        case "missing":
            return "is missing – add it"
        case kind if kind in _KINDS:
            return f"{shown(error['input'])} is not {_KINDS[kind]}"
        case _:
            return f"{shown(error['input'])} does not fit – {error['msg']}"


def _check_unicode(text: str) -> str:
    return check_text(text) if text.strip() else text


def _check_written(text: str) -> str:
    if text.strip():
        return check_text(text)
    raise ValueError("is blank – write something")


def _check_time(value: str) -> str:
    try:
        is_time = datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        is_time = False
    if is_time:
        return value
    raise ValueError(f"{shown(value)} is not a time in UTC – e.g. 2025-01-31T12:00:00Z")


def _check_room_id(value: str) -> RoomId:
    if _ROOM_ID.fullmatch(value) and value.isprintable():
        return RoomId(value)
    raise ValueError(f"{shown(value)} is not a room id – e.g. !abc:example.org")


def _check_traits(value: object) -> dict[str, int | str]:
    if isinstance(value, Mapping):
        return check_traits([(str(name), each) for name, each in value.items()])
    raise ValueError(f'{shown(value)} is not an object – e.g. {{"openness": 80}}')


def _check_json(value: object, depth: int = 0) -> object:
    """Refuse what could not be saved, for the whole state would not be."""
    if depth > _DEPTH:
        raise ValueError(f"is nested over {_DEPTH} deep – make it flatter")
    match value:
        case str():
            _check_unicode(value)
        case float() if not math.isfinite(value):
            raise ValueError("holds a number that is too large or none – write a finite one")
        case list():
            for each in value:
                _check_json(each, depth + 1)
        case dict():
            for name, each in value.items():
                _check_unicode(name)
                _check_json(each, depth + 1)
    return value


_T = TypeVar("_T")
_Listed = Annotated[list[_T], Field(fail_fast=True)]  # or each of a million entries has its error
_Written = Annotated[str, AfterValidator(_check_written)]
_RoomId = Annotated[str, AfterValidator(_check_room_id)]


class StayFields(BaseModel):
    """One of a document's `stays`."""

    model_config = ConfigDict(strict=True)

    room_id: _RoomId
    joined_at: NonNegativeInt
    left_at: NonNegativeInt | None = None


class PersonaFields(BaseModel):
    """A document's fields, each of the type it must have; unknown ones are in `model_extra`."""

    model_config = ConfigDict(strict=True, extra="allow")
    __pydantic_extra__: dict[str, Annotated[Any, AfterValidator(_check_json)]]

    displayname: Annotated[str, Field(max_length=_NAME_LENGTH), AfterValidator(_check_unicode)] = ""
    system_prompt: Annotated[str, Field(max_length=_PROMPT_LENGTH), AfterValidator(_check_written)]
    traits: Annotated[dict[str, int | str], PlainValidator(_check_traits)] = {}
    created_at: Annotated[str, AfterValidator(_check_time)]
    created_by: UserIdText
    rooms: _Listed[_RoomId] = []
    stays: _Listed[StayFields] | None = None
    model: Annotated[str, AfterValidator(_check_unicode)] = ""
    notes: _Listed[_Written] = []

    @model_validator(mode="before")
    @classmethod
    def _not_too_many(cls, document: dict[str, Any]) -> dict[str, Any]:
        if len(document) > _FIELDS:
            raise ValueError(f"has {len(document)} fields – at most {_FIELDS} are kept")
        return document
