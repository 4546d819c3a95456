"""`personalities.json`: all personas in one file, to keep, to edit or to take to another house.

It is an object of documents by user id. A character is what a file can bring; since when an
account is there and which rooms it was in, the house knows better: an import never changes that.
"""

import json
import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lunabot.config.values import shown
from lunabot.errors import UserMistake
from lunabot.matrix.ids import RoomId, UserId, is_valid_localpart, localpart, server_name, user_id
from lunabot.memory.text import storable
from lunabot.personas.persona import BrokenPersona, Persona, from_document, to_document

MAX_BYTES = 4 * 1024 * 1024
"""How large a file may be: ten times what 200 personas take."""
MAX_PERSONAS = 1000

_DIGITS = 100
_OF_THE_HOUSE = ("created_at", "created_by", "stays")


@dataclass(frozen=True, slots=True)
class House:
    """What an import meets: the personas that are there, those of broken documents, the server."""

    server: str
    personas: Mapping[UserId, Persona]
    broken: Collection[UserId] = ()


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A persona to be made: in no room yet, with the rooms the file wants it in."""

    persona: Persona
    rooms: tuple[RoomId, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A persona as it is and as it will be."""

    before: Persona
    after: Persona

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the document's fields that differ."""
        before, after = to_document(self.before), to_document(self.after)
        return tuple(name for name in after if before.get(name) != after[name])


@dataclass(slots=True)
class Plan:
    """What an import would do; `refused` has a line for each key that cannot be taken."""

    new: list[Newcomer] = field(default_factory=list)
    changed: list[Change] = field(default_factory=list)
    unchanged: list[UserId] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def export(personas: Iterable[Persona]) -> bytes:
    """Return a file of these personas, in the order of their user ids."""
    in_order = sorted(personas, key=lambda persona: persona.user_id)
    documents = {persona.user_id: to_document(persona) for persona in in_order}
    return storable(json.dumps(documents, ensure_ascii=False, indent=2) + "\n").encode()


def plan(content: bytes, house: House, *, now: str, by: UserId) -> Plan:
    """Return what a file would change; a field that it leaves out stays as it is.

    New personas are made `now` (ISO 8601, UTC) `by` an administrator. A key may be a localpart.
    Raises `UserMistake` where the file as a whole is not usable. A large file takes a second: call
    it in a thread.
    """
    found = Plan()
    taken: set[UserId] = set()
    newborn = {"created_at": now, "created_by": by, "stays": []}
    for key, document in _documents(content).items():
        user = user_id(key, house.server)
        reason = "is there twice – keep one" if user in taken else _objection(user, document, house)
        taken.add(user)
        try:
            if reason:
                raise BrokenPersona(user, (reason,))
            _add(found, house.personas.get(user), user, document, newborn)
        except BrokenPersona as error:
            found.refused.append(f"{shown(key)}: {'; '.join(error.mistakes)}")
    return found


def _add(
    found: Plan,
    known: Persona | None,
    user: UserId,
    document: Mapping[str, Any],
    newborn: Mapping[str, Any],
) -> None:
    here = to_document(known) if known else newborn
    persona = from_document(user, {**here, **document, **{key: here[key] for key in _OF_THE_HOUSE}})
    if known is None:
        found.new.append(Newcomer(persona, tuple(dict.fromkeys(document.get("rooms", ())))))
    elif persona == known:
        found.unchanged.append(user)
    else:
        found.changed.append(Change(known, persona))


def _objection(user: UserId, document: object, house: House) -> str:
    """Return why a persona cannot be taken, before its fields are looked at; empty if it can."""
    if not isinstance(document, dict):
        return "is not an object – put its fields in {braces}"
    if server_name(user) != house.server:
        return f"is of another server – write {localpart(user)!r} to have it on {house.server}"
    if user in house.broken:
        return "has a broken document here – mend or despawn it first"
    if user not in house.personas and not is_valid_localpart(localpart(user)):
        return "is not a name for an account – lower case, digits and . _ = - / +"
    return ""


def _documents(content: bytes) -> dict[str, Any]:
    if len(content) > MAX_BYTES:
        raise UserMistake(f"The file is larger than {MAX_BYTES // 1024**2} MiB: split it.")
    try:
        documents = _decoder.decode(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise UserMistake("The file is not text in UTF-8.") from None
    except RecursionError:
        raise UserMistake("The file is nested too deep: it cannot be personas.") from None
    except ValueError as error:
        raise UserMistake(f"The file is not sound JSON: {error}.") from None
    if not isinstance(documents, dict):
        raise UserMistake("The file is no object of personas by user id.")
    if len(documents) > MAX_PERSONAS:
        raise UserMistake(f"The file has more than {MAX_PERSONAS} personas: split it.")
    return documents


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"{shown(key)} is there twice")
        found[key] = value
    return found


def _whole(text: str) -> int:
    if len(text) <= _DIGITS:
        return int(text)
    raise ValueError(f"{shown(text)} has too many digits")


def _finite(text: str) -> float:
    if math.isfinite(number := float(text)):
        return number
    raise ValueError(f"{shown(text)} is not a finite number")


_decoder = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=_whole, parse_float=_finite, parse_constant=_finite
)
