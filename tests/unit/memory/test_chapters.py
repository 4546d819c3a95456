"""Chapters outlive a restart, and what is none is passed over."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunabot.matrix.ids import EventId
from lunabot.memory.chapters import Chapter
from lunabot.memory.state import State
from tests.unit.memory.samples import ADA, BOB, OTHER_ROOM, ROOM

FIRST = Chapter(
    ROOM, 1, 0, EventId("$1"), EventId("$9"), 1_000, 9_000, (ADA, BOB), "Boats",
    "Ada sold her boat for 900.", ("who paints it?",),
)  # fmt: skip
SECOND = replace(
    FIRST, number=2, begins=10_000, ends=19_000, title="Tea", edited_by=ADA, pinned=("title",)
)
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


async def test_one_that_is_deleted_keeps_its_place_and_nothing_else(tmp_path: Path) -> None:
    state = await State.open(tmp_path / "db.json")
    for chapter in (FIRST, SECOND):
        state.chapters.put(chapter)
    state.chapters.delete(SECOND)
    assert state.chapters.of(ROOM) == (FIRST,)
    await state.close()
    assert "Tea" not in (tmp_path / "db.json").read_text()
    state = await State.open(tmp_path / "db.json")
    assert state.chapters.of(ROOM) == (FIRST,)
    _, deleted = state.chapters.places(ROOM)
    assert (deleted.number, deleted.begins, deleted.ends) == (2, 10_000, 19_000)
    assert (deleted.people, deleted.pinned, deleted.deleted) == ((), (), True)
    assert state.chapters.next_number(ROOM, 0) == 3
    state.chapters.delete(FIRST)
    assert state.chapters.rooms() == ()
    await state.close()


async def test_numbers_are_never_given_twice(tmp_path: Path) -> None:
    state = await State.open(tmp_path / "db.json")
    assert state.chapters.next_number(ROOM, 0) == 1
    for chapter in (FIRST, SECOND, replace(ABOVE, number=1), replace(ABOVE, level=2, number=2)):
        state.chapters.put(chapter)
    state.chapters.remove(*state.chapters.of(ROOM))
    await state.close()
    state = await State.open(tmp_path / "db.json")
    numbers = [state.chapters.next_number(ROOM, level) for level in (0, 1, 2)]
    assert numbers == [3, 3, 3]  # parts of all levels are counted together
    assert state.chapters.next_number(OTHER_ROOM, 0) == 1
    state.chapters.clear(ROOM)
    assert state.chapters.next_number(ROOM, 0) == 1
    await state.close()


_TEXTS = st.none() | st.text(max_size=5)
_THREADS = st.none() | st.lists(st.text(max_size=5), max_size=2).map(tuple)
_EDITS = st.lists(st.tuples(_TEXTS, st.none() | st.text(min_size=1), _THREADS), max_size=3)
_TOLD = st.tuples(st.text(max_size=5), st.text(min_size=1, max_size=5), st.just(("open",)))


@given(_EDITS, st.lists(st.none() | _TOLD, max_size=5))
def test_what_an_administrator_wrote_last_stands_whatever_models_write(
    edits: list[tuple[str | None, str | None, tuple[str, ...] | None]],
    later: list[tuple[str, str, tuple[str, ...]] | None],
) -> None:
    chapter = FIRST
    wanted: dict[str, object] = {}
    for title, summary, threads in edits:
        chapter = chapter.edited(ADA, title, summary, threads)
        words = {"title": title, "summary": summary, "threads": threads}
        wanted |= {name: said for name, said in words.items() if said is not None}
    for told in later:
        chapter = chapter.wordless() if told is None else chapter.told(*told)
        assert chapter.stale is (not chapter.summary)
        assert {name: getattr(chapter, name) for name in wanted} == wanted
    assert set(chapter.pinned) == set(wanted)


async def test_a_room_is_cleared_and_then_all_are(state: State) -> None:
    elsewhere = replace(FIRST, room_id=OTHER_ROOM)
    for chapter in (FIRST, SECOND, elsewhere):
        state.chapters.put(chapter)
    assert state.chapters.clear(ROOM) == 2
    assert state.chapters.rooms() == (OTHER_ROOM,)
    assert state.chapters.clear(None) == 1
    assert state.chapters.of(OTHER_ROOM) == ()


def test_without_a_models_words_those_of_an_administrator_are_left() -> None:
    bare = SECOND.wordless()
    assert (bare.title, bare.summary, bare.threads, bare.stale) == ("Tea", "", (), True)
    none = SECOND.wordless(unpinned=True)
    assert (none.title, none.edited_by, none.pinned) == ("", None, ())


async def test_older_documents_did_not_say_which_words_are_whose(tmp_path: Path) -> None:
    path = tmp_path / "db.json"
    fields = {"number": 1, "level": 0, "first": "$1", "last": "$9", "begins": 1, "ends": 9,
              "people": [ADA], "title": "Tea", "summary": "Tea.", "threads": [], "stale": False,
              "edited_by": None}  # fmt: skip
    edited = {**fields, "number": 4, "edited_by": ADA}
    path.write_text(json.dumps({"chapters": {ROOM: {"0/1": fields, "0/4": edited}}}))
    state = await State.open(path)
    first, second = state.chapters.of(ROOM)
    assert (first.pinned, second.pinned) == ((), ("title", "summary", "threads"))
    assert state.chapters.next_number(ROOM, 0) == 5
    await state.close()


@pytest.mark.parametrize("stored", [1, {}, {"people": 1}, {"people": [], "threads": []}])
async def test_what_is_no_chapter_is_passed_over(tmp_path: Path, stored: object) -> None:
    path = tmp_path / "db.json"
    path.write_text(json.dumps({"chapters": {ROOM: {"0/7": stored}}}))
    state = await State.open(path)
    assert state.chapters.of(ROOM) == ()
    state.chapters.put(FIRST)
    assert state.chapters.of(ROOM) == (FIRST,)
    await state.close()
