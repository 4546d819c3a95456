"""The lenses' texts outlive a restart, and what is none is passed over."""

import json
from dataclasses import replace
from pathlib import Path

from lunabot.memory.lenses import LensText
from lunabot.memory.state import State
from tests.unit.memory.samples import ADA, OTHER_ROOM, ROOM

CALM = LensText(ROOM, "emotional", "Ada is calm.", 9_000, 10_000)
FACTS = LensText(ROOM, "technical", "The boat is of oak.", 9_000, 10_000, edited_by=ADA)


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
    state.lenses.put(replace(FACTS, text="It is of pine."))
    assert [each.text for each in state.lenses.of(ROOM)] == ["Ada is calm.", "It is of pine."]
    state.lenses.remove(CALM)
    state.lenses.remove(CALM)
    assert [each.lens for each in state.lenses.of(ROOM)] == ["technical"]
    state.lenses.remove(FACTS)
    assert state.lenses.rooms() == ()


async def test_a_room_is_cleared_and_then_all_are(state: State) -> None:
    for text in (CALM, FACTS, replace(CALM, room_id=OTHER_ROOM)):
        state.lenses.put(text)
    assert state.lenses.clear(ROOM) == 2
    assert state.lenses.rooms() == (OTHER_ROOM,)
    assert state.lenses.clear(None) == 1
    assert state.lenses.rooms() == ()


async def test_what_is_no_text_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "db.json"
    path.write_text(json.dumps({"lenses": {ROOM: {"emotional": 1, "technical": {"text": "x"}}}}))
    state = await State.open(path)
    assert state.lenses.of(ROOM) == ()
    state.lenses.put(CALM)
    assert state.lenses.of(ROOM) == (CALM,)
    await state.close()
