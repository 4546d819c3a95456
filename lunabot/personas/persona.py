"""A persona as plain data: who it is, where it is and was, and the document that keeps it.

The document is keyed by the persona's user id. Its fields are those of `Persona`, and `rooms`, the
rooms it is in, for whoever reads the file: `stays` tell more. Fields that are not known are kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from lunabot.config.values import is_user_id, shown
from lunabot.errors import WorldError
from lunabot.matrix.ids import RoomId, UserId, localpart
from lunabot.personas.document import PersonaFields, mistakes

_ID_BYTES = 255  # Matrix specification, appendices, "Common Identifier Format"


class BrokenPersona(WorldError):
    """A document that is no persona's: the text names the persona, each field and the fix."""

    def __init__(self, user_id: str, mistakes: tuple[str, ...]) -> None:
        super().__init__(f"the document of {shown(user_id)} is broken: {'; '.join(mistakes)}")
        self.mistakes = mistakes


@dataclass(frozen=True, slots=True)
class Stay:
    """One membership in a room, from `joined_at` to before `left_at`: milliseconds, server time."""

    room_id: RoomId
    joined_at: int
    left_at: int | None = None

    def covers(self, timestamp: int) -> bool:
        """Tell whether a moment lies in it."""
        return self.joined_at <= timestamp and (self.left_at is None or timestamp < self.left_at)


@dataclass(frozen=True, slots=True)
class Persona:
    """A character that the model speaks through, with a Matrix account of its own.

    `traits` are scores from 0 to 100 for the Big Five and texts for others. `created_at` is ISO
    8601 in UTC. `model` is empty for the configuration's. `extra` are fields of a later version.
    """

    user_id: UserId
    displayname: str
    system_prompt: str
    traits: Mapping[str, int | str]
    created_at: str
    created_by: UserId
    stays: tuple[Stay, ...] = ()
    model: str = ""
    notes: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def rooms(self) -> tuple[RoomId, ...]:
        """The rooms it is in now, in the order in which it joined them."""
        return tuple(dict.fromkeys(stay.room_id for stay in self.stays if stay.left_at is None))

    def saw(self, room_id: RoomId, timestamp: int) -> bool:
        """Tell whether it was a member of the room when this was said (milliseconds)."""
        return any(stay.room_id == room_id and stay.covers(timestamp) for stay in self.stays)

    def joined(self, room_id: RoomId, at: int) -> "Persona":
        """Return the persona as a member of a room; a join that is known already changes nothing.

        So joins and leaves may come again, as they do after a crash or when history is fetched.
        """
        here = [stay for stay in self.stays if stay.room_id == room_id]
        if any(stay.left_at is None or at < stay.left_at for stay in here):
            return self
        return replace(self, stays=(*self.stays, Stay(room_id, at)))

    def left(self, room_id: RoomId, at: int) -> "Persona":
        """Return the persona without a room; a leave from before it joined changes nothing."""
        return replace(
            self,
            stays=tuple(
                replace(stay, left_at=at)
                if stay.room_id == room_id and stay.left_at is None and stay.joined_at <= at
                else stay
                for stay in self.stays
            ),
        )


def from_document(user_id: UserId, document: Mapping[str, Any]) -> Persona:
    """Return the persona that a document describes; raises `BrokenPersona` with all mistakes.

    Without a `displayname` it has its localpart's. Without `stays`, as in a document written by
    hand, it is taken to have been in its `rooms` since it was made.
    """
    if not is_user_id(user_id) or len(user_id.encode()) > _ID_BYTES:
        raise BrokenPersona(user_id, ("its key is not a user id – e.g. @teacher:localhost",))
    try:
        fields = PersonaFields.model_validate(dict(document))
    except ValidationError as error:
        raise BrokenPersona(user_id, mistakes(error)) from None
    return Persona(
        user_id=user_id,
        displayname=fields.displayname.strip() or localpart(user_id),
        system_prompt=fields.system_prompt,
        traits=fields.traits,
        created_at=fields.created_at,
        created_by=fields.created_by,
        stays=_stays(fields),
        model=fields.model.strip(),
        notes=tuple(fields.notes),
        extra=fields.model_extra or {},
    )


def to_document(persona: Persona) -> dict[str, Any]:
    """Return the document of a persona, as JSON knows it."""
    return {
        **persona.extra,
        "displayname": persona.displayname,
        "system_prompt": persona.system_prompt,
        "traits": dict(persona.traits),
        "created_at": persona.created_at,
        "created_by": persona.created_by,
        "rooms": list(persona.rooms),
        "stays": [_stay_document(stay) for stay in persona.stays],
        "model": persona.model,
        "notes": list(persona.notes),
    }


def _stays(fields: PersonaFields) -> tuple[Stay, ...]:
    if fields.stays is None:
        created = int(datetime.fromisoformat(fields.created_at).timestamp() * 1000)
        return tuple(Stay(RoomId(room_id), created) for room_id in dict.fromkeys(fields.rooms))
    return tuple(Stay(RoomId(each.room_id), each.joined_at, each.left_at) for each in fields.stays)


def _stay_document(stay: Stay) -> dict[str, Any]:
    left = {} if stay.left_at is None else {"left_at": stay.left_at}
    return {"room_id": stay.room_id, "joined_at": stay.joined_at, **left}
