"""What a skill's parameters can be: a type says how its word is read and what help calls it.

A type of your own is an annotation that carries its converter::

    Colour = Annotated[str, Converter("COLOUR", "a colour (#rrggbb)", "#ff8800", read_colour)]
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum
from types import MappingProxyType, NoneType, UnionType
from typing import Annotated, Any, Literal, NewType, Union, get_args, get_origin

from lunabot.admin.pills import identifier_of
from lunabot.admin.wording import code
from lunabot.errors import UserMistake
from lunabot.matrix.ids import RoomId, UserId, is_valid_localpart, localpart, server_name, user_id

_ID_BYTES = 255  # Matrix specification, appendices, "Common Identifier Format"
_USER_ID = re.compile(r"@[^:\s]+:(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?")


Sort = Literal["string", "integer", "number", "boolean", "user", "room"]


@dataclass(frozen=True, slots=True)
class Converter:
    """Reads one type: `read` gets the word that was typed and Luna's server name.

    It raises `ValueError` for "not such a `kind`", or `UserMistake` to say more. `noun` stands for
    the value in a usage line. A `tail` takes all that is left; a `secret` is never shown or kept.
    For whoever fills in forms, `sort` is what kind of value it is, one of `choices` where there are
    any; `several` are taken with commas between.
    """

    noun: str
    kind: str
    example: str
    read: Callable[[str, str], Any]
    tail: bool = False
    secret: bool = False
    sort: Sort = "string"
    choices: tuple[str, ...] = ()
    several: bool = False

    def __call__(self, word: str, server: str) -> Any:
        """Return the value a word stands for; raises `UserMistake`."""
        try:
            return self.read(word, server)
        except ValueError:
            raise UserMistake(f"{code(word)} is not {self.kind}.") from None


def converter_for(annotation: Any) -> Converter:
    """Return the converter of a parameter's type; raises `TypeError` for an unknown one."""
    for extra in getattr(annotation, "__metadata__", ()):
        if isinstance(extra, Converter):
            return extra
    if annotation in _CONVERTERS:
        return _CONVERTERS[annotation]
    arguments = get_args(annotation)
    match get_origin(annotation):
        case origin if origin is Union or origin is UnionType:
            inner = [argument for argument in arguments if argument is not NoneType]
            if len(inner) == 1:
                return converter_for(inner[0])
        case origin if origin is Literal and all(isinstance(value, str) for value in arguments):
            return _choice({value: value for value in arguments})
        case origin if origin is tuple and arguments[1:] == (Ellipsis,):
            return _several(converter_for(arguments[0]))
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return _choice({member.name.lower(): member for member in annotation})
    raise TypeError(f"no parameter can be of the type {annotation}")


@dataclass(frozen=True, slots=True)
class RoomReference:
    """A room as somebody named it; whether a room is the one meant, `names` tells."""

    typed: str
    room_id: RoomId | None = None
    alias: str | None = None

    def names(self, room_id: RoomId, aliases: tuple[str, ...] = (), name: str = "") -> bool:
        """Tell whether this room is meant: by its id, an alias, or (a bare word) its name."""
        if self.room_id:
            return self.room_id == room_id
        known = {alias.casefold() for alias in aliases}
        by_name = not self.typed.startswith("#") and self.typed.casefold() == name.casefold()
        return by_name or (self.alias or "").casefold() in known


Localpart = NewType("Localpart", str)
"""The name of an account to be made: the part of its user id before the colon."""


def _as_typed(word: str, _server: str) -> str:
    return word


def _read_int(word: str, _server: str) -> int:
    return int(word)


def _read_float(word: str, _server: str) -> float:
    number = float(word)
    if not math.isfinite(number):
        raise ValueError(word)
    return number


def _read_date(word: str, _server: str) -> date:
    return date.fromisoformat(word)


def _read_user(word: str, server: str) -> UserId:
    name = identifier_of(word) or word
    if ":" not in name:
        name = name.removeprefix("@").lower()
        if not is_valid_localpart(name):
            raise ValueError(word)
    identifier = user_id(name, server)
    if not _USER_ID.fullmatch(identifier) or len(identifier.encode()) > _ID_BYTES:
        raise ValueError(word)
    return identifier


def _read_localpart(word: str, server: str) -> Localpart:
    identifier = _read_user(word, server)
    if server_name(identifier) != server:
        raise UserMistake(f"{code(word)} is on another server: new accounts are made on {server}.")
    if not is_valid_localpart(localpart(identifier)):
        raise ValueError(word)
    return Localpart(localpart(identifier))


def _read_room(word: str, server: str) -> RoomReference:
    typed = identifier_of(word) or word
    bare = typed.removeprefix("#").strip()
    if not bare or typed[0] == "@" or typed == "!":
        raise ValueError(word)
    if typed[0] == "!":
        return RoomReference(typed, room_id=RoomId(typed))
    whole = typed[0] == "#" and ":" in bare
    return RoomReference(typed, alias=f"#{bare}" if whole else f"#{bare}:{server}")


def _choice(values: Mapping[str, Any]) -> Converter:
    """Read one of a few names, in any case, as the value it stands for."""
    by_name = {name.casefold(): value for name, value in values.items()}

    def read(word: str, _server: str) -> Any:
        if word.casefold() not in by_name:
            raise ValueError(word)
        return by_name[word.casefold()]

    kind = f"one of {', '.join(values)}"
    return Converter("|".join(values), kind, next(iter(values)), read, choices=tuple(values))


def _several(one: Converter) -> Converter:
    """Read words with commas between them as a tuple."""

    def read(word: str, server: str) -> tuple[Any, ...]:
        return tuple(one(part.strip(), server) for part in word.split(",") if part.strip())

    kind = f"{one.kind}, or several with commas between"
    return replace(one, noun=f"{one.noun},…", kind=kind, read=read, several=True)


_YES_OR_NO = _choice(
    {
        **dict.fromkeys(("yes", "on", "true"), True),
        **dict.fromkeys(("no", "off", "false"), False),
    }
)
_USER = "a user (@name:server, a bare name, or a pill)"
_NAME = "a name for an account (lower-case letters, digits and . _ = - / +)"
_ROOM = "a room (#alias:server, !id, a bare alias or name, or a pill)"

_CONVERTERS: Mapping[Any, Converter] = MappingProxyType(
    {
        str: Converter("TEXT", "text (in quotes if it has spaces)", "word", _as_typed),
        int: Converter("NUMBER", "a whole number", "10", _read_int, sort="integer"),
        float: Converter("NUMBER", "a number", "0.5", _read_float, sort="number"),
        bool: replace(_YES_OR_NO, noun="yes|no", kind="yes or no", sort="boolean", choices=()),
        date: Converter("DAY", "a day (2026-05-31)", "2026-05-31", _read_date),
        UserId: Converter("USER", _USER, "@scout:localhost", _read_user, sort="user"),
        Localpart: Converter("NAME", _NAME, "scout", _read_localpart),
        RoomReference: Converter("ROOM", _ROOM, "#trails:localhost", _read_room, sort="room"),
    }
)

Tail = Annotated[str, Converter("TEXT", "text up to the end", "any text", _as_typed, tail=True)]
"""The rest of the line and all lines below, as typed. It is a skill's last parameter."""

Secret = Annotated[str, Converter("SECRET", "a secret", "secret", _as_typed, secret=True)]
"""A password or token: the audit trail holds ``***`` in its place."""
