"""History: what was missed, and what was said before Luna came."""

from lunabot.admin.call import Call
from lunabot.admin.finding import find_room
from lunabot.admin.parameters import RoomReference
from lunabot.admin.skill import skill
from lunabot.admin.wording import code, counted
from lunabot.dispatch.watch import Progress, Report


@skill("fetch_new", group="history")
async def fetch_new(call: Call) -> str:
    """Look in all rooms for messages I missed, and fetch them.

    I do so by myself, too. Questions that are not too old are answered.
    """
    found = await call.services.history().fetch_new(_reporting(call))
    new = f"{counted(found.new, 'message')} I had missed" if found.new else "I had missed nothing"
    return f"**{new}.** I looked into {counted(found.rooms, 'room')}."


@skill("fetch_all", group="history", examples=("fetch_all", "fetch_all #trails"))
async def fetch_all(call: Call, room: RoomReference | None = None) -> str:
    """Fetch all that was ever said, as far back as I may see. Nothing of it is answered.

    It goes on after a restart, and brings nothing twice.

    room: only this room
    """
    room_id = await find_room(call.services, room) if room else None
    found = await call.services.history().fetch_all(room_id, _reporting(call))
    where = code(room.typed) if room else counted(found.rooms, "room")
    new = f"{counted(found.new, 'message')} I did not know" if found.new else "I knew all of it"
    return f"**{new}.** I read {found.messages:,} in {where}, {found.rate:,.0f} a second."


def _reporting(call: Call) -> Report:
    async def report(progress: Progress) -> None:
        await call.progress(_line(progress))

    return report


def _line(progress: Progress) -> str:
    parts = [
        f"{progress.rooms_done} of {counted(progress.rooms, 'room')}",
        f"{counted(progress.messages, 'message')} read, {progress.new:,} of them new",
    ]
    if progress.rate:
        parts.append(f"{progress.rate:,.0f} a second")
    if progress.seconds_left is not None:
        parts.append(f"this room takes about {_duration(progress.seconds_left)} more")
    return ", ".join(parts)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
