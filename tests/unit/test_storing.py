"""What a full disk is told as, and when."""

from pathlib import Path

import pytest

from lunabot.errors import WorldError
from lunabot.memory.state import State
from lunabot.problems import Problems
from lunabot.storing import watch_saves
from tests.unit.memory.disk import full_beyond


async def test_a_state_that_cannot_be_saved_is_a_problem_until_it_can(tmp_path: Path) -> None:
    told: list[str] = []
    problems = Problems(told.append)
    state = await State.open(tmp_path / "db.json")
    watch_saves(state, problems)
    state.set_fact("name", "x" * 10_000)
    with full_beyond(5_000):
        for _ in range(2):
            with pytest.raises(WorldError, match="could not be saved"):
                await state.flush()
    assert len(told) == 1 and "\n" not in told[0]
    assert "make room on the disk" in problems.of("state")
    await state.flush()
    assert problems.lines() == ()
    await state.close()
