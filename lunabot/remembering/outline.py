"""Which chapters tell a room's history, each moment of it once. Pure.

Chapters of one level lie one behind the other, and each above covers whole ones. So to know where
one stands takes a look at one other: there may be thousands, and every prompt asks.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from lunabot.memory.chapters import Chapter


def told_once(chapters: Sequence[Chapter]) -> tuple[Chapter, ...]:
    """Return the chapters in the order of time: of chapters for the far past, then single ones.

    Those without words are left out; what stands in one of them is told by those below.
    """
    written = [chapter for chapter in chapters if chapter.summary and not chapter.stale]
    told: list[Chapter] = []
    for level in sorted({chapter.level for chapter in written}, reverse=True):
        told += outside([each for each in written if each.level == level], told)
        told.sort(key=_begins)
    return tuple(told)


def outside(chapters: Sequence[Chapter], above: Sequence[Chapter]) -> list[Chapter]:
    """Return the chapters that none of those above covers; both are in the order of time."""

    def is_covered(chapter: Chapter) -> bool:
        place = bisect_right(above, chapter.begins, key=_begins)
        return place > 0 and above[place - 1].covers(chapter)

    return [chapter for chapter in chapters if not is_covered(chapter)]


def within(chapters: Sequence[Chapter], upper: Chapter) -> list[Chapter]:
    """Return the chapters, given in the order of time, that one above them covers."""
    first = bisect_left(chapters, upper.begins, key=_begins)
    behind = bisect_right(chapters, upper.ends, key=_begins)
    return [chapter for chapter in chapters[first:behind] if upper.covers(chapter)]


def _begins(chapter: Chapter) -> int:
    return chapter.begins
