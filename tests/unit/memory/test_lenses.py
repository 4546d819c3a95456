"""The lenses' texts outlive a restart, and what is none is passed over."""

import json
from dataclasses import replace
from pathlib import Path

from lunabot.memory.lenses import LensText
from lunabot.memory.state import State
from tests.unit.memory.samples import ADA, BOB, OTHER_ROOM, ROOM

CALM = LensText(ROOM, "emotional", "Ada is calm.", 9_000, 10_000)
FACTS = LensText(
    ROOM, "technical", "Bob sails it.", 9_000, 10_000, ADA, "The boat is of oak.", since=5_000
)


async def test_texts_are_there_after_a_restart(tmp_path: Path) -> None:
    state = await State.open(tmp_path / "db.json")
    state.lenses.put(FACTS)
    state.lenses.put(CALM)
    await state.close()
    state = await State.open(tmp_path / "db.json")
    assert state.lenses.of(ROOM) == (CALM, FACTS)
    assert state.lenses.get(ROOM, "technical") == FACTS
    assert state.lenses.get(OTHER_ROOM, "technical") is None
    await state.close()


async def test_a_text_is_replaced_and_removed(state: State) -> None:
    state.lenses.put(FACTS)
    state.lenses.put(CALM)
    state.lenses.put(replace(FACTS, written="", pinned="It is of pine."))
    assert [each.text for each in state.lenses.of(ROOM)] == ["Ada is calm.", "It is of pine."]
    state.lenses.remove(CALM)
    state.lenses.remove(CALM)
    assert [each.lens for each in state.lenses.of(ROOM)] == ["technical"]
    state.lenses.remove(FACTS)
    assert state.lenses.rooms() == ()


def test_an_administrators_words_stand_first_and_outlive_a_models() -> None:
    assert FACTS.text == "The boat is of oak.\n\nBob sails it."
    lost = FACTS.wordless(7_000)
    assert (lost.text, lost.until, lost.stale) == ("The boat is of oak.", 7_000, True)
    assert FACTS.wordless(1_000).until == 5_000  # nothing is read again that they tell
    assert FACTS.wordless(20_000).until == 9_000
    alone = replace(FACTS, written="")
    assert alone.wordless(1_000) == alone
    bare = FACTS.wordless(1_000, unpinned=True)
    assert (bare.text, bare.until, bare.edited_by, bare.stale) == ("", 1_000, None, True)


def test_an_edit_takes_the_place_of_all_that_was_there() -> None:
    edited = replace(FACTS, stale=True).edited(BOB, "It is sold.", 11_000)
    assert edited.text == "It is sold."
    assert (edited.edited_by, edited.since, edited.until) == (BOB, 9_000, 9_000)
    assert not edited.stale


async def test_a_room_is_cleared_and_then_all_are(state: State) -> None:
    for text in (CALM, FACTS, replace(CALM, room_id=OTHER_ROOM)):
        state.lenses.put(text)
    assert state.lenses.clear(ROOM) == 2
    assert state.lenses.rooms() == (OTHER_ROOM,)
    assert state.lenses.clear(None) == 1
    assert state.lenses.rooms() == ()


async def test_older_documents_had_all_words_in_one(tmp_path: Path) -> None:
    path = tmp_path / "db.json"
    fields = {"text": "Tea.", "until": 9_000, "updated": 10_000, "edited_by": None}
    lenses = {"a": fields, "b": {**fields, "edited_by": ADA}, "c": {**fields, "text": ""}}
    path.write_text(json.dumps({"lenses": {ROOM: lenses}}))
    state = await State.open(path)
    assert state.lenses.of(ROOM) == (
        LensText(ROOM, "a", "Tea.", 9_000, 10_000),
        LensText(ROOM, "b", "", 9_000, 10_000, ADA, "Tea.", since=9_000),
        LensText(ROOM, "c", "", 9_000, 10_000, stale=True),
    )
    await state.close()


async def test_what_is_no_text_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "db.json"
    path.write_text(json.dumps({"lenses": {ROOM: {"emotional": 1, "technical": {"text": "x"}}}}))
    state = await State.open(path)
    assert state.lenses.of(ROOM) == ()
    state.lenses.put(CALM)
    assert state.lenses.of(ROOM) == (CALM,)
    await state.close()
