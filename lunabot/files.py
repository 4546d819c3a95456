"""Writing files that hold secrets or are never seen half-written; files that are kept aside."""

import glob
import os
import tempfile
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 0600 in one step: readers see the old text or the new, never a part.

    The folder is made (mode 0700) where it is missing. Blocks for an fsync: a few milliseconds.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def broken_name(path: Path) -> Path:
    """Return the name, ``NAME.broken-N``, under which a broken file is to be kept."""
    number = 1
    while (kept := path.with_name(f"{path.name}.broken-{number}")).exists():
        number += 1
    return kept


def remove_old_copies(path: Path) -> None:
    """Remove what was kept of a store because it was broken, or before its schema changed."""
    for kind in ("broken", "schema"):
        for copy in path.parent.glob(f"{glob.escape(path.name)}.{kind}-*"):
            copy.unlink(missing_ok=True)
