"""A supervised child process: started and ready, restarted when it dies, gone when Luna goes."""

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from lunabot import tether
from lunabot.child_log import ChildLog
from lunabot.errors import WorldError

logger = logging.getLogger(__name__)

_LONGEST_PAUSE_S = 60.0
_LEFTOVER_GRACE_S = 5.0
_POLL_S = 0.05


class Child:
    """One child process with its log file, which takes both of its output streams.

    It runs in a session of its own, so that Ctrl-C in the terminal reaches Luna alone, which then
    stops it in order. It dies with Luna even when she is killed: see `lunabot.tether`, whose pid
    file lies beside the log.

    `ready` tells whether it serves yet. `env` is added to Luna's environment, of which her own
    configuration, secrets included, is left out. A log over 5 MB is begun anew at a start and while
    it is watched; what it held is kept beside it, compressed.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        ready: Callable[[], Awaitable[bool]],
        log_file: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        ready_timeout_s: float = 60,
        restart_pause_s: float = 1,
        log_check_s: float = 60,
    ) -> None:
        self._name = name
        self._command = list(command)
        self._ready = ready
        self._log = ChildLog(log_file)
        self._pid_file = log_file.with_suffix(".pid")
        self._env = dict(env or {})
        self._cwd = cwd
        self._ready_timeout_s = ready_timeout_s
        self._first_pause_s = self._pause_s = restart_pause_s
        self._log_check_s = log_check_s
        self._process: asyncio.subprocess.Process | None = None
        self._ready_since = 0.0
        self._stopped = asyncio.Event()
        self._restarts = 0

    @property
    def restarts(self) -> int:
        """How often `watch` has brought it back."""
        return self._restarts

    async def start(self) -> None:
        """Spawn it and return once it is ready.

        Raises `WorldError` with the telling line of its log when it ends before that or is not
        ready in time; nothing is left running then.
        """
        self._stopped.clear()
        await self._launch()

    async def watch(self, on_restart: Callable[[str], Awaitable[None]] | None = None) -> None:
        """Bring it back whenever it dies, until it is stopped or the owner cancels this.

        The pause before an attempt doubles from a second to a minute while it keeps dying. When
        it is ready again, `on_restart` (which must not raise) is awaited with what had happened.
        """
        while self._process is not None:
            status = await self._end_of(self._process)
            reason = f"The {self._name} {_how(status)}: {self._log.telling_line()}"
            if not await self._bring_back(reason):
                return
            if on_restart is not None:
                await on_restart(reason)

    async def stop(self, grace_s: float = 1.0) -> None:
        """End it: SIGTERM, and SIGKILL after `grace_s` seconds. Stopping twice is no mistake."""
        self._stopped.set()
        process = self._process
        if process is None or process.returncode is not None:
            return
        _signal_group(process.pid, signal.SIGTERM)
        try:
            async with asyncio.timeout(grace_s):
                await process.wait()
        except TimeoutError:
            logger.warning("The %s did not stop within %.1f s: killing it", self._name, grace_s)
        finally:
            await _kill(process)

    async def end_leftover(self) -> None:
        """End what an earlier Luna left running because she died without stopping it."""
        for ending in (signal.SIGTERM, signal.SIGKILL):
            process_id = tether.holder(self._pid_file)
            if process_id is None:
                return
            logger.warning("Ending the %s of an earlier start (%d)", self._name, process_id)
            _signal_group(process_id, ending)
            await self._until_released()
        raise WorldError(f"The {self._name} of an earlier start does not end: kill it")

    async def _until_released(self) -> None:
        for _ in range(round(_LEFTOVER_GRACE_S / _POLL_S)):
            if tether.holder(self._pid_file) is None:
                return
            await asyncio.sleep(_POLL_S)

    async def _end_of(self, process: asyncio.subprocess.Process) -> int:
        """Return how it ended; until then, look after the size of its log."""
        while True:
            try:
                async with asyncio.timeout(self._log_check_s):
                    return await process.wait()
            except TimeoutError:
                await self._rotate_log()

    async def _rotate_log(self) -> None:
        try:
            await asyncio.to_thread(self._log.rotate)
        except OSError as error:  # a full disk: it grows on, and is looked at again
            logger.warning("The log of the %s cannot be set aside: %s", self._name, error)

    async def _bring_back(self, reason: str) -> bool:
        """Start it again as often as it takes; False when it was stopped."""
        if asyncio.get_running_loop().time() - self._ready_since > _LONGEST_PAUSE_S:
            self._pause_s = self._first_pause_s
        while not self._stopped.is_set():
            logger.error("%s; starting it again in %.0f s", reason, self._pause_s)
            if await self._stopped_within(self._pause_s):
                break
            self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
            try:
                await self._launch()
                self._restarts += 1
                return True
            except WorldError as error:
                reason = str(error)
        return False

    async def _stopped_within(self, pause_s: float) -> bool:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopped.wait(), pause_s)
        return self._stopped.is_set()

    async def _launch(self) -> None:
        await self.end_leftover()
        await self._rotate_log()
        with self._log.opened() as log:
            process = await asyncio.create_subprocess_exec(
                *tether.tethered(self._command, self._pid_file),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
                env=_inherited_environment() | self._env,
                cwd=self._cwd,
                start_new_session=True,
            )
        self._process = process
        try:
            await self._until_ready(process)
        except BaseException:
            await _kill(process)
            raise
        self._ready_since = asyncio.get_running_loop().time()

    async def _until_ready(self, process: asyncio.subprocess.Process) -> None:
        try:
            async with asyncio.timeout(self._ready_timeout_s):
                while process.returncode is None:
                    if await self._ready():
                        return
                    await asyncio.sleep(_POLL_S)
            trouble = f"{_how(process.returncode)} before it was ready"
        except TimeoutError:
            trouble = f"was not ready within {self._ready_timeout_s:.0f} s"
        raise WorldError(f"The {self._name} {trouble}: {self._log.telling_line()} ({self._log})")


def _how(status: int) -> str:
    """Say how a process ended; asyncio gives signals as negative numbers."""
    if status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    return f"ended with status {status}"


def _inherited_environment() -> dict[str, str]:
    """Return Luna's environment without her configuration (``LUNA_LLM__API_KEY`` and so on)."""
    return {
        name: value
        for name, value in os.environ.items()
        if not (name.startswith("LUNA_") and "__" in name)
    }


def _signal_group(process_id: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process_id, number)


async def _kill(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        _signal_group(process.pid, signal.SIGKILL)
    await process.wait()
