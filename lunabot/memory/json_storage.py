"""A TinyDB storage that lives in memory and is saved as JSON on a thread of its own."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tinydb.storages import Storage

from lunabot.errors import WorldError
from lunabot.files import remove_old_copies
from lunabot.memory import json_file
from lunabot.memory.json_file import Tables

_log = logging.getLogger(__name__)

_PAUSE_S = 1.0  # between a change and its save
_RETRY_S = 10.0  # after a save that failed
_BYTES_PER_SECOND = 1_000_000  # a large file is saved less often: spares the disk and the CPU


class JsonStorage(Storage):
    """Tables in memory, saved soon after each change; `start` and `stop` frame its life.

    Without a path nothing is ever saved. (TinyDB's own JSON storage rewrites the file in place,
    on the caller's time, at every change.)
    """

    def __init__(self, path: Path | None, tables: Tables | None = None) -> None:
        self.problem: str | None = None
        self._heard: Callable[[str | None], None] = lambda problem: None
        self._path = path
        self._tables = tables
        self._size = 0
        self._changed = asyncio.Event()
        self._one_save = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="state")
        self._saving: asyncio.Task[None] | None = None

    def read(self) -> Tables | None:
        """Return the tables, None where there are none yet."""
        return self._tables

    def write(self, data: Tables) -> None:
        """Take TinyDB's new tables and have them saved soon."""
        self._tables = data
        self._changed.set()

    def start(self) -> None:
        """Begin to save changes in the background."""
        if self._path:
            self._saving = asyncio.create_task(self._save_changes(), name="save state")

    async def flush(self) -> None:
        """Save what has changed now: it is on the disk when this returns, else `WorldError`."""
        async with self._one_save:
            if self._path is None or not self._changed.is_set():
                return
            self._changed.clear()
            try:
                await self._save(self._path)
            except BaseException as error:  # a save that was cancelled may not have begun
                self._changed.set()
                if not isinstance(error, OSError):
                    raise
                self.problem = (
                    f"{self._path} could not be saved ({error}); it is tried again every "
                    f"{_RETRY_S:.0f} s. What changed since is in memory alone: make room on the "
                    "disk, or let me write there."
                )
                self._heard(self.problem)
                raise WorldError(self.problem) from error
            if self.problem:
                self.problem = None
                self._heard(None)

    def report_to(self, hear: Callable[[str | None], None]) -> None:
        """Have somebody hear of each save that fails, and (None) of the first that works again."""
        self._heard = hear

    async def scrub(self) -> None:
        """Leave nothing on the disk of what was taken out; raises `WorldError` where that fails."""
        self._changed.set()
        await self.flush()
        if self._path:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._thread, remove_old_copies, self._path)

    async def stop(self) -> None:
        """Save what has changed and end; raises `WorldError` when it could not be saved."""
        if self._saving:
            self._saving.cancel()
            await asyncio.wait([self._saving])
        try:
            await self.flush()
        finally:
            self._thread.shutdown(wait=False)

    async def _save_changes(self) -> None:
        while True:
            await self._changed.wait()
            await asyncio.sleep(self._pause_s())
            try:
                await self.flush()
            except WorldError as error:
                _log.warning("%s", error)
            except Exception:
                _log.exception("%s cannot be saved", self._path)

    def _pause_s(self) -> float:
        return _RETRY_S if self.problem else max(_PAUSE_S, self._size / _BYTES_PER_SECOND)

    async def _save(self, path: Path) -> None:
        loop = asyncio.get_running_loop()
        snapshot = self._snapshot()
        self._size = await loop.run_in_executor(self._thread, json_file.save, path, snapshot)

    def _snapshot(self) -> Tables:
        """Copy the tables; fields are replaced, never changed in place (see `Documents`)."""
        return {
            name: {key: dict(document) for key, document in table.items()}
            for name, table in (self._tables or {}).items()
        }
