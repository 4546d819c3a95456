"""Commands on a tether: who holds the lock, and whom they do not outlive."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lunabot import tether

SLEEP = [sys.executable, "-c", "print('up', flush=True); import time; time.sleep(60)"]


def test_the_holder_is_the_command_itself_while_it_lives(tmp_path: Path) -> None:
    pid_file = tmp_path / "child.pid"
    assert tether.holder(pid_file) is None
    with subprocess.Popen(tether.tethered(SLEEP, pid_file), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        assert tether.holder(pid_file) == process.pid
        process.kill()
    assert tether.holder(pid_file) is None


def test_a_second_command_on_the_same_file_does_not_start(tmp_path: Path) -> None:
    pid_file = tmp_path / "child.pid"
    with subprocess.Popen(tether.tethered(SLEEP, pid_file), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        second = subprocess.run(tether.tethered(SLEEP, pid_file), capture_output=True, timeout=30)
        assert second.returncode != 0
        assert second.stdout == b""
        assert tether.holder(pid_file) == process.pid
        process.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the next start ends it")
def test_a_command_whose_starter_died_first_does_not_start(tmp_path: Path) -> None:
    command = tether.tethered(SLEEP, tmp_path / "child.pid")
    somebody_else = [str(os.getpid() + 1) if part == str(os.getpid()) else part for part in command]
    result = subprocess.run(somebody_else, capture_output=True, timeout=30)
    assert (result.returncode, result.stdout) == (1, b"")
    assert b"is gone" in result.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the next start ends it")
def test_a_killed_starter_takes_its_child_along(tmp_path: Path) -> None:
    command = tether.tethered(SLEEP, tmp_path / "child.pid")
    starter = (
        "import os, subprocess, sys; command = sys.argv[1:]; command[5] = str(os.getpid());"
        "subprocess.run(command)"
    )
    assert command[5] == str(os.getpid())
    with subprocess.Popen(
        [sys.executable, "-c", starter, *command], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        process.send_signal(signal.SIGKILL)
        assert process.stdout.read() == b""  # the end of the pipe: nobody has it open any more
    assert tether.holder(tmp_path / "child.pid") is None
