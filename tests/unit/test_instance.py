"""One Luna a folder, and every way of asking her to stop."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lunabot.errors import WorldError
from lunabot.instance import Instance, request_shutdown, running_pid


@pytest.fixture
def caught(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    monkeypatch.setenv("LUNA_RUN_FOLDER", "")
    signalled = threading.Event()
    before = signal.signal(signal.SIGTERM, lambda *_: signalled.set())
    yield signalled
    signal.signal(signal.SIGTERM, before)


def test_a_second_luna_is_refused(tmp_path: Path, caught: threading.Event) -> None:
    with Instance(tmp_path):
        assert running_pid(tmp_path) == os.getpid()
        with pytest.raises(WorldError, match=f"process {os.getpid()}"), Instance(tmp_path):
            pytest.fail("two Lunas on one folder")
    assert running_pid(tmp_path) is None


def test_the_next_one_starts_without_the_last_reason(
    tmp_path: Path, caught: threading.Event
) -> None:
    with Instance(tmp_path) as first:
        assert request_shutdown("tired", tmp_path)
        assert first.stop_reason() == "tired"
    with Instance(tmp_path) as second:
        assert second.stop_reason() is None
    assert caught.wait(5)


def test_a_child_process_finds_her_by_the_environment(
    tmp_path: Path, caught: threading.Event
) -> None:
    code = "from lunabot.instance import request_shutdown as ask; assert ask('child says so')"
    with Instance(tmp_path) as luna:
        subprocess.run([sys.executable, "-c", code], check=True)
        assert caught.wait(5)
        assert luna.stop_reason() == "child says so"


def test_a_thread_may_ask(tmp_path: Path, caught: threading.Event) -> None:
    with Instance(tmp_path) as luna:
        thread = threading.Thread(target=request_shutdown, args=("thread says so",))
        thread.start()
        thread.join()
        assert caught.wait(5)
        assert luna.stop_reason() == "thread says so"


def test_nobody_is_asked_where_nobody_runs(tmp_path: Path) -> None:
    assert not request_shutdown("hello?", tmp_path)
    (tmp_path / "luna.pid").write_text("1\n")
    assert not request_shutdown("a stale file is no process", tmp_path)


def test_the_first_who_asks_gives_the_reason(tmp_path: Path, caught: threading.Event) -> None:
    with Instance(tmp_path) as luna:
        assert request_shutdown("first", tmp_path)
        assert caught.wait(5)
        caught.clear()
        assert request_shutdown("second", tmp_path)
        assert not caught.is_set()  # a second signal would end her at once
        assert luna.stop_reason() == "first"


def test_a_folder_that_cannot_be_written_is_said_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("no folder")
    with pytest.raises(WorldError, match=r"cannot write in .*data \(.*\): make room"):
        Instance(tmp_path / "data").__enter__()
