"""A JSON file that is whole whatever happens: written aside, then renamed; the last one is kept.

Nothing here knows of asyncio: these functions wait for the disk, so they belong on a thread.
"""

import glob
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Tables = dict[str, dict[str, dict[str, Any]]]
"""What TinyDB stores: documents by id, by table."""

_encode = json.JSONEncoder(ensure_ascii=False).encode


def load(path: Path) -> tuple[Tables | None, tuple[str, ...]]:
    """Read the tables of a file, or of its backup when it is broken or missing.

    Returns them (None when there is neither) and a warning for each thing that was not as it
    should be. A broken file is never lost: it stays as ``NAME.broken-N``. Raises `OSError`.
    """
    warnings = []
    for candidate in (path, backup(path)):
        try:
            tables = _read(candidate)
        except FileNotFoundError:
            continue
        except (ValueError, RecursionError) as error:
            kept = _set_aside(candidate)
            warnings.append(f"{candidate.name} was broken ({error}) and is kept as {kept.name}")
            continue
        if candidate != path:
            warnings.append(f"{path.name} was missing or broken: its backup was taken")
        return tables, tuple(warnings)
    return None, tuple(warnings)


def save(path: Path, tables: Tables) -> int:
    """Replace the file's content in one step, keep the one before as its backup.

    Returns the new size in bytes. Raises `OSError`; the file is then what it was before.
    """
    aside = path.with_name(path.name + ".tmp")
    aside.unlink(missing_ok=True)
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file:
        for line in _lines(tables):
            file.write(line.encode("utf-8", "replace"))  # clients can send lone surrogates
        size = file.tell()
        file.flush()
        os.fsync(descriptor)
    _keep_backup(path)
    aside.replace(path)
    _sync_folder(path.parent)
    return size


def backup(path: Path) -> Path:
    """Return where the content before the last save is kept."""
    return path.with_name(path.name + ".bak")


def remove_old_copies(path: Path) -> None:
    """Remove what was set aside because it was broken, or before its schema changed."""
    for kind in ("broken", "schema"):
        for copy in path.parent.glob(f"{glob.escape(path.name)}.{kind}-*"):
            copy.unlink(missing_ok=True)


def _keep_backup(path: Path) -> None:
    """Make the file its own backup without its missing for a moment: a kill may come any time."""
    if not path.exists():
        return
    link = path.with_name(path.name + ".bak.tmp")
    link.unlink(missing_ok=True)
    try:
        os.link(path, link)
    except OSError:  # a file system without hard links
        shutil.copy2(path, link)
    link.replace(backup(path))


def _read(path: Path) -> Tables:
    tables = json.loads(path.read_bytes())
    documents = tables.values() if isinstance(tables, dict) else [None]
    if not all(_is_table(table) for table in documents):
        raise ValueError("it does not hold tables of documents")
    checked: Tables = tables
    return checked


def _is_table(table: object) -> bool:
    return isinstance(table, dict) and all(isinstance(entry, dict) for entry in table.values())


def _set_aside(path: Path) -> Path:
    number = 1
    while (kept := path.with_name(f"{path.name}.broken-{number}")).exists():
        number += 1
    return path.replace(kept)


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
