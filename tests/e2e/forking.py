"""Processes that `tests.e2e.fork_server` forks, for those who would start them with asyncio."""

import asyncio
import atexit
import contextlib
import functools
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
CAN_FORK = hasattr(os, "pidfd_open")  # on Linux
# What Luna needs from the first, and what she imports when she first needs it: the skills' parts
# and the model's client.
PRELOADED = (
    "lunabot.app",
    "lunabot.backup.live",
    "lunabot.charts.stacked",
    "lunabot.instance",
    "lunabot.open_files",
    "lunabot.purging.houses",
    "lunabot.seeding.seeder",
    "openai.types.chat",
)
_LINE_LIMIT = 1 << 20


class ForkedProcess:
    """A child of the fork server's, with what `asyncio.subprocess.Process` offers of its own."""

    def __init__(
        self,
        pid: int,
        stdout: asyncio.StreamReader,
        stderr: asyncio.StreamReader,
        status: asyncio.StreamReader,
    ) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.stdout = stdout
        self.stderr = stderr
        self._end = asyncio.create_task(self._wait_for_end(status))

    async def _wait_for_end(self, status: asyncio.StreamReader) -> int:
        self.returncode = int(await status.readline() or -signal.SIGKILL)
        return self.returncode

    async def wait(self) -> int:
        """Return the exit status once the process has ended; -N when signal N ended it."""
        return await asyncio.shield(self._end)

    def send_signal(self, number: int) -> None:
        """Send a signal, unless the process has ended."""
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


class ForkServer:
    """A fork server of this process; it ends when this process does."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        descriptor = theirs.fileno()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "tests.e2e.fork_server", str(descriptor), *PRELOADED],
                pass_fds=[descriptor],
                stdin=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                start_new_session=True,
            )

    @classmethod
    @functools.cache
    def of_this_run(cls) -> Self:
        """Return the one server of this process, which the first call starts."""
        server = cls()
        atexit.register(server.close)
        return server

    def close(self) -> None:
        """End the server; its children live on."""
        self._control.close()
        self._process.wait()

    async def spawn(
        self, arguments: Sequence[str], environment: Mapping[str, str], folder: Path | None
    ) -> ForkedProcess:
        """Start an interpreter with these arguments: a module (``-m``) or code (``-c``)."""
        request = {
            "arguments": list(arguments),
            "environment": dict(environment),
            "folder": str(folder) if folder else None,
        }
        pipes = [os.pipe() for _ in range(3)]
        theirs = [written for _, written in pipes]
        socket.send_fds(self._control, [json.dumps(request).encode()], theirs)
        for descriptor in theirs:
            os.close(descriptor)
        stdout, stderr, status = [await _reader(read) for read, _ in pipes]
        return ForkedProcess(int(await status.readline()), stdout, stderr, status)


async def _reader(descriptor: int) -> asyncio.StreamReader:
    """Return a reader of a pipe, which is closed at its end."""
    reader = asyncio.StreamReader(limit=_LINE_LIMIT)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb", buffering=0)
    )
    return reader
