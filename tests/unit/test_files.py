"""Files that nobody else reads and nobody sees half-written."""

import os
import stat
from pathlib import Path

import pytest

from lunabot.files import write_private


def test_a_file_and_its_folder_are_its_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        write_private(tmp_path / "secrets" / "key", "gehéim\n")
    finally:
        os.umask(before)
    assert (tmp_path / "secrets" / "key").read_text(encoding="utf-8") == "gehéim\n"
    assert mode(tmp_path / "secrets" / "key") == 0o600
    assert mode(tmp_path / "secrets") == 0o700


def test_an_older_open_file_becomes_private(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("old")
    path.chmod(0o644)
    write_private(path, "new")
    assert path.read_text() == "new"
    assert mode(path) == 0o600


def test_who_reads_meanwhile_sees_the_old_text(tmp_path: Path) -> None:
    path = tmp_path / "key"
    write_private(path, "old")
    with path.open() as reader:
        write_private(path, "new")
        assert reader.read() == "old"


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_a_failure_leaves_the_old_text_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    path = tmp_path / "key"
    write_private(path, "old")

    def fail(*_: object) -> None:
        raise OSError("no space left on device")

    if broken == "fsync":
        monkeypatch.setattr(os, "fsync", fail)
    else:
        monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="no space left"):
        write_private(path, "new")
    assert path.read_text() == "old"
    assert [found.name for found in tmp_path.iterdir()] == ["key"]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
