"""Start a command so that it does not outlive the process that started it, not even by kill -9.

Run as a script, ``python tether.py PID_FILE STARTER_PID COMMAND…``, it becomes the command (exec):
no process more, ten milliseconds, and no code between fork and exec as `preexec_fn` has it.

Two nets. On Linux the kernel sends SIGKILL when the starter's thread dies (prctl(2),
PR_SET_PDEATHSIG; it survives exec). Elsewhere, and for what slips through, the command inherits a
lock (flock(2)) on a file that holds its process id: while somebody holds the lock, that very
process is alive, and the next start ends it. A process id alone could belong to anybody by then.
"""

import ctypes
import fcntl
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def tethered(command: Sequence[str], pid_file: Path) -> list[str]:
    """Return the command that runs `command` on a tether to this process."""
    python = [sys.executable, "-I", "-S"]  # nothing of the environment is needed here
    return [*python, __file__, str(pid_file), str(os.getpid()), *command]


def holder(pid_file: Path) -> int | None:
    """Return the id of the living process that was started with this file, or None."""
    try:
        descriptor = os.open(pid_file, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return None
    except BlockingIOError:
        return int(os.read(descriptor, 20) or 0) or None  # empty: it is only just starting
    finally:
        os.close(descriptor)


def _become(pid_file: str, starter: str, *command: str) -> None:
    descriptor = os.open(pid_file, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.ftruncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
    os.set_inheritable(descriptor, True)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != int(starter):  # it died before the kernel was told
            sys.exit("the process that wanted this one is gone")
    os.execvp(command[0], command)


if __name__ == "__main__":
    _become(*sys.argv[1:])
