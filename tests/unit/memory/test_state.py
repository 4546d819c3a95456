"""The state as its users see it, on each backend; and files that are not what they should be."""

import json
from pathlib import Path

import pytest

from lunabot.errors import WorldError
from lunabot.memory.migrations import MIGRATIONS
from lunabot.memory.recent import RECENT_MESSAGES
from lunabot.memory.state import State
from tests.unit.memory.samples import OTHER_ROOM, ROOM, said


async def test_facts_are_kept(state: State) -> None:
    assert state.fact("admin_room_id") is None
    state.set_fact("admin_room_id", ROOM)
    state.set_fact("admin_room_id", OTHER_ROOM)
    assert state.fact("admin_room_id") == OTHER_ROOM


async def test_messages_are_remembered_once_and_in_time_order(state: State) -> None:
    second, first = said("$2", at=2), said("$1", at=1)
    state.remember(ROOM, [second])
    state.remember(ROOM, [first, second])
    assert state.recent(ROOM) == (first, second)
    assert state.recent(OTHER_ROOM) == ()
    assert state.recent_rooms() == (ROOM,)


async def test_the_oldest_messages_make_place(state: State) -> None:
    messages = [said(f"${at}", at=at) for at in range(RECENT_MESSAGES + 5)]
    for message in messages:
        state.remember(ROOM, [message])
    assert state.recent(ROOM) == tuple(messages[5:])
    state.refill(ROOM, messages[:-1])
    assert state.recent(ROOM) == tuple(messages[4:-1])


async def test_recent_messages_can_be_forgotten(state: State) -> None:
    state.remember(ROOM, [said("$1")])
    state.forget_recent()
    assert (state.recent(ROOM), state.recent_rooms()) == ((), ())


async def test_what_was_kept_is_there_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "db.json"
    state = await State.open(path)
    state.set_fact("admin_room_id", ROOM)
    state.remember(ROOM, [said("$1", "Grüße")])
    await state.close()
    state = await State.open(path)
    assert state.fact("admin_room_id") == ROOM
    assert state.recent(ROOM) == (said("$1", "Grüße"),)
    assert state.warnings == ()
    await state.close()


async def test_a_truncated_file_is_told_and_made_up_for(tmp_path: Path) -> None:
    path = tmp_path / "db.json"
    state = await State.open(path)
    for name in ("before", "after"):
        state.set_fact("name", name)
        await state.flush()
    await state.close()
    path.write_bytes(path.read_bytes()[:-10])
    state = await State.open(path)
    assert state.fact("name") == "after"
    assert len(state.warnings) == 1 and "broken-1" in state.warnings[0]
    state.set_fact("name", "new")
    await state.close()
    assert json.loads(path.read_bytes())["facts"]["name"] == {"value": "new"}


async def test_a_file_of_another_schema_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "db.json"
    content = json.dumps({"schema": {"state": {"version": len(MIGRATIONS) + 2}}})
    path.write_text(content)
    with pytest.raises(WorldError, match="another Luna"):
        await State.open(path)
    assert path.read_text() == content


async def test_a_file_that_cannot_be_read_is_a_world_error(tmp_path: Path) -> None:
    (tmp_path / "db.json").mkdir()
    with pytest.raises(WorldError, match="left as it is"):
        await State.open(tmp_path / "db.json")


async def test_a_read_only_folder_is_a_warning_until_it_matters(read_only_folder: Path) -> None:
    state = await State.open(read_only_folder / "db.json")
    state.set_fact("name", "value")
    with pytest.raises(WorldError, match="Permission denied"):
        await state.flush()
    assert len(state.warnings) == 1 and "could not be saved" in state.warnings[0]
    assert state.fact("name") == "value"
    with pytest.raises(WorldError):
        await state.close()
