"""Which chapters of a room are owed, and how they are written."""

from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from dataclasses import replace
from itertools import dropwhile, islice, takewhile

from lunabot.matrix.events import Message
from lunabot.matrix.ids import RoomId
from lunabot.memory.chapters import Chapter
from lunabot.remembering import instructions, segments
from lunabot.remembering.desk import ALL, Desk, Work, day
from lunabot.remembering.outline import outside, within
from lunabot.remembering.reading import read_chapter
from lunabot.remembering.segments import weight

_TOGETHER = 10
_BY_THEMSELVES = 10
_ENOUGH = 2 * segments.GREATEST  # of weight: in so much there is a cut, or one message is as heavy


async def owed_chapters(desk: Desk, room_id: RoomId, *, close: bool) -> AsyncGenerator[Work]:
    """Yield the chapters to be written, those first of which others are made.

    With `close`, what was said since the last one becomes a chapter even if it might go on.
    """
    table = desk.memory.state.chapters
    for stale in [each for each in table.of(room_id, 0) if each.stale]:
        known = table.of(room_id, 0)
        talk = await desk.talk(room_id, stale.begins, stale.ends, enough=ALL)
        if talk:
            yield _work(desk, stale, talk, known)
        else:
            table.remove(stale)
    known = table.of(room_id, 0)
    for stretch in await _uncovered(desk, room_id, close=close):
        yield _work(desk, _new(stretch, table.next_number(room_id, 0)), stretch, known)
    level = 1
    while table.of(room_id, level - 1):
        for work in _upper(desk, room_id, level):
            yield work
        level += 1


async def _uncovered(desk: Desk, room_id: RoomId, *, close: bool) -> list[Sequence[Message]]:
    """Return the first closed stretch behind the last chapter, and the first before all of them.

    What was said before is looked at once all of it that can be had has been fetched. A chapter
    that was deleted keeps its place.
    """
    known = desk.memory.state.chapters.places(room_id, 0)
    last = max((chapter.ends for chapter in known), default=-1)
    later = await desk.talk(room_id, last + 1, enough=_ENOUGH)
    cut = segments.first_cut(later) or (len(later) if close and _is_heavy(later) else 0)
    if not known or any(hole.room_id == room_id for hole in await desk.memory.archive.holes()):
        return [later[:cut]] if cut else []
    before = await desk.talk(room_id, 0, known[0].begins - 1, enough=_ENOUGH)
    early = (segments.first_cut(before) or len(before)) if _is_heavy(before) else 0
    return [stretch for stretch in (later[:cut], before[:early]) if stretch]


def _is_heavy(talk: Sequence[Message]) -> bool:
    return sum(map(weight, talk)) >= segments.LEAST


def _new(talk: Sequence[Message], number: int) -> Chapter:
    """Return the next chapter of a room, without its words."""
    first, last = talk[0], talk[-1]
    return Chapter(
        first.room_id,
        number,
        0,
        first.event_id,
        last.event_id,
        first.timestamp,
        last.timestamp,
        people=(),
        title="",
        summary="",
    )


def _work(desk: Desk, chapter: Chapter, talk: Sequence[Message], known: Sequence[Chapter]) -> Work:
    """Return the work on a chapter, new or stale; `known` are all there were as it was read."""
    room_id = chapter.room_id
    people = tuple(dict.fromkeys(message.sender for message in talk))
    first, last = talk[0].event_id, talk[-1].event_id
    return Work(
        "chapter",
        f"chapter {chapter.number} of {room_id}",
        instructions.chapter(room_id, desk.lines(talk)),
        talk,
        known,
        lambda: desk.memory.state.chapters.of(room_id, 0),
        _keeper(desk, replace(chapter, first=first, last=last, people=people, stale=False)),
    )


def _upper(desk: Desk, room_id: RoomId, level: int) -> Iterator[Work]:
    """Yield the chapters of a level that are owed, each made of some below.

    The newest below stand by themselves, and so do those whose chapter above was deleted.
    """
    table = desk.memory.state.chapters
    chapters = table.of(room_id, level - 1)
    for upper in table.of(room_id, level):
        covered = within(chapters, upper)
        if not covered:
            table.remove(upper)
        elif upper.stale and not any(each.stale for each in covered):
            yield _upper_work(desk, upper, covered)
    alone = outside(chapters, table.places(room_id, level))
    if len(alone) >= _TOGETHER + _BY_THEMSELVES:
        places = {each.place for each in alone}
        behind = dropwhile(lambda each: each.place not in places, chapters)
        group = list(takewhile(lambda each: each.place in places, islice(behind, _TOGETHER)))
        if not any(each.stale for each in group):
            yield _upper_work(desk, _over(group, table.next_number(room_id, level)), group)


def _over(group: Sequence[Chapter], number: int) -> Chapter:
    """Return the next chapter above a group, without its words."""
    first, last = group[0].wordless(unpinned=True), group[-1]
    level = first.level + 1
    return replace(first, number=number, level=level, last=last.last, ends=last.ends)


def _upper_work(desk: Desk, upper: Chapter, group: Sequence[Chapter]) -> Work:
    table, room_id = desk.memory.state.chapters, upper.room_id
    people = tuple(dict.fromkeys(user for chapter in group for user in chapter.people))
    return Work(
        "chapter",
        f"chapter of chapters {upper.number} of {room_id}",
        instructions.upper_chapter(room_id, [chapter_record(chapter) for chapter in group]),
        (),
        table.of(room_id),
        lambda: table.of(room_id),
        _keeper(desk, replace(upper, people=people, stale=False)),
    )


def chapter_record(chapter: Chapter) -> str:
    """Return a chapter as a line of material."""
    threads = "".join(f"\n{instructions.OPEN} {thread}" for thread in chapter.threads)
    days = dict.fromkeys((day(chapter.begins), day(chapter.ends)))
    return instructions.record(
        f"{' – '.join(days)}: {chapter.title}", f"{chapter.summary}{threads}"
    )


def _keeper(desk: Desk, chapter: Chapter) -> Callable[[str], None]:
    """Return what puts a model's words into a chapter and keeps it."""

    def keep(text: str) -> None:
        told = read_chapter(text)
        desk.memory.state.chapters.put(chapter.told(told.title, told.summary, told.threads))

    return keep
