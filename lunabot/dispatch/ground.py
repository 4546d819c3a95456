"""When reading a room backwards has come far enough, and what of it was missed. Pure."""

import re
from collections.abc import Collection, Container, Iterable, Sequence
from dataclasses import dataclass

from lunabot.matrix.batch import Gap
from lunabot.matrix.events import Message, RoomEvent
from lunabot.matrix.ids import EventId, UserId

_SYNAPSE_POSITION = re.compile(r"t(\d+)-")


@dataclass(frozen=True, slots=True)
class Ground(Gap):
    """The rest of a gap in which nothing is to be answered: it is known, or too old."""


def is_far_enough(
    events: Sequence[RoomEvent],
    known: Container[EventId],
    own: Container[UserId],
    oldest_ms: int,
) -> bool:
    """Tell whether nothing before a part of a room is to be answered.

    That is so where some of it is older than `oldest_ms`, or where it is known.
    """
    if any(event.timestamp < oldest_ms for event in events):
        return True
    messages = [event for event in events if isinstance(event, Message)]
    return is_known_ground(messages, known, own)


def is_known_ground(
    messages: Iterable[Message], known: Container[EventId], own: Container[UserId]
) -> bool:
    """Tell whether all that others said in a part of a room is known, and something is.

    One's own words prove nothing: they are known from the moment they are sent.
    """
    others = [message.event_id for message in messages if message.sender not in own]
    return bool(others) and all(event_id in known for event_id in others)


def missed(
    events: Sequence[RoomEvent], known: Collection[EventId], ground_ms: int
) -> tuple[RoomEvent, ...]:
    """Return what was passed over of a part of a room of which something older is known.

    `ground_ms` is when the oldest known message was sent: what is older is history.
    """
    return tuple(
        event for event in events if event.timestamp >= ground_ms and event.event_id not in known
    )


def events_before(token: str) -> int | None:
    """Return about how many events of a room lie before a pagination token, where it tells.

    Synapse's tokens begin with the depth of the event in the room's graph; what others' tokens
    mean is their own affair (specification, "Pagination").
    """
    found = _SYNAPSE_POSITION.match(token)
    return int(found[1]) if found else None
