"""Personas in the state, on each backend; broken ones beside sound ones."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lunabot.matrix.ids import UserId
from lunabot.memory.state import State
from lunabot.personas.persona import BrokenPersona, to_document
from tests.unit.personas.characters import CLASSROOM, TEACHER, teacher

GHOST = UserId("@ghost:localhost")
BROKEN = {"displayname": "Ghost", "from_a_later_version": [1]}


def _documents(path: Path) -> dict[str, Any]:
    documents: dict[str, Any] = json.loads(path.read_bytes())["personas"]
    return documents


async def test_a_persona_is_kept_changed_and_removed(state: State) -> None:
    state.put_persona(teacher())
    assert state.personas() == {TEACHER: teacher()}
    state.put_persona(teacher().left(CLASSROOM, 2_000))
    assert state.personas()[TEACHER].rooms == ()
    state.remove_persona(TEACHER)
    state.remove_persona(TEACHER)
    assert state.personas() == {}


async def test_personas_are_there_after_a_restart(tmp_path: Path) -> None:
    persona = replace(teacher(), extra={"mood": {"now": "good"}})
    state = await State.open(tmp_path / "db.json")
    state.put_persona(persona)
    await state.close()
    document = _documents(tmp_path / "db.json")[TEACHER]
    assert document == to_document(persona)
    state = await State.open(tmp_path / "db.json")
    assert state.personas() == {TEACHER: persona}
    state.put_persona(replace(persona, extra={}))
    state.remove_persona(GHOST)
    await state.close()
    state = await State.open(tmp_path / "db.json")
    assert state.personas() == {TEACHER: teacher()}
    await state.close()


@pytest.fixture
def haunted(tmp_path: Path) -> Path:
    path = tmp_path / "db.json"
    documents = {GHOST: BROKEN, TEACHER: to_document(teacher()), "poet": {}}
    path.write_text(json.dumps({"personas": documents}))
    return path


async def test_a_broken_document_disables_its_persona_and_stays_as_it_is(haunted: Path) -> None:
    state = await State.open(haunted)
    assert state.personas() == {TEACHER: teacher()}
    assert state.broken_personas() == {
        GHOST: "its document is broken: system_prompt: is missing – add it; "
        "created_at: is missing – add it; created_by: is missing – add it",
        "poet": "its document is broken: its key is not a user id – e.g. @teacher:localhost",
    }
    state.put_persona(teacher(displayname="Ms Teach"))
    await state.close()
    documents = _documents(haunted)
    assert (documents[GHOST], documents["poet"]) == (BROKEN, {})
    assert documents[TEACHER]["displayname"] == "Ms Teach"


async def test_a_broken_persona_can_be_replaced_or_removed(haunted: Path) -> None:
    state = await State.open(haunted)
    state.put_persona(replace(teacher(), user_id=GHOST))
    state.remove_persona(UserId("poet"))
    assert (set(state.personas()), state.broken_personas()) == ({GHOST, TEACHER}, {})
    await state.close()
    assert "from_a_later_version" not in _documents(haunted)[GHOST]


async def test_a_persona_is_returned_as_it_is_kept(state: State) -> None:
    kept = state.put_persona(teacher(traits={"O": 80}))
    assert kept.traits == {"openness": 80}
    assert state.personas() == {TEACHER: kept}


async def test_what_could_not_be_read_again_is_not_kept(state: State) -> None:
    state.put_persona(teacher())
    with pytest.raises(BrokenPersona, match="system_prompt: is blank"):
        state.put_persona(teacher(system_prompt=" "))
    assert state.personas() == {TEACHER: teacher()}
