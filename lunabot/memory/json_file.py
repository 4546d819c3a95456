"""A JSON file that is whole whatever happens: written aside, then renamed, and all of it twice.

Nothing here knows of asyncio: these functions wait for the disk, so they belong on a thread.
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from lunabot.files import broken_name

Tables = dict[str, dict[str, dict[str, Any]]]
"""What TinyDB stores: documents by id, by table."""

_encode = json.JSONEncoder(ensure_ascii=False).encode


def load(path: Path) -> tuple[Tables | None, tuple[str, ...]]:
    """Read the tables of a file, or of its backup when it is broken or missing.

    Returns them (None when there is neither) and, where not all was as it should be, a line that
    tells it. What is broken is never lost: it stays as ``NAME.broken-N``. Raises `OSError`.
    """
    troubles: list[str] = []
    for candidate in (path, backup(path)):
        try:
            tables = _read(candidate)
        except FileNotFoundError:
            continue
        except (ValueError, RecursionError) as error:
            kept = candidate.replace(broken_name(candidate))
            troubles.append(f"{candidate.name} was broken ({error}) and is kept as {kept.name}")
            continue
        if candidate == path:
            return tables, ()
        what = troubles[0] if troubles else f"{path.name} was missing"
        taken = f"Its backup, saved {_saved(candidate)}, was taken: there is nothing to be done."
        return tables, (f"{what}. {taken}",)
    if not troubles:
        return None, ()
    what = " and ".join(troubles)
    todo = f"stop me and put one of them in order as {path.name}, or restore a backup"
    return None, (f"{what}. I began with an empty one: {todo}.",)


def save(path: Path, tables: Tables) -> int:
    """Replace the content of the file and of its backup, each in one step.

    Both hold all of it, on pages of their own: damage to one of them costs nothing. Returns the
    new size in bytes. Raises `OSError`; both files are then what they were before.
    """
    new = {_new(each): each for each in (path, backup(path))}
    first, second = new
    try:
        size = _write(first, tables)
        _copy(first, second)
    except BaseException:
        for aside in new:
            aside.unlink(missing_ok=True)  # the disk may be full of it
        raise
    for aside, target in new.items():
        aside.replace(target)
    _sync_folder(path.parent)
    return size


def backup(path: Path) -> Path:
    """Return where the content is kept a second time."""
    return path.with_name(path.name + ".bak")


def _new(path: Path) -> Path:
    return path.with_name(path.name + ".tmp")


def _write(path: Path, tables: Tables) -> int:
    with _opened(path) as file:
        for line in _lines(tables):
            file.write(line.encode("utf-8", "replace"))  # clients can send lone surrogates
        return file.tell()


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as written, _opened(target) as file:
        shutil.copyfileobj(written, file)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """Give a new file of mode 0600 that is on the disk when it is closed."""
    path.unlink(missing_ok=True)  # a crash may have left it
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file:
        yield file
        file.flush()
        os.fsync(descriptor)


def _saved(path: Path) -> str:
    moment = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _read(path: Path) -> Tables:
    tables = json.loads(path.read_bytes())
    documents = tables.values() if isinstance(tables, dict) else [None]
    if not all(_is_table(table) for table in documents):
        raise ValueError("it does not hold tables of documents")
    checked: Tables = tables
    return checked


def _is_table(table: object) -> bool:
    return isinstance(table, dict) and all(isinstance(entry, dict) for entry in table.values())


def _lines(tables: Tables) -> Iterator[str]:
    """Encode a document at a time, each on its own line: short steps, and a readable file."""
    yield "{"
    for number, (name, documents) in enumerate(tables.items()):
        yield f"{',' if number else ''}\n{_encode(name)}: {{"
        for position, (key, document) in enumerate(documents.items()):
            yield f"{',' if position else ''}\n{_encode(key)}: {_encode(document)}"
        yield "}"
    yield "\n}\n"


def _sync_folder(folder: Path) -> None:
    """Make the renames outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
