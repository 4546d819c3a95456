"""Rooms that the loop guard has paused."""

from collections.abc import Sequence
from datetime import UTC, datetime

from lunabot.admin.call import Call
from lunabot.admin.finding import find_room
from lunabot.admin.parameters import RoomReference
from lunabot.admin.skill import skill
from lunabot.admin.wording import code
from lunabot.errors import UserMistake
from lunabot.memory.pauses import Pause


@skill("resume", group="operations", examples=("resume", "resume #trails"))
async def resume(call: Call, room: RoomReference | None = None) -> str:
    """Let a room go on in which I paused bots that talked in circles.

    What was said so far counts no more.

    room: the room; the one that is paused, if not given
    """
    services = call.services
    now = services.account.server_now()
    paused = await services.guard.paused(now)
    meant = await _meant(call, room, paused) if room else paused
    if not meant:
        return _nothing(room, paused)
    if len(meant) > 1:
        raise UserMistake(f"Which one? Give its id.\n\n{_listed(meant)}")
    [pause] = meant
    services.guard.resume(pause, now)
    since = datetime.fromtimestamp(pause.since / 1000, UTC)
    return f"{_named(pause)} goes on. It was paused since {since:%H:%M} UTC: {pause.reason}."


async def _meant(call: Call, room: RoomReference, paused: Sequence[Pause]) -> Sequence[Pause]:
    """Return the paused rooms of that name; a persona's room need not be one that I am in."""
    named = [pause for pause in paused if room.names(pause.room_id, name=pause.name)]
    if named or room.room_id or not paused:
        return named
    room_id = await find_room(call.services, room)
    return [pause for pause in paused if pause.room_id == room_id]


def _nothing(room: RoomReference | None, paused: Sequence[Pause]) -> str:
    if room is None or not paused:
        return "No room is paused."
    return f"{code(room.typed)} is not paused. These are:\n\n{_listed(paused)}"


def _listed(pauses: Sequence[Pause]) -> str:
    return "\n".join(f"- {_named(pause)}: {pause.reason}" for pause in pauses)


def _named(pause: Pause) -> str:
    return f"{code(pause.name)} `{pause.room_id}`"
