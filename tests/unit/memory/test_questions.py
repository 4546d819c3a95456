"""Questions outlive a restart, and what is none is passed over."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from lunabot.matrix.ids import EventId
from lunabot.memory.questions import Question
from lunabot.memory.state import State
from tests.unit.memory.samples import BOB, said

SAID = said("$1", "/purge\nall “of” it")
COMMAND = replace(SAID, mentions=frozenset({BOB}), thread=EventId("$0"))
QUESTION = Question(COMMAND, "purge", "\nall “of” it", "0417", 300_000, "abc", "**All** goes.")


async def test_a_question_is_there_after_a_restart(tmp_path: Path) -> None:
    answered = replace(
        QUESTION, message=said("$2"), notice=EventId("$notice"), ending="❌ Declined"
    )
    state = await State.open(tmp_path / "db.json")
    for question in (QUESTION, answered):
        state.questions.put(question)
    await state.close()
    state = await State.open(tmp_path / "db.json")
    assert list(state.questions) == [QUESTION, answered]
    assert state.questions.get(EventId("$2")) == answered
    await state.close()


async def test_a_question_is_kept_as_it_is_now_until_it_is_removed(state: State) -> None:
    state.questions.put(QUESTION)
    state.questions.put(replace(QUESTION, ending="done"))
    assert [question.ending for question in state.questions] == ["done"]
    for _ in range(2):
        state.questions.remove(QUESTION)
    assert list(state.questions) == []
    assert state.questions.get(QUESTION.name) is None


@pytest.mark.parametrize("fields", [{}, {"code": "0417"}, {"message": {"room_id": "!a"}}])
async def test_what_is_no_question_is_passed_over(
    tmp_path: Path, fields: dict[str, object]
) -> None:
    path = tmp_path / "db.json"
    path.write_text(json.dumps({"questions": {"$broken": fields}}))
    state = await State.open(path)
    state.questions.put(QUESTION)
    assert list(state.questions) == [QUESTION]
    await state.close()
