"""History: what was missed, and what was said before Luna came."""

from lunabot.admin.call import Call
from lunabot.admin.finding import find_room
from lunabot.admin.parameters import RoomReference
from lunabot.admin.skill import skill
from lunabot.dispatch.watch import Progress, Report


@skill("fetch_new", group="history")
async def fetch_new(call: Call) -> str:
    """Look in all rooms for messages I missed, and fetch them.

    I do so by myself, too. Questions that are not too old are answered.
    """
    found = await call.services.history().fetch_new(_reporting(call))
    return f"**{_counted(found.new)} I had missed.** I looked into {_rooms(found.rooms)}."


@skill("fetch_all", group="history", examples=("fetch_all", "fetch_all #trails"))
async def fetch_all(call: Call, room: RoomReference | None = None) -> str:
    """Fetch all that was ever said, as far back as I may see. Nothing of it is answered.

    It goes on after a restart, and brings nothing twice.

    room: only this room
    """
    room_id = await find_room(call.services, room) if room else None
    found = await call.services.history().fetch_all(room_id, _reporting(call))
    where = f"`{room.typed}`" if room else _rooms(found.rooms)
    return (
        f"**{_counted(found.new)} I did not know.** I read {found.messages:,} in {where}, "
        f"{found.rate:,.0f} a second."
    )


def _reporting(call: Call) -> Report:
    async def report(progress: Progress) -> None:
        await call.progress(_line(progress))

    return report


def _line(progress: Progress) -> str:
    parts = [
        f"{progress.rooms_done} of {_rooms(progress.rooms)}",
        f"{_counted(progress.messages)} read, {progress.new:,} of them new",
    ]
    if progress.rate:
        parts.append(f"{progress.rate:,.0f} a second")
    if progress.seconds_left is not None:
        parts.append(f"this room takes about {_duration(progress.seconds_left)} more")
    return ", ".join(parts)


def _counted(messages: int) -> str:
    return f"{messages:,} message{'' if messages == 1 else 's'}"


def _rooms(rooms: int) -> str:
    return f"{rooms} room{'' if rooms == 1 else 's'}"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
