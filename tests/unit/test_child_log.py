"""The log of a child: what is told of it, who may read it, how large it grows."""

import gzip
from pathlib import Path

import pytest

from lunabot.child_log import ChildLog, telling_line
from lunabot.logs import KEPT


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


def test_a_large_log_is_set_aside_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "child.log"
    log = ChildLog(path)
    with log.opened() as file:
        file.write(b"x" * 5_000_000)
        file.flush()
        log.rotate()
        assert path.stat().st_size == 5_000_000
        file.write(b"y")
        file.flush()
        log.rotate()
        file.write(b"error: new")
    assert path.read_bytes() == b"error: new"
    assert log.telling_line() == "error: new"
    [kept] = tmp_path.glob("child-*.log.gz")
    assert gzip.decompress(kept.read_bytes()) == b"x" * 5_000_000 + b"y"
    assert len(list(tmp_path.iterdir())) == 2


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    log = ChildLog(tmp_path / "child.log")
    for number in range(KEPT + 2):
        with log.opened() as file:
            file.write(bytes([number]) * 5_000_001)
        log.rotate()
    kept = sorted(tmp_path.glob("child-*.log.gz"))
    assert [gzip.decompress(each.read_bytes())[0] for each in kept] == list(range(2, KEPT + 2))


def test_a_log_that_somebody_removed_is_no_bug(tmp_path: Path) -> None:
    assert ChildLog(tmp_path / "child.log").telling_line() == "its log is gone"
