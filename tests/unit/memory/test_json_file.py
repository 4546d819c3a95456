"""The JSON file: whole after every interruption, never overwriting what it cannot read."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunabot.memory import json_file
from lunabot.memory.json_file import Tables
from tests.unit.memory.disk import full_beyond

_OLD: Tables = {"facts": {"moon": {"phase": "new"}}}
_NEW: Tables = {"facts": {"moon": {"phase": "full"}, "sun": {}}, "rooms": {}}

_documents = st.dictionaries(st.text(max_size=4), st.text() | st.integers() | st.none())
_tables = st.dictionaries(
    st.text(max_size=4), st.dictionaries(st.text(max_size=4), _documents, max_size=3), max_size=3
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file that was saved twice."""
    path = tmp_path / "db.json"
    json_file.save(path, _OLD)
    json_file.save(path, _NEW)
    return path


def _names(path: Path) -> list[str]:
    return sorted(file.name for file in path.parent.iterdir())


def test_nothing_is_loaded_from_nowhere(tmp_path: Path) -> None:
    assert json_file.load(tmp_path / "db.json") == (None, ())


def test_a_save_is_loaded_and_its_backup_is_a_file_of_its_own(path: Path) -> None:
    assert json_file.load(path) == (_NEW, ())
    assert json_file.load(json_file.backup(path)) == (_NEW, ())
    assert _names(path) == ["db.json", "db.json.bak"]
    assert path.stat().st_ino != json_file.backup(path).stat().st_ino


def test_only_the_owner_may_read_it_and_each_document_has_its_line(path: Path) -> None:
    assert {file.stat().st_mode & 0o777 for file in path.parent.iterdir()} == {0o600}
    assert '"moon": {"phase": "full"},' in path.read_text().splitlines()


def test_save_returns_the_size(tmp_path: Path) -> None:
    path = tmp_path / "db.json"
    assert json_file.save(path, _NEW) == path.stat().st_size


@given(tables=_tables)
def test_any_documents_come_back(tmp_path_factory: pytest.TempPathFactory, tables: Tables) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    json_file.save(path, tables)
    assert json_file.load(path) == (tables, ())


def test_a_lone_surrogate_does_not_stop_a_save(tmp_path: Path) -> None:
    path = tmp_path / "db.json"
    json_file.save(path, {"facts": {"a": {"value": "\ud800!"}}})
    assert json_file.load(path) == ({"facts": {"a": {"value": "?!"}}}, ())


@pytest.mark.parametrize(
    "content", ["", "\0" * 100, "[" * 100_000, "[1]", "null", '{"facts": {"moon": 1}}']
)
def test_a_broken_file_is_kept_and_its_backup_taken(path: Path, content: str) -> None:
    path.write_text(content)
    tables, (warning,) = json_file.load(path)
    assert tables == _NEW
    assert "is kept as db.json.broken-1. Its backup, saved 20" in warning
    assert path.with_name("db.json.broken-1").read_text() == content
    assert not path.exists()


def test_cut_off_anywhere_nothing_is_lost(path: Path) -> None:
    whole = path.read_bytes()
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        tables, warnings = json_file.load(path)
        # What is left of the last byte, a line end, is all of it.
        assert (tables, len(warnings)) == (_NEW, end < len(whole) - 1), end
        json_file.save(path, _NEW)


def test_a_file_that_is_not_text_is_broken(path: Path) -> None:
    path.write_bytes(b"\xff\xfe\xfa")
    assert json_file.load(path)[0] == _NEW


def test_broken_files_never_replace_each_other(path: Path) -> None:
    for content in ("first", "second"):
        path.write_text(content)
        json_file.load(path)
    kept = [path.with_name(f"db.json.broken-{number}").read_text() for number in (1, 2)]
    assert kept == ["first", "second"]


def test_when_the_backup_is_broken_too_both_are_kept(path: Path) -> None:
    path.write_text("{")
    json_file.backup(path).write_text("")
    tables, (warning,) = json_file.load(path)
    assert tables is None
    assert "db.json.broken-1 and db.json.bak was broken" in warning
    assert "restore a backup" in warning
    assert _names(path) == ["db.json.bak.broken-1", "db.json.broken-1"]


@pytest.mark.parametrize("replaced", [0, 1])
def test_a_crash_between_the_two_renames_costs_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch, replaced: int
) -> None:
    left, replace = iter([True] * replaced), Path.replace

    def crash(self: Path, target: Path) -> Path:
        next(left)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", crash)
    with pytest.raises(StopIteration):
        json_file.save(path, _OLD)
    monkeypatch.undo()
    assert json_file.load(path) == (_OLD if replaced else _NEW, ())
    json_file.save(path, _OLD)
    assert _names(path) == ["db.json", "db.json.bak"]


def test_a_file_that_is_missing_is_made_up_for(path: Path) -> None:
    path.unlink()
    tables, (warning,) = json_file.load(path)
    assert tables == _NEW
    assert warning.startswith("db.json was missing. Its backup, saved 20")


def test_a_save_that_fails_leaves_all_as_it_was(path: Path) -> None:
    size = path.stat().st_size
    with full_beyond(2 * size), pytest.raises(OSError, match="too large"):
        json_file.save(path, {"facts": {"moon": {"text": "x" * 3 * size}}})
    assert _names(path) == ["db.json", "db.json.bak"]
    assert json_file.load(path) == (_NEW, ())


def test_what_a_crash_left_aside_is_in_nobodys_way(path: Path) -> None:
    path.with_name("db.json.tmp").write_text("half a sav")
    json_file.save(path, _OLD)
    assert json_file.load(path) == (_OLD, ())
    assert _names(path) == ["db.json", "db.json.bak"]
