"""What is logged where."""

import logging
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lunabot.logs import start_logging


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Path]]:
    """Starts logging in the test itself, whose terminal is not that of its fixtures."""
    root, luna = logging.getLogger(), logging.getLogger("lunabot")
    handlers, levels = list(root.handlers), (root.level, luna.level)

    def start_here() -> Path:
        start_logging(tmp_path / "logs")
        return tmp_path / "logs" / "luna.log"

    yield start_here
    logging.captureWarnings(False)
    for handler in set(root.handlers) - set(handlers):
        root.removeHandler(handler)
        handler.close()
    root.setLevel(levels[0])
    luna.setLevel(levels[1])


def test_lunas_own_lines_from_info_on_and_others_from_warning_on(
    start: Callable[[], Path],
) -> None:
    log = start()
    logging.getLogger("lunabot.luna").info("I woke up")
    logging.getLogger("lunabot.luna").debug("a detail")
    logging.getLogger("nio.client").info("the message said: hello")
    logging.getLogger("nio.client").warning("a strange answer")
    lines = log.read_text(encoding="utf-8").splitlines()
    assert [line.partition(": ")[2] for line in lines] == ["I woke up", "a strange answer"]
    assert " INFO lunabot.luna: I woke up" in lines[0]


def test_only_errors_reach_the_terminal(
    start: Callable[[], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    start()
    logging.getLogger("lunabot.luna").warning("hm")
    logging.getLogger("lunabot.luna").error("it broke")
    assert capsys.readouterr().err == "luna: it broke\n"


def test_pythons_warnings_go_there_too(
    start: Callable[[], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    with warnings.catch_warnings():
        log = start()
        warnings.simplefilter("always")
        warnings.warn("old-fashioned", DeprecationWarning, stacklevel=1)
        logging.captureWarnings(False)
    assert "old-fashioned" in log.read_text(encoding="utf-8")
    assert capsys.readouterr().err == ""


def test_the_file_is_rotated_before_it_is_large(start: Callable[[], Path]) -> None:
    log = start()
    for _ in range(6):
        logging.getLogger("lunabot").warning("x" * 1_000_000)
    files = sorted(path.name for path in log.parent.iterdir())
    assert files == ["luna.log", "luna.log.1"]
    assert log.stat().st_size < 5_000_000
