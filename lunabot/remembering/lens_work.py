"""Which lenses of a room are behind, and how they are brought up to date."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

from lunabot.matrix.events import Message
from lunabot.matrix.ids import RoomId
from lunabot.memory.lenses import LensText
from lunabot.memory.withdrawing import beginning
from lunabot.prompt.tokens import ByteBound, cut
from lunabot.remembering import instructions
from lunabot.remembering.chapter_work import chapter_record
from lunabot.remembering.desk import Desk, Work
from lunabot.remembering.outline import told_once
from lunabot.remembering.reading import read_addition
from lunabot.remembering.segments import weight

_AT_ONCE = 5_000  # of weight: so much is read before a text is kept
_GIVEN = 4_000  # bytes of an administrator's words


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
    is_lost = known is not None and known.stale
    text = known or LensText(room_id, lens, "", until, 0)
    talk = _batch(await desk.talk(room_id, until + 1, enough=_AT_ONCE))
    is_anew = known is None or is_lost
    past = [each for each in chapters if text.since < each.ends <= until] if is_anew else []
    lines = [chapter_record(chapter) for chapter in told_once(past)] + desk.lines(talk)
    if not lines or (sum(map(weight, talk)) < enough and not is_lost):
        return None
    reached = talk[-1].timestamp if talk else until

    def keep(answer: str) -> None:
        written = read_addition(answer, text.pinned) if text.pinned else answer
        state.lenses.put(
            replace(text, written=written, until=reached, updated=desk.now(), stale=False)
        )

    return Work(
        "lens",
        f"lens {lens} of {room_id}",
        instructions.lens(
            room_id,
            description,
            lines,
            previous=text.written,
            given=cut(text.pinned, _GIVEN, ByteBound()),
        ),
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
