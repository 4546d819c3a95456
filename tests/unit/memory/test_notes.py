"""Notes outlive a restart, keep their numbers, and go with their chapter or their persona."""

import json
from dataclasses import replace
from pathlib import Path

from lunabot.matrix.ids import RoomId, UserId
from lunabot.memory.state import State
from tests.unit.memory.samples import ADA, BOB, OTHER_ROOM, ROOM

MARA = UserId("@mara:localhost")
NOAH = UserId("@noah:localhost")


async def test_notes_are_there_after_a_restart_and_numbers_are_not_given_again(
    tmp_path: Path,
) -> None:
    state = await State.open(tmp_path / "db.json")
    first = state.notes.add(MARA, "Ada has a boat.", ADA, ROOM, 1, 1_000)
    second = state.notes.add(MARA, "I like tea.", None, RoomId(""), 0, 2_000)
    state.notes.remove(MARA, second.number)
    await state.close()
    state = await State.open(tmp_path / "db.json")
    assert state.notes.of(MARA) == (first,)
    assert state.notes.add(MARA, "I like coffee.", None, ROOM, 2, 3_000).number == 3
    assert (first.number, second.number) == (1, 2)
    assert state.notes.personas() == (MARA,)
    assert state.notes.of(NOAH) == ()
    await state.close()


async def test_a_note_is_replaced_by_its_number(state: State) -> None:
    note = state.notes.add(MARA, "Ada has a boat.", ADA, ROOM, 1, 1_000)
    state.notes.put(replace(note, text="Ada has two boats.", edited_by=BOB))
    assert [(each.text, each.edited_by) for each in state.notes.of(MARA)] == [
        ("Ada has two boats.", BOB)
    ]


async def test_the_notes_of_a_room_are_cleared_and_then_all_are(state: State) -> None:
    kept = state.notes.add(MARA, "Bob sings.", BOB, OTHER_ROOM, 1, 1_000)
    note = state.notes.add(MARA, "Ada has a boat.", ADA, ROOM, 1, 1_000)
    state.notes.take(MARA, ROOM, 1, (kept, note))
    state.notes.add(NOAH, "Ada has a boat.", ADA, ROOM, 1, 1_000)
    assert state.notes.clear(ROOM) == 2
    assert state.notes.of(MARA) == (kept,)
    assert state.notes.taken(MARA, ROOM) == frozenset()
    assert state.notes.clear(None) == 1
    assert state.notes.personas() == ()


async def test_what_was_taken_of_a_chapter_is_kept_at_once_and_retracted_with_it(
    state: State,
) -> None:
    first = state.notes.add(MARA, "Ada has a boat.", ADA, ROOM, 1, 1_000)
    state.notes.take(MARA, ROOM, 1, [first])
    second = replace(first, number=2, chapter=2, text="Ada sold it.")
    state.notes.take(MARA, ROOM, 2, [first, second])
    state.notes.take(NOAH, ROOM, 2, [])
    assert state.notes.taken(MARA, ROOM) == {1, 2}
    assert state.notes.retract(ROOM, frozenset({2})) == 1
    assert state.notes.of(MARA) == (first,)
    assert state.notes.taken(MARA, ROOM) == {1}
    assert not state.notes.taken(NOAH, ROOM)
    assert state.notes.next_number(MARA) == 3


async def test_what_an_administrator_wrote_stays_when_its_chapter_is_retracted(
    state: State,
) -> None:
    first = state.notes.add(MARA, "Ada has a boat.", ADA, ROOM, 1, 1_000)
    second = state.notes.add(MARA, "Ada sold it.", ADA, ROOM, 1, 1_000)
    state.notes.put(replace(second, edited_by=BOB))
    assert [each.number for each in state.notes.made_of(ROOM, frozenset({1, 7}))] == [1, 2]
    assert state.notes.retract(ROOM, frozenset({1})) == 1
    assert [each.number for each in state.notes.of(MARA)] == [second.number] != [first.number]
    assert state.notes.retract(ROOM, frozenset({1}), unpinned=True) == 1
    assert state.notes.of(MARA) == ()


async def test_the_notes_of_a_persona_go_with_it(state: State) -> None:
    state.notes.add(MARA, "Ada has a boat.", ADA, ROOM, 1, 1_000)
    state.remove_persona(MARA)
    assert state.notes.personas() == ()


async def test_what_is_no_note_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "db.json"
    path.write_text(json.dumps({"notes": {MARA: {"notes": [1, {"text": "x"}], "taken": 3}}}))
    state = await State.open(path)
    assert state.notes.of(MARA) == ()
    assert state.notes.taken(MARA, ROOM) == frozenset()
    assert state.notes.add(MARA, "Ada has a boat.", ADA, ROOM, 1, 1_000).number == 1
    await state.close()
