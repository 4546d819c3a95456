"""Pauses outlive a restart, and what is none is passed over."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from lunabot.matrix.ids import EventId
from lunabot.memory.loop import Layer
from lunabot.memory.pauses import Pause
from lunabot.memory.state import State
from tests.unit.memory.samples import ADA, LUNA, OTHER_ROOM, ROOM

PAUSE = Pause(
    ROOM, "Trails", Layer.PAIR, "too fast", frozenset({ADA, LUNA}), 1_000, 601_000,
    EventId("$1"), LUNA,
)  # fmt: skip


async def test_a_pause_and_what_counts_after_it_are_there_after_a_restart(tmp_path: Path) -> None:
    state = await State.open(tmp_path / "db.json")
    state.pauses.put(PAUSE)
    state.pauses.clear(OTHER_ROOM, 2_000)
    await state.close()
    state = await State.open(tmp_path / "db.json")
    assert list(state.pauses) == [PAUSE]
    assert state.pauses.get(ROOM) == PAUSE
    assert state.pauses.cleared_at(OTHER_ROOM) == 2_000
    await state.close()


async def test_what_counts_is_kept_while_there_is_another_pause(state: State) -> None:
    assert (state.pauses.get(ROOM), state.pauses.cleared_at(ROOM)) == (None, 0)
    state.pauses.clear(ROOM, 500)
    state.pauses.put(PAUSE)
    state.pauses.put(replace(PAUSE, reason="much too fast"))
    assert state.pauses.cleared_at(ROOM) == 500
    assert [pause.reason for pause in state.pauses] == ["much too fast"]
    state.pauses.clear(ROOM, 3_000)
    assert (state.pauses.get(ROOM), state.pauses.cleared_at(ROOM)) == (None, 3_000)


@pytest.mark.parametrize(
    "fields", [{}, {"pause": 1}, {"pause": {"layer": "moon"}}, {"cleared_at": "soon"}]
)
async def test_what_is_no_pause_is_passed_over(tmp_path: Path, fields: dict[str, object]) -> None:
    path = tmp_path / "db.json"
    path.write_text(json.dumps({"pauses": {OTHER_ROOM: fields}}))
    state = await State.open(path)
    state.pauses.put(PAUSE)
    assert list(state.pauses) == [PAUSE]
    assert state.pauses.cleared_at(OTHER_ROOM) == 0
    await state.close()
