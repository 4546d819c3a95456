"""What is remembered, in words: dates, and that nothing remembered is taken for Markdown."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunabot.admin import memoir
from lunabot.matrix.ids import EventId, RoomId, UserId, localpart
from lunabot.memory.chapters import Chapter
from lunabot.memory.notes import Note

ANN, ROOM = UserId("@ann:localhost"), RoomId("!room:localhost")
DAY = 86_400_000
CHAPTER = Chapter(ROOM, 1, 0, EventId("$1"), EventId("$2"), 0, DAY, (ANN,), "Maps", "Ann drew.")


@pytest.mark.parametrize(
    ("begins", "days", "told"),
    [
        (0, 0, "1 Jan 1970"),
        (0, 2, "1–3 Jan 1970"),
        (20 * DAY, 20, "21 Jan – 10 Feb 1970"),
        (360 * DAY, 10, "27 Dec 1970 – 6 Jan 1971"),
        (-5 * DAY, 5, "1 Jan 1970"),
        (2**60, 0, "31 Dec 9999"),
    ],
)
def test_days_are_told_as_short_as_can_be(begins: int, days: int, told: str) -> None:
    assert memoir.span(begins, begins + days * DAY) == told


_lines = st.lists(st.from_regex(r"[a-zäö]{1,9}( [a-z]{1,9})?", fullmatch=True), max_size=4)


@given(_lines.filter(bool), _lines)
def test_what_is_shown_is_read_again(summary: list[str], threads: list[str]) -> None:
    chapter = replace(CHAPTER, summary="\n".join(summary), threads=tuple(threads))
    shown = memoir.chapter_in_full(chapter, localpart).split("ann\n\n", 1)[1].replace("> ", "")
    assert memoir.read_chapter(shown) == (chapter.summary, chapter.threads or None)


def test_what_models_wrote_is_no_markdown() -> None:
    text = "# Head\n[link](https://evil) **bold**"
    chapter = replace(CHAPTER, title="*T*", summary=text, threads=("`x`",))
    page = memoir.document("*Room*", [chapter], [], [_note(text)], lambda who: "<b>")
    for raw in ("# Head", "[link]", "**bold", "*T*", "`x`", "*Room*", "<b>"):
        assert raw not in page.replace(f"\\{raw[0]}", "")


def _note(text: str) -> Note:
    return Note(ANN, 1, text, ANN, ROOM, 2, 0)


def test_a_document_of_nothing_says_so() -> None:
    page = memoir.document("Room", [], [], [], localpart)
    assert page == "# Room\n\n## Lenses\n\nNone.\n\n## Chapters\n\nNone.\n\n## Notes\n\nNone.\n"
