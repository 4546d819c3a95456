"""Each moment of a room's history is told once."""

from dataclasses import replace

from lunabot.matrix.ids import EventId
from lunabot.memory.chapters import Chapter
from lunabot.remembering.outline import told_once
from tests.unit.remembering.talk import ROOM

CHAPTERS = [
    Chapter(ROOM, n, 0, EventId("$a"), EventId("$b"), n * 10, n * 10 + 9, (), f"{n}", "told")
    for n in range(4)
]
UPPER = replace(CHAPTERS[0], level=1, number=1, ends=19, title="above")


def test_what_a_chapter_of_chapters_tells_is_not_told_again() -> None:
    assert [each.title for each in told_once([*CHAPTERS, UPPER])] == ["above", "2", "3"]


def test_without_its_words_those_below_tell_it() -> None:
    lost = replace(UPPER, summary="", stale=True)
    below = [replace(CHAPTERS[0], summary="", stale=True), *CHAPTERS[1:]]
    assert [each.title for each in told_once([*below, lost])] == ["1", "2", "3"]
