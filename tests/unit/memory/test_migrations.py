"""The schema of the state: brought up to date once, with what was there kept beside it."""

import json
from pathlib import Path

import pytest

from lunabot.errors import WorldError
from lunabot.memory import json_file
from lunabot.memory.json_file import Tables
from lunabot.memory.migrations import Migration, migrate
from lunabot.memory.state import State

OLD: Tables = {"schema": {"state": {"version": 1}}, "facts": {"name": {"value": "a"}}}


def _add_b(tables: Tables) -> Tables:
    return {**tables, "facts": {"name": {"value": tables["facts"]["name"]["value"] + "b"}}}


def _add_c(tables: Tables) -> Tables:
    return {**tables, "facts": {"name": {"value": tables["facts"]["name"]["value"] + "c"}}}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    json_file.save(tmp_path / "db.json", OLD)
    return tmp_path / "db.json"


def _start(path: Path, *steps: Migration) -> object:
    """Load, migrate and save as a start does; return what became of the name."""
    tables, _ = json_file.load(path)
    migrated = migrate(path, tables or {}, steps)
    json_file.save(path, migrated)
    return migrated["facts"]["name"]["value"]


def test_each_step_is_taken_once_and_in_order(path: Path) -> None:
    assert _start(path, _add_b) == "ab"
    assert _start(path, _add_b) == "ab"
    assert _start(path, _add_b, _add_c) == "abc"
    assert _start(path, _add_b, _add_c) == "abc"
    assert json.loads(path.read_bytes())["schema"] == {"state": {"version": 3}}


def test_steps_that_were_missed_are_made_up_for(path: Path) -> None:
    assert _start(path, _add_b, _add_c) == "abc"


def test_what_was_there_is_kept_before_the_first_step(path: Path) -> None:
    def fails(tables: Tables) -> Tables:
        raise RuntimeError("no")

    before = path.read_bytes()
    with pytest.raises(RuntimeError):
        _start(path, fails)
    kept = path.with_name("db.json.schema-1")
    assert path.read_bytes() == before
    assert json.loads(kept.read_bytes()) == OLD
    assert kept.stat().st_mode & 0o777 == 0o600


def test_nothing_is_kept_where_nothing_changes(path: Path) -> None:
    _start(path)
    assert not path.with_name("db.json.schema-1").exists()


@pytest.mark.parametrize("version", [3, 0, "2", None])
def test_another_schema_is_refused(tmp_path: Path, version: object) -> None:
    tables = {"schema": {"state": {"version": version}}}
    with pytest.raises(WorldError, match="was written by another Luna"):
        migrate(tmp_path / "db.json", tables, [_add_b])
    assert list(tmp_path.iterdir()) == []


def test_a_file_without_a_mark_is_of_this_schema(tmp_path: Path) -> None:
    migrated = migrate(tmp_path / "db.json", {}, [_add_b])
    assert migrated == {"schema": {"state": {"version": 2}}}


async def test_a_new_state_is_marked_when_it_is_first_saved(tmp_path: Path) -> None:
    state = await State.open(tmp_path / "db.json")
    await state.close()
    assert "version" in json.loads((tmp_path / "db.json").read_bytes())["schema"]["state"]
