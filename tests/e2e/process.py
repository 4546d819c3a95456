"""A child process of a test: its output line by line, its signals and its end."""

import asyncio
import os
import re
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.e2e.forking import CAN_FORK, ForkedProcess, ForkServer


class ChildProcess:
    """A command that runs beside the tests; `start` may be called again after it ended.

    `output` (standard output) and `errors` (standard error) hold the lines of every run so far.
    It runs in a session of its own: Ctrl-C in the terminal reaches the test run alone, which then
    ends its children in order.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        self.command = list(command)
        self.output: list[str] = []
        self.errors: list[str] = []
        self.environment = {**os.environ, **(environment or {})}
        self.folder = folder
        self._process: asyncio.subprocess.Process | ForkedProcess | None = None
        self._readers: list[asyncio.Task[None]] = []

    @property
    def running(self) -> bool:
        """Whether the process was started and has not ended."""
        return self._process is not None and self._process.returncode is None

    @property
    def exit_status(self) -> int | None:
        """The last run's exit status; None while it runs; -N when signal N ended it."""
        return None if self._process is None else self._process.returncode

    @property
    def pid(self) -> int:
        """The process id of the current or last run."""
        assert self._process is not None, "the process was never started"
        return self._process.pid

    async def start(self) -> None:
        """Spawn the command and begin to collect what it says."""
        assert not self.running, "the process is running already"
        self._process = await self._spawn()
        stdout, stderr = self._process.stdout, self._process.stderr
        assert stdout is not None and stderr is not None
        self._readers = [
            asyncio.create_task(self._collect(stdout, self.output)),
            asyncio.create_task(self._collect(stderr, self.errors)),
        ]

    async def _spawn(self) -> asyncio.subprocess.Process | ForkedProcess:
        return await asyncio.create_subprocess_exec(
            *self.command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self.environment,
            cwd=self.folder,
            limit=1 << 20,
            start_new_session=True,
        )

    async def _collect(self, stream: asyncio.StreamReader, lines: list[str]) -> None:
        while line := await stream.readline():
            lines.append(line.decode(errors="replace").rstrip("\n"))

    async def wait_for_line(self, pattern: str, timeout_s: float = 30, after: int = 0) -> str:
        """Return the first line of standard output from line `after` on that holds `pattern`.

        AssertionError, with the last lines of both outputs, when the process ends first or the
        time is over.
        """
        expression = re.compile(pattern)
        end = time.monotonic() + timeout_s
        while True:
            ended = all(reader.done() for reader in self._readers)
            for line in self.output[after:]:
                if expression.search(line):
                    return line
            assert not ended, self.describe(f"it ended before it said {pattern!r}")
            assert time.monotonic() < end, self.describe(f"no {pattern!r} in {timeout_s} s")
            await asyncio.sleep(0.02)

    async def wait(self, timeout_s: float | None = None) -> int:
        """Return the exit status once the process has ended and its output is collected."""
        assert self._process is not None, "the process was never started"
        async with asyncio.timeout(timeout_s):
            status = await self._process.wait()
            await asyncio.gather(*self._readers)
        return status

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to the process, if it runs."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)

    def pause(self) -> None:
        """Stop the process where it is; its sockets stay open and say nothing."""
        self.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused process go on."""
        self.send_signal(signal.SIGCONT)

    async def stop(self, grace_s: float = 10) -> int:
        """Ask the process to end (SIGTERM), insist after `grace_s`; return its exit status."""
        self.resume()
        self.send_signal(signal.SIGTERM)
        try:
            return await self.wait(grace_s)
        except TimeoutError:
            return await self.kill()

    async def kill(self) -> int:
        """End the process at once (SIGKILL); return its exit status."""
        self.send_signal(signal.SIGKILL)
        return await self.wait()

    def describe(self, problem: str) -> str:
        """Return the problem, with the command and the last lines it said."""
        lines = [*self.output[-15:], "-- standard error:", *self.errors[-40:]]
        status = "it runs" if self.running else f"exit status {self.exit_status}"
        return "\n".join([f"{' '.join(self.command[:6])}: {problem} ({status})", *lines])


class PythonProcess(ChildProcess):
    """A child that runs Luna's modules (``python -m …`` or ``-c …``), forked where that works.

    It is then as if started anew, but has imported them in no time; see `tests.e2e.fork_server`.
    """

    async def _spawn(self) -> asyncio.subprocess.Process | ForkedProcess:
        if not CAN_FORK or "LD_PRELOAD" in self.environment:  # only a new program loads that
            return await super()._spawn()
        server = ForkServer.of_this_run()
        return await server.spawn(self.command[1:], self.environment, self.folder)
