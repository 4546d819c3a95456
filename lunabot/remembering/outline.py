"""Which chapters tell a room's history, each moment of it once. Pure."""

from collections.abc import Sequence

from lunabot.memory.chapters import Chapter


def told_once(chapters: Sequence[Chapter]) -> tuple[Chapter, ...]:
    """Return the chapters in the order of time: of chapters for the far past, then single ones.

    Those without words are left out; what stands in one of them is told by those below.
    """
    written = [chapter for chapter in chapters if chapter.summary and not chapter.stale]
    upper = [chapter for chapter in written if chapter.level]
    single = [
        chapter
        for chapter in written
        if not chapter.level and not any(_holds(each, chapter) for each in upper)
    ]
    return tuple(sorted([*upper, *single], key=lambda chapter: chapter.begins))


def _holds(upper: Chapter, chapter: Chapter) -> bool:
    return upper.begins <= chapter.begins and chapter.ends <= upper.ends
