"""Making a backup: each file as it was at one moment. Blocks: not for the loop."""

import gzip
import io
import json
import os
import sqlite3
import tarfile
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, BinaryIO, cast

from lunabot import __version__
from lunabot.backup.contents import contents
from lunabot.backup.sealing import SealedWriter
from lunabot.config import Settings
from lunabot.errors import Misconfigured, WorldError

MANIFEST = "backup.json"
"""The first entry of the archive inside. The files follow below `FILES`, by their paths."""

FILES = "luna/"

HeldDatabase = Callable[[Path], bytes | None]
"""Returns the content of a database that a running Luna keeps to herself, None for any other."""

_BUSY_S = 5.0
_PAGES = 1000  # copied between two looks at whether to go on
_SQLITE = b"SQLite format 3\0"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself; `live` where Luna was running when it was made."""

    version: str
    made: str
    config: str
    live: bool


class Cancelled(WorldError):
    """Nobody waits for the backup any more."""


def make_backup(
    settings: Settings,
    file: Path,
    *,
    held: HeldDatabase | None = None,
    cancelled: threading.Event | None = None,
) -> int:
    """Write all that Luna needs into a new file of mode 0600; return its size in bytes.

    While she runs, `held` gives the databases that only she can read. Once `cancelled` is set it
    ends with `Cancelled`. Raises `Misconfigured` where no passphrase is set, `WorldError` where
    the file is there already or a disk fails. There is no file then.
    """
    passphrase = settings.backup.passphrase.get_secret_value()
    if not passphrase:
        raise Misconfigured(
            "A backup needs backup.passphrase: write one into the file "
            f"{settings.store.secrets}/backup_passphrase (mode 0600), and keep it elsewhere, too"
        )
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    manifest = Manifest(__version__, moment, settings.config_path.name, live=held is not None)
    try:
        with (
            _new_file(file) as target,
            SealedWriter(target, passphrase) as sealed,
            gzip.GzipFile(fileobj=sealed, mode="wb", compresslevel=6) as packed,
            tarfile.open(fileobj=packed, mode="w|") as archive,
        ):
            writer = _Writer(archive, file.parent, held, cancelled or threading.Event())
            writer.add(MANIFEST, json.dumps(asdict(manifest)).encode())
            for each in contents(settings):
                writer.add_file(FILES + str(each.relative_to(settings.folder)), each)
    except (OSError, sqlite3.Error) as error:
        raise WorldError(f"The backup could not be made: {error}") from error
    return file.stat().st_size


@dataclass(frozen=True, slots=True)
class _Writer:
    """Adds files to an archive; `folder` is where copies of databases lie meanwhile."""

    archive: tarfile.TarFile
    folder: Path
    held: HeldDatabase | None
    cancelled: threading.Event

    def add(self, name: str, content: bytes) -> None:
        """Add a file of this content."""
        self._add(name, io.BytesIO(content), len(content))

    def add_file(self, name: str, path: Path) -> None:
        """Add a file as it is now, unless it is gone by now."""
        self._check()
        try:
            file = path.open("rb")
        except FileNotFoundError:
            return
        with file:
            if file.read(len(_SQLITE)) == _SQLITE:
                self._add_database(name, path)
            else:
                size = file.seek(0, io.SEEK_END)
                file.seek(0)
                self._add(name, file, size)

    def _add_database(self, name: str, path: Path) -> None:
        if self.held and (content := self.held(path)):
            self.add(name, content)
            return
        with tempfile.NamedTemporaryFile(dir=self.folder, prefix=".luna-backup-") as copy:
            copy_database(path, Path(copy.name), self._check)
            self._add(name, copy, os.path.getsize(copy.name))

    def _add(self, name: str, file: IO[bytes], size: int) -> None:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = size, 0o600
        self.archive.addfile(entry, cast(IO[bytes], _Watched(file, self._check)))

    def _check(self) -> None:
        if self.cancelled.is_set():
            raise Cancelled("The backup was broken off")


@dataclass(frozen=True, slots=True)
class _Watched:
    """A file that looks before each read whether to go on."""

    file: IO[bytes]
    check: Callable[[], None]

    def read(self, size: int) -> bytes:
        self.check()
        return self.file.read(size)


def copy_database(source: Path, target: Path, check: Callable[[], None]) -> None:
    """Copy a SQLite file, whoever writes to it meanwhile, as it is at one moment.

    The transaction that is open all the time is what makes it one moment, and keeps SQLite's
    backup from beginning anew whenever somebody writes. `check` is called now and then and may
    raise to end it.
    """
    address = f"{source.absolute().as_uri()}?mode=rw"
    with (
        closing(sqlite3.connect(address, _BUSY_S, uri=True, isolation_level=None)) as original,
        closing(sqlite3.connect(target)) as copy,
    ):
        original.execute("BEGIN")
        original.execute("SELECT count(*) FROM sqlite_master").fetchone()
        original.backup(copy, pages=_PAGES, progress=lambda *_: check())


@contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    """Give a file of mode 0600 that takes its name when all of it is on the disk."""
    if path.exists():
        raise WorldError(f"{path} is there already: name another file")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(handle)
        Path(part).rename(path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
