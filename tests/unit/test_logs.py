"""What is logged where."""

import gzip
import logging
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lunabot.logs import LogFile, log_file, start_logging
from tests.unit.memory.disk import full_beyond


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


@pytest.mark.parametrize(
    "secret",
    ["syt_bHVuYQ_abcdefgh_1a2b3c", "sk-proj-abcdefgh1234", "Bearer abc", "access_token=abcdefgh"],
)
def test_what_looks_like_a_token_is_masked_in_tracebacks_too(
    start: Callable[[], Path], capsys: pytest.CaptureFixture[str], secret: str
) -> None:
    log = start()
    try:
        raise ValueError(f"no such key: {secret}")
    except ValueError:
        logging.getLogger("lunabot").exception("refused: %s – it was", secret)
    written = log.read_text(encoding="utf-8") + capsys.readouterr().err
    assert secret not in written
    assert "refused: *** – it was" in written
    assert "no such key: ***" in written


def test_the_file_is_rotated_before_it_is_large(start: Callable[[], Path]) -> None:
    log = start()
    for _ in range(6):
        logging.getLogger("lunabot").warning("x" * 1_000_000)
    assert log.stat().st_size < 5_000_000
    before, last = kept(log_file())
    assert unpacked(before).count("x") == 4_000_000
    assert unpacked(last).count("x") == 2_000_000


def test_only_the_newest_are_kept_and_what_a_crash_left_is_compressed(tmp_path: Path) -> None:
    (tmp_path / "luna-2001-01-01T00-00-00.000000.log").write_text("left behind")
    log = LogFile(tmp_path / "luna.log", kept=3)
    for number in range(2):
        log.emit(logging.makeLogRecord({"msg": f"line {number}"}))
        names = kept(log)
    assert [unpacked(file) for file in names] == ["left behind", "line 0\n", "line 1\n"]
    log.emit(logging.makeLogRecord({"msg": "line 2"}))
    assert unpacked(kept(log)[0]) == "line 0\n"
    assert len(list(tmp_path.iterdir())) == 4  # the log itself, too
    log.close()


def test_an_empty_log_is_not_rotated(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "luna.log")
    assert kept(log) == ()
    log.close()


def kept(log: LogFile | None) -> tuple[Path, ...]:
    """Rotate a log and return what is kept of its past."""
    assert log
    return log.begin_anew().result(timeout=10)


def unpacked(file: Path) -> str:
    return gzip.decompress(file.read_bytes()).decode()


def test_a_full_disk_costs_lines_and_says_nothing_of_its_own(
    start: Callable[[], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    file = start()
    with full_beyond(file.stat().st_size):
        logging.getLogger("lunabot").info("lost")
    logging.getLogger("lunabot").info("kept")
    assert capsys.readouterr().err == ""
    assert file.read_text().endswith("kept\n")
