"""Chapters outlive a restart, and what is none is passed over."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from lunabot.matrix.ids import EventId
from lunabot.memory.chapters import Chapter
from lunabot.memory.state import State
from tests.unit.memory.samples import ADA, BOB, OTHER_ROOM, ROOM

FIRST = Chapter(
    ROOM, 1, 0, EventId("$1"), EventId("$9"), 1_000, 9_000, (ADA, BOB), "Boats",
    "Ada sold her boat for 900.", ("who paints it?",),
)  # fmt: skip
SECOND = replace(FIRST, number=2, begins=10_000, ends=19_000, title="Tea", edited_by=ADA)
ABOVE = replace(FIRST, level=1, ends=19_000, title="A day")


async def test_chapters_are_there_after_a_restart_in_the_order_of_time(tmp_path: Path) -> None:
    state = await State.open(tmp_path / "db.json")
    for chapter in (SECOND, FIRST, ABOVE):
        state.chapters.put(chapter)
    await state.close()
    state = await State.open(tmp_path / "db.json")
    assert state.chapters.of(ROOM) == (ABOVE, FIRST, SECOND)
    assert state.chapters.of(ROOM, 0) == (FIRST, SECOND)
    assert state.chapters.of(ROOM, 1) == (ABOVE,)
    await state.close()


async def test_a_chapter_is_replaced_and_removed_by_its_level_and_number(state: State) -> None:
    state.chapters.put(FIRST)
    state.chapters.put(ABOVE)
    state.chapters.put(replace(FIRST, title="Ships"))
    assert [chapter.title for chapter in state.chapters.of(ROOM)] == ["A day", "Ships"]
    state.chapters.remove(FIRST)
    assert state.chapters.of(ROOM) == (ABOVE,)
    state.chapters.remove(ABOVE)
    assert state.chapters.rooms() == ()


async def test_a_room_is_cleared_and_then_all_are(state: State) -> None:
    elsewhere = replace(FIRST, room_id=OTHER_ROOM)
    for chapter in (FIRST, SECOND, elsewhere):
        state.chapters.put(chapter)
    assert state.chapters.clear(ROOM) == 2
    assert state.chapters.rooms() == (OTHER_ROOM,)
    assert state.chapters.clear(None) == 1
    assert state.chapters.of(OTHER_ROOM) == ()


@pytest.mark.parametrize("stored", [1, {}, {"people": 1}, {"people": [], "threads": []}])
async def test_what_is_no_chapter_is_passed_over(tmp_path: Path, stored: object) -> None:
    path = tmp_path / "db.json"
    path.write_text(json.dumps({"chapters": {ROOM: {"0/7": stored}}}))
    state = await State.open(path)
    assert state.chapters.of(ROOM) == ()
    state.chapters.put(FIRST)
    assert state.chapters.of(ROOM) == (FIRST,)
    await state.close()
