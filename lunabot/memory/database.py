"""A SQLite file behind threads: one for what is written, and one for long searches.

Each call is one job on a thread: the event loop never waits for the disk, writers never meet, and a
message costs one change of threads (a driver that hands over each statement needs five).
"""

import asyncio
import functools
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Concatenate, ParamSpec, Self, TypeVar

from lunabot.errors import WorldError
from lunabot.files import remove_old_copies
from lunabot.memory import salvage, schema

_OURS = {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISUSE}

_P = ParamSpec("_P")
_T = TypeVar("_T")
_Query = Callable[Concatenate[sqlite3.Connection, _P], _T]


class Database:
    """Runs queries. Every one raises `WorldError` when the file or the disk fails.

    Nothing was changed then. An instance comes from `open`. `warnings` are what administrators
    should know of the file.
    """

    def __init__(
        self,
        path: Path | None,
        thread: ThreadPoolExecutor,
        connection: sqlite3.Connection,
        searching: tuple[ThreadPoolExecutor, sqlite3.Connection],
        warnings: tuple[str, ...] = (),
    ) -> None:
        self.warnings = warnings
        self._path = path
        self._thread = thread
        self._connection = connection
        self._search_thread, self._search_connection = searching

    @classmethod
    async def open(cls, path: Path | None) -> Self:
        """Open or create an archive; None keeps it in memory, where nothing outlives it.

        What can be read of a damaged file is saved (`warnings` tells). One that cannot be used is
        left as it is and raises `WorldError`.
        """
        thread = ThreadPoolExecutor(1, thread_name_prefix="archive")
        try:
            mended = await _on(thread, salvage.mend, path) if path else None
            connection = await _on(thread, schema.connect, path)
            searching = (thread, connection) if path is None else await _searching(path)
        except (sqlite3.Error, OSError) as error:
            raise WorldError(
                f"{path} cannot be used ({error}). It was left as it is: restore a backup or move "
                "it away, then start Luna again."
            ) from error
        return cls(path, thread, connection, searching, (mended,) if mended else ())

    async def close(self) -> None:
        """Finish what was asked for and close the file. Nothing may be asked of it any more."""
        await _on(self._search_thread, self._search_connection.close)
        await _on(self._thread, self._connection.close)
        self._search_thread.shutdown(wait=False)
        self._thread.shutdown(wait=False)

    async def search(self, query: _Query[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Run a query that may take long, on a thread and a connection of its own.

        It sees all that was confirmed, and what is to be stored does not wait for it (but in
        memory, where there is one connection). The query must not write.
        """
        with self._failing():
            return await _on(self._search_thread, query, self._search_connection, *args, **kwargs)

    async def change(self, query: _Query[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Run a query that writes, in a transaction of its own: all of it happens, or nothing."""
        return await self._write(query, *args, **kwargs)

    async def remove_old_copies(self) -> None:
        """Remove what was kept because it was damaged, or before its schema changed."""
        if self._path:
            with self._failing():
                await _on(self._thread, remove_old_copies, self._path)

    async def _read(self, query: _Query[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Run a query on the archive's thread."""
        with self._failing():
            return await _on(self._thread, query, self._connection, *args, **kwargs)

    async def _write(self, query: _Query[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Run a query in a transaction of its own: all of it happens, or nothing."""

        def transaction(connection: sqlite3.Connection) -> _T:
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                return query(connection, *args, **kwargs)

        return await self._read(transaction)

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Raise `WorldError` for a file or disk that fails."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            if _is_bug(error):
                raise
            if self._path and _code(error) == sqlite3.SQLITE_CORRUPT:
                salvage.mark(self._path)
                raise WorldError(
                    f"{self._path} is damaged ({error}). Stop me and start me again: what can be "
                    "read is saved then, and what cannot be stored now is asked for again."
                ) from error
            raise WorldError(
                f"{self._path} failed ({error}). What could not be stored is asked for again "
                "from the server at the next start."
            ) from error


async def _searching(path: Path) -> tuple[ThreadPoolExecutor, sqlite3.Connection]:
    thread = ThreadPoolExecutor(1, thread_name_prefix="archive-search")
    return thread, await _on(thread, schema.connect_reader, path)


async def _on(
    thread: ThreadPoolExecutor, function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs
) -> _T:
    call = functools.partial(function, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(thread, call)


def _is_bug(error: Exception) -> bool:
    """Tell a mistake in our SQL or its use from a file or disk that fails."""
    return isinstance(error, sqlite3.Error) and _code(error) in _OURS


def _code(error: Exception) -> int:
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_MISUSE)
    return code & 0xFF  # the rest of an extended code is its detail
