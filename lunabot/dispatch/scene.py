"""What stands around messages: what they reply to, and who was in the room then. Pure."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeGuard

from lunabot.matrix.events import Message, RoomEvent, StateChange
from lunabot.matrix.ids import EventId, RoomId, UserId


@dataclass(frozen=True, slots=True)
class Scene:
    """What is known of messages beside their room as it is now.

    `older` are those that may be replied to; `joined` tells who had joined a room when a message
    was sent. A message that is not in it was sent to the room's members of now.
    """

    older: Mapping[EventId, Message] = field(default_factory=dict)
    joined: Mapping[EventId, frozenset[UserId]] = field(default_factory=dict)


def joined_then(
    events: Sequence[RoomEvent], joined_now: Callable[[RoomId], Collection[UserId]]
) -> dict[EventId, frozenset[UserId]]:
    """Return who had joined its room when each message was sent, where somebody came or went.

    `events` stand in the order of each room's timeline, and `joined_now` tells who has joined after
    the last of them. Each change is undone by what it replaced (client-server API, "Room Events",
    ``unsigned.prev_content``); one of which that is not told is taken to be none.
    """
    changed = {event.room_id for event in events if _is_move(event)}
    joined = {room_id: frozenset(joined_now(room_id)) for room_id in changed}
    found = {}
    for event in reversed(events):
        if event.room_id not in changed:
            continue
        if isinstance(event, Message):
            found[event.event_id] = joined[event.room_id]
        elif _is_move(event):
            who, after = {UserId(event.state_key)}, joined[event.room_id]
            joined[event.room_id] = after - who if _is_join(event.content) else after | who
    return found


def _is_move(event: RoomEvent) -> TypeGuard[StateChange]:
    """Tell a join or a departure from the other changes, such as that of a display name."""
    if not isinstance(event, StateChange) or event.previous is None:
        return False
    is_member = event.type == "m.room.member"
    return is_member and _is_join(event.content) != _is_join(event.previous)


def _is_join(content: Mapping[str, object]) -> bool:
    return content.get("membership") == "join"
