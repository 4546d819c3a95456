"""One Luna a folder: a lock that names her process, and how to ask her to stop.

A stop is always a signal to that process, with the reason in a file beside the lock: so it can be
asked for from her event loop, another thread, a child process or a shell, in one and the same way.
"""

import errno
import fcntl
import os
import signal
import time
from pathlib import Path
from types import TracebackType

from lunabot.errors import WorldError

_LOCK = "luna.pid"
_REASON = "stop-reason"
_FOLDER_VARIABLE = "LUNA_RUN_FOLDER"


class Instance:
    """Holds the lock of a data folder; a second Luna on the same folder is refused."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._descriptor = -1

    def __enter__(self) -> "Instance":
        """Take the lock. Raises `WorldError` while another Luna holds it, or a disk is full."""
        try:
            self._lock()
        except OSError as error:
            raise WorldError(
                f"cannot write in {self._folder} ({error.strerror}): make room on the disk, or let "
                "this user write there"
            ) from error
        os.environ[_FOLDER_VARIABLE] = str(self._folder.absolute())
        return self

    def _lock(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._descriptor = os.open(self._folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        if not _try_lock(self._descriptor):
            pid = os.read(self._descriptor, 20).decode(errors="replace").strip()
            os.close(self._descriptor)
            raise WorldError(f"another Luna (process {pid}) runs on {self._folder}")
        os.ftruncate(self._descriptor, 0)
        os.write(self._descriptor, f"{os.getpid()}\n".encode())
        (self._folder / _REASON).unlink(missing_ok=True)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give the lock back. The file stays: removing it would race with the next Luna."""
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)

    def stop_reason(self) -> str | None:
        """Return what the last `request_shutdown` gave as its reason."""
        try:
            return (self._folder / _REASON).read_text(encoding="utf-8").strip() or None
        except OSError:
            return None


def running_pid(folder: Path) -> int | None:
    """Return the process id of the Luna that holds the lock of a folder, or None."""
    try:
        descriptor = os.open(folder / _LOCK, os.O_RDWR)
    except OSError:
        return None
    try:
        if _try_lock(descriptor):
            return None
        return int(os.read(descriptor, 20))
    except ValueError:
        return None
    finally:
        os.close(descriptor)


def request_shutdown(reason: str, folder: Path | None = None) -> bool:
    """Ask the running Luna to stop; return whether there was one to ask.

    Who asks after the first changes nothing: a second signal would end her at once. May be called
    from her event loop, any of her threads, or a child process of hers, which find the folder in
    the environment; anybody else names the data folder.
    """
    folder = folder or Path(os.environ.get(_FOLDER_VARIABLE, "data"))
    pid = running_pid(folder)
    if pid is None:
        return False
    try:
        with open(folder / _REASON, "x", encoding="utf-8", opener=_private) as file:
            file.write(reason)
    except FileExistsError:
        return True
    os.kill(pid, signal.SIGTERM)
    return True


def wait_until_gone(folder: Path, timeout_s: float) -> bool:
    """Return whether the Luna of a folder has ended within the time; blocks until then."""
    deadline = time.monotonic() + timeout_s
    while running_pid(folder) is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return False
        raise
    return True
