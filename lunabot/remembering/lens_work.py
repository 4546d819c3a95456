"""Which lenses of a room are behind, and how they are brought up to date."""

from collections.abc import AsyncGenerator, Sequence

from lunabot.matrix.events import Message
from lunabot.matrix.ids import RoomId
from lunabot.memory.lenses import LensText
from lunabot.memory.withdrawing import beginning
from lunabot.remembering import instructions
from lunabot.remembering.chapter_work import chapter_record
from lunabot.remembering.desk import Desk, Work
from lunabot.remembering.outline import told_once
from lunabot.remembering.segments import weight

_AT_ONCE = 5_000  # of weight: so much is read before a text is kept


async def owed_lenses(
    desk: Desk, room_id: RoomId, enough: int, only: str | None = None
) -> AsyncGenerator[Work]:
    """Yield the texts that are behind by `enough` weight, or lost their words; or `only` one."""
    for lens, description in desk.settings().lenses.items():
        if only in (None, lens):
            work = await _work(desk, room_id, lens, description, enough)
            if work:
                yield work


async def _work(
    desk: Desk, room_id: RoomId, lens: str, description: str, enough: int
) -> Work | None:
    state = desk.memory.state
    known = state.lenses.get(room_id, lens)
    chapters = state.chapters.of(room_id)
    seen = (known, chapters)
    until = known.until if known else beginning(state.chapters.of(room_id, 0))
    is_anew = known is None or not known.text
    talk = _batch(await desk.talk(room_id, until + 1, enough=_AT_ONCE))
    past = [chapter for chapter in chapters if chapter.ends <= until] if is_anew else []
    lines = [chapter_record(chapter) for chapter in told_once(past)] + desk.lines(talk)
    is_lost = known is not None and is_anew
    if not lines or (sum(map(weight, talk)) < enough and not is_lost):
        return None
    reached = talk[-1].timestamp if talk else until
    previous = known.text if known else ""
    edited_by = known.edited_by if known else None

    def keep(text: str) -> None:
        state.lenses.put(LensText(room_id, lens, text, reached, desk.now(), edited_by))

    return Work(
        "lens",
        f"lens {lens} of {room_id}",
        instructions.lens(room_id, description, lines, previous, edited=edited_by is not None),
        talk,
        seen,
        lambda: (state.lenses.get(room_id, lens), state.chapters.of(room_id)),
        keep,
    )


def _batch(talk: Sequence[Message]) -> Sequence[Message]:
    """Return about as many of the first messages as are read at once, whole moments only."""
    read = 0
    for place, message in enumerate(talk):
        if read >= _AT_ONCE and message.timestamp > talk[place - 1].timestamp:
            return talk[:place]
        read += weight(message)
    return talk
