"""The log of a child: what is told of it, who may read it, how large it grows."""

from pathlib import Path

import pytest

from lunabot.child_log import ChildLog, telling_line


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("", "it said nothing"),
        ("***\n---", "it said nothing"),
        ("loading\nready", "ready"),
        ("OSError: disk full\nbye", "OSError: disk full"),
        ("Error: one\nError: two", "Error: two"),
        ("Error in configuration at 'database':\n  no such engine\n****", None),
        ("** Error during start **\n More in the logs.\n******", "Error during start"),
        ("the last word:", "the last word:"),
    ],
)
def test_the_telling_line(said: str, told: str | None) -> None:
    expected = told or "Error in configuration at 'database': no such engine"
    assert telling_line(said.splitlines()) == expected


def test_a_telling_line_fits_a_message() -> None:
    assert telling_line(["x" * 10_000]) == "x" * 300


def test_only_the_current_run_is_told(tmp_path: Path) -> None:
    log = ChildLog(tmp_path / "logs" / "child.log")
    with log.opened() as file:
        file.write(b"error: of yesterday\n")
    with log.opened() as file:
        file.write(b"all is well\n")
    assert log.telling_line() == "all is well"


def test_a_log_is_private(tmp_path: Path) -> None:
    with ChildLog(tmp_path / "child.log").opened():
        assert (tmp_path / "child.log").stat().st_mode & 0o777 == 0o600


def test_a_large_log_is_set_aside_at_the_next_run(tmp_path: Path) -> None:
    path = tmp_path / "child.log"
    log = ChildLog(path)
    path.write_bytes(b"x" * 5_000_001)
    with log.opened() as file:
        file.write(b"new\n")
    assert path.read_bytes() == b"new\n"
    assert (tmp_path / "child.log.1").stat().st_size == 5_000_001
    assert log.telling_line() == "new"


def test_a_log_that_somebody_removed_is_no_bug(tmp_path: Path) -> None:
    assert ChildLog(tmp_path / "child.log").telling_line() == "its log is gone"
