"""Each moment of a room's history is told once."""

from dataclasses import replace
from itertools import accumulate, pairwise

from hypothesis import given
from hypothesis import strategies as st

from lunabot.matrix.ids import EventId
from lunabot.memory.chapters import Chapter
from lunabot.remembering.outline import outside, told_once, within
from tests.unit.remembering.talk import ROOM

CHAPTERS = [
    Chapter(ROOM, n, 0, EventId("$a"), EventId("$b"), n * 10, n * 10 + 9, (), f"{n}", "told")
    for n in range(4)
]
UPPER = replace(CHAPTERS[0], level=1, number=1, ends=19, title="above")


def test_what_a_chapter_of_chapters_tells_is_not_told_again() -> None:
    assert [each.title for each in told_once([*CHAPTERS, UPPER])] == ["above", "2", "3"]


def test_of_several_levels_the_highest_tells() -> None:
    highest = replace(UPPER, level=2, number=2, ends=29, title="all")
    assert [each.title for each in told_once([*CHAPTERS, UPPER, highest])] == ["all", "3"]
    assert [each.title for each in told_once([*CHAPTERS, replace(highest, begins=20), UPPER])] == [
        "above", "all", "3",
    ]  # fmt: skip


@given(st.lists(st.integers(1, 4), max_size=12), st.data())
def test_what_is_within_is_not_outside(sizes: list[int], data: st.DataObject) -> None:
    chapters = [replace(UPPER, level=0, number=n, begins=n * 2, ends=n * 2 + 1) for n in range(48)]
    edges = [0, *accumulate(sizes)]
    above = [
        replace(UPPER, begins=begins * 2, ends=ends * 2 - 1)
        for begins, ends in pairwise(edges)
        if data.draw(st.booleans())
    ]
    free = outside(chapters, above)
    covered = [chapter for upper in above for chapter in within(chapters, upper)]
    assert sorted([*free, *covered], key=lambda each: each.begins) == chapters


def test_without_its_words_those_below_tell_it() -> None:
    lost = replace(UPPER, summary="", stale=True)
    below = [replace(CHAPTERS[0], summary="", stale=True), *CHAPTERS[1:]]
    assert [each.title for each in told_once([*below, lost])] == ["1", "2", "3"]
