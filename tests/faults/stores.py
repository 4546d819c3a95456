"""Whether what Luna keeps is whole after a kill or a stop."""

import contextlib
import json
import shutil
import sqlite3
import tempfile
from pathlib import Path


def check_stores(folder: Path) -> None:
    """Look into copies of the stores of a Luna who does not run; AssertionError for damage.

    Copies, because whoever opens an SQLite file after a crash mends it, which is for Luna to do.
    """
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name)
        for path in (*folder.glob("archive.db*"), *folder.glob("db.json")):
            shutil.copy(path, copy)
        with contextlib.closing(sqlite3.connect(copy / "archive.db")) as archive:
            found = archive.execute("PRAGMA integrity_check").fetchall()
            assert found == [("ok",)], f"archive.db: {found}"
        if (document := copy / "db.json").exists():  # killed at her first start, she has none yet
            assert isinstance(json.loads(document.read_text()), dict)
