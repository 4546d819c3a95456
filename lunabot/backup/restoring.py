"""Restoring a backup into an empty folder: all of it is looked at before anything is in place."""

import gzip
import json
import shutil
import sqlite3
import tarfile
import tempfile
import zlib
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, cast

from lunabot.backup.making import FILES, MANIFEST, Manifest
from lunabot.backup.sealing import SealedReader
from lunabot.errors import WorldError
from lunabot.matrix.crypto_store import forget_channels

_SQLITE = b"SQLite format 3\0"


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored: how many files, and what the backup says of itself."""

    files: int
    manifest: Manifest


def restore_backup(file: Path, passphrase: str, config: Path) -> Restored:
    """Put a backup into the folder of `config`, which gets that name; blocks.

    Raises `WorldError` where the folder is not empty, the passphrase is another one, or anything
    in the backup is damaged. The folder is left empty then.
    """
    folder = config.absolute().parent
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise WorldError(f"{folder} is not empty: a backup is restored into an empty folder")
        with tempfile.TemporaryDirectory(dir=folder, prefix=".restore-") as staging:
            restored = _unpack(file, passphrase, Path(staging))
            files = Path(staging, FILES)
            _check(files, restored.manifest)
            _move(files, folder, restored.manifest.config, config.name)
    except OSError as error:
        raise WorldError(f"The backup could not be restored: {error}") from error
    return restored


def _unpack(file: Path, passphrase: str, folder: Path) -> Restored:
    manifest, count = None, 0
    try:
        with file.open("rb") as source:
            sealed = SealedReader(source, passphrase)
            packed = gzip.GzipFile(fileobj=cast(IO[bytes], sealed), mode="rb")
            with packed, tarfile.open(fileobj=packed, mode="r|") as archive:
                for entry in archive:
                    if entry.name == MANIFEST:
                        manifest = Manifest(**json.load(_content(archive, entry)))
                        continue
                    _write(_content(archive, entry), folder / _safe(entry.name))
                    count += 1
                while packed.read(65_536):
                    pass  # up to the mark of the end: without it, something is missing
    except (tarfile.TarError, zlib.error, EOFError, ValueError, TypeError) as error:
        raise WorldError("The backup is damaged") from error
    if manifest is None:
        raise WorldError("The backup is damaged")
    return Restored(count, manifest)


def _content(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> IO[bytes]:
    content = archive.extractfile(entry) if entry.isreg() else None
    if content is None:
        raise WorldError(f"The backup holds {entry.name}, which is no file")
    return content


def _safe(name: str) -> str:
    """Return the name of an entry that stays below the folder it is put in."""
    path = PurePosixPath(name)
    if not name.startswith(FILES) or ".." in path.parts or path.is_absolute():
        raise WorldError(f"The backup holds {name}, which does not belong there")
    return name


def _write(content: IO[bytes], path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("xb") as target:
        path.chmod(0o600)
        shutil.copyfileobj(content, target)


def _check(folder: Path, manifest: Manifest) -> None:
    """Raise `WorldError` for what Luna could not use; have her open new channels, if need be."""
    if not (folder / manifest.config).is_file():
        raise WorldError("The backup is damaged: it has no configuration")
    for path in folder.rglob("*"):
        if path.is_file() and _is_database(path):
            _check_database(path)
            if manifest.live and path.parent.name == "crypto":
                forget_channels(path)


def _is_database(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE


def _check_database(path: Path) -> None:
    try:
        with closing(sqlite3.connect(path)) as database:
            (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        found = error
    if found != "ok":
        raise WorldError(f"The backup holds a damaged {path.name}: {found}")


def _move(source: Path, target: Path, config: str, name: str) -> None:
    """Move everything into place, the configuration last: without it, Luna does not start."""
    for path in source.iterdir():
        if path.name != config:
            path.rename(target / path.name)
    (source / config).rename(target / name)
