"""What was said is summed up now, and not when there is time for it."""

from datetime import UTC, date, datetime

from lunabot.admin.call import Answer, Call
from lunabot.admin.finding import find_known_room, find_lens, shown_room
from lunabot.admin.parameters import RoomReference
from lunabot.admin.skill import skill
from lunabot.admin.wording import counted
from lunabot.remembering.summariser import Summarised


@skill(
    "summarise",
    aliases=("summarize",),
    group="memory",
    examples=(
        "summarise",
        "summarise trails",
        "summarise trails --lens technical",
        "summarise trails --since 2026-05-01",
    ),
)
async def summarise(
    call: Call,
    room: RoomReference | None = None,
    *,
    lens: str | None = None,
    since: date | None = None,
) -> Answer:
    """Sum up what was said now: chapters, lenses, and the personas' notes.

    I do so by myself, too, when nobody waits for an answer. What an administrator has edited keeps
    its words.

    room: only this room; all rooms, if not given
    lens: only bring this lens up to date
    since: what was made of the time from this day on is made anew
    """
    services = call.services
    room_id = await find_known_room(services, room) if room else None
    name = find_lens(services, lens) if lens else None
    done = await services.summariser.summarise(room_id, name, _moment(since), call.progress)
    where = shown_room(services, room_id) if room_id else "All rooms"
    return Answer(f"{where}: {_told(done)}{_left(done)}", ok=not done.left)


def _moment(since: date | None) -> int | None:
    """Return the beginning of a day (UTC) in milliseconds."""
    if since is None:
        return None
    return int(datetime(since.year, since.month, since.day, tzinfo=UTC).timestamp() * 1000)


def _told(done: Summarised) -> str:
    written = {"chapter": done.chapters, "lens text": done.lenses, "notebook": done.notes}
    parts = [counted(count, noun) for noun, count in written.items() if count]
    if not parts:
        return "nothing was written" if done.left else "nothing new to sum up."
    return (
        f"wrote **{', '.join(parts)}** with {counted(done.tokens, 'token')}. "
        "`!chapters` and `!lenses` show them."
    )


def _left(done: Summarised) -> str:
    return f"\n\n⚠️ {done.left}" if done.left else ""
