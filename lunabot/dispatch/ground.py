"""When reading a room backwards has come far enough, and what of it was missed. Pure."""

import re
from collections.abc import Collection, Container, Iterable, Sequence

from lunabot.matrix.events import Message, RoomEvent
from lunabot.matrix.ids import EventId, UserId

_SYNAPSE_POSITION = re.compile(r"t(\d+)-")


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
