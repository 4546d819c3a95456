"""Saving what can be read of a damaged archive into a new file. Blocks: for a thread.

SQLite checks no page that it reads, so damage would show when somebody asks for just that page, and
what is to be written there could never be stored. So every start looks through the file by ``PRAGMA
quick_check`` (a second for 300 MB), and a damaged one is read row by row: a torn page costs the
rows on it, and the full text is made anew. What quick_check does not see, such as a full text that
contradicts itself, shows while Luna runs: `mark` then has the next start save all.
"""

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from lunabot.files import broken_name
from lunabot.memory import schema
from lunabot.memory.retrieval.index import define_functions

_MISSES = 20_000  # rows in a row that cannot be read: more than hang on one inner page
_TABLES = """
    SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'
    AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'message_index_%'"""


def mend(path: Path) -> str | None:
    """Replace a damaged archive by a new one with what can be read of it; return what was done.

    Returns None for one that is sound or not there. The damaged one stays as ``NAME.broken-N``.
    Raises `sqlite3.Error` or `OSError` where the list of its tables cannot be read, or the new one
    not be written; the file is then what it was.
    """
    damage = _damage(path) if path.exists() else None
    if damage is None:
        return None
    new = path.with_name(path.name + ".new")
    _remove(new)
    try:
        with closing(sqlite3.connect(path)) as old:
            rows = _save(old, new)
    except BaseException:
        _remove(new)  # the disk may be full of it
        raise
    kept = _keep(path)
    new.replace(path)
    _mark_of(path).unlink(missing_ok=True)
    return (
        f"{path.name} was damaged ({damage}): what can be read of it is in a new one, "
        f"{rows['messages']} messages among it, and the old one is kept as {kept.name}. "
        "`!fetch_all` in a room brings what is missing there"
    )


def mark(path: Path) -> None:
    """Note that an archive is damaged in a way that shows only when it is used."""
    with contextlib.suppress(OSError):
        _mark_of(path).touch(mode=0o600)


def _mark_of(path: Path) -> Path:
    return path.with_name(path.name + ".damaged")


def _damage(path: Path) -> str | None:
    """Return what is wrong with a file of a schema that is known, None where nothing is."""
    try:
        with closing(sqlite3.connect(path)) as connection:
            define_functions(connection)
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_CORRUPT:
            raise
        return str(error)
    if version > len(schema.MIGRATIONS):
        return None
    if found != "ok":
        return str(found).splitlines()[-1]
    return "it failed while it was used" if _mark_of(path).exists() else None


def _save(old: sqlite3.Connection, path: Path) -> dict[str, int]:
    """Make a new archive of the old one's schema; return how many rows each table has."""
    old.execute("PRAGMA writable_schema = ON")  # else a file that was cut off is not read at all
    version: int = old.execute("PRAGMA user_version").fetchone()[0]
    with closing(schema.create(path, version)) as new:
        new.execute("BEGIN")
        tables = [str(name) for (name,) in new.execute(_TABLES)]
        for table in tables:
            old.execute(f"SELECT * FROM {table} LIMIT 0")  # where it begins has to be known
        rows = {table: _copy(old, new, table) for table in tables}
        new.execute("INSERT INTO message_index (message_index) VALUES ('rebuild')")
        new.execute("COMMIT")
    return rows


def _copy(old: sqlite3.Connection, new: sqlite3.Connection, table: str) -> int:
    columns = [str(row[1]) for row in new.execute(f"PRAGMA table_info ({table})")]
    names, marks = ", ".join(columns), ", ".join("?" * (len(columns) + 1))
    # What is half read may break a rule of the table, or come twice: it is left out.
    insert = f"INSERT OR IGNORE INTO {table} (rowid, {names}) VALUES ({marks})"
    for row in _rows(old, f"SELECT rowid, {names} FROM {table}"):
        with contextlib.suppress(sqlite3.Error):
            new.execute(insert, row)
    return int(new.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def _rows(old: sqlite3.Connection, select: str) -> Iterator[tuple[object, ...]]:
    """Yield the rows that can be read: from both ends, and one by one what lies in between."""
    first, last = 0, 2**63 - 1
    upwards = f"{select} WHERE rowid > ? ORDER BY rowid"
    downwards = f"{select} WHERE rowid > ? ORDER BY rowid DESC"
    with contextlib.suppress(sqlite3.Error):
        for row in old.execute(upwards, (first,)):
            first = row[0]
            yield row
        return
    with contextlib.suppress(sqlite3.Error):
        for row in old.execute(downwards, (first,)):
            last = row[0]
            yield row
    misses = 0
    for rowid in range(first + 1, last):
        found = _row(old, f"{select} WHERE rowid = ?", rowid)
        misses = 0 if found else misses + 1
        if found:
            yield found
        elif misses == _MISSES:
            return


def _row(old: sqlite3.Connection, select: str, rowid: int) -> tuple[object, ...] | None:
    try:
        found: tuple[object, ...] | None = old.execute(select, (rowid,)).fetchone()
    except sqlite3.Error:
        return None
    return found


def _keep(path: Path) -> Path:
    """Give a file, and what its log still holds, a name of their own; it keeps its own, too."""
    kept = broken_name(path)
    try:
        os.link(path, kept)
    except OSError:  # a file system without hard links
        shutil.copy2(path, kept)
    log = path.with_name(path.name + "-wal")
    if log.exists():  # it would be taken for the new file's
        log.replace(kept.with_name(kept.name + "-wal"))
    path.with_name(path.name + "-shm").unlink(missing_ok=True)
    return kept


def _remove(path: Path) -> None:
    for end in ("", "-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)
