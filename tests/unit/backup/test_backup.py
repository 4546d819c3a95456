"""What is backed up and restored: everything she needs, as it was at one moment, or nothing."""

import gzip
import io
import json
import sqlite3
import tarfile
import threading
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import pytest

from lunabot.backup import making
from lunabot.backup.contents import left_out
from lunabot.backup.making import Cancelled, Manifest, copy_database, make_backup
from lunabot.backup.restoring import restore_backup
from lunabot.backup.sealing import SealedWriter
from lunabot.config import LlmSettings, Settings, StoreSettings
from lunabot.errors import Misconfigured, WorldError
from tests.unit.backup.house import DATABASES, PASSPHRASE, TEXTS, files, fill, settings, words


@pytest.fixture
def old(tmp_path: Path) -> Settings:
    return fill(tmp_path / "old")


@pytest.fixture
def backup(old: Settings, tmp_path: Path) -> Path:
    make_backup(old, tmp_path / "luna.backup")
    return tmp_path / "luna.backup"


def test_all_she_needs_comes_back_and_nothing_else(backup: Path, tmp_path: Path) -> None:
    new = tmp_path / "a" / "new"
    restored = restore_backup(backup, PASSPHRASE, new / "config.yaml")
    expected = {name for name in TEXTS if name != "prod.yaml"} | set(DATABASES) | {"config.yaml"}
    assert files(new) == expected
    assert restored.files == len(expected)
    assert (new / "config.yaml").read_text() == TEXTS["prod.yaml"]
    for name in expected & TEXTS.keys():
        assert (new / name).read_text() == TEXTS[name]
    for name in DATABASES:
        assert words(new / name) == [name]
    modes = {path.stat().st_mode & 0o077 for path in new.rglob("*") if path.is_file()}
    assert modes == {0}


def test_of_a_server_of_somebody_elses_nothing_is_taken(tmp_path: Path, old: Settings) -> None:
    make_backup(settings(old.folder, managed=False), tmp_path / "luna.backup")
    restore_backup(tmp_path / "luna.backup", PASSPHRASE, tmp_path / "new" / "config.yaml")
    assert not (tmp_path / "new" / "data").exists()


def test_the_file_is_for_its_owner_alone_and_keeps_its_secrets(backup: Path) -> None:
    assert backup.stat().st_mode & 0o777 == 0o600
    assert b"geheim" not in backup.read_bytes()


def test_a_file_that_is_there_is_not_replaced(backup: Path, old: Settings) -> None:
    before = backup.read_bytes()
    with pytest.raises(WorldError, match="is there already"):
        make_backup(old, backup)
    assert backup.read_bytes() == before


def test_without_a_passphrase_there_is_no_backup(tmp_path: Path, old: Settings) -> None:
    with pytest.raises(Misconfigured, match="secrets/backup_passphrase"):
        make_backup(settings(old.folder, passphrase=""), tmp_path / "luna.backup")
    assert not (tmp_path / "luna.backup").exists()


def test_what_lies_elsewhere_is_refused_or_told(tmp_path: Path, old: Settings) -> None:
    elsewhere = old.model_copy(update={"store": StoreSettings(archive="/srv/archive.db")})
    with pytest.raises(Misconfigured, match=r"/srv/archive.db is not below"):
        make_backup(elsewhere, tmp_path / "luna.backup")
    assert files(tmp_path) == {f"old/{name}" for name in files(old.folder)}
    update = {
        "skills": ("/srv/skills",),
        "llm": LlmSettings(local_model="m.gguf"),
    }
    assert left_out(old.model_copy(update=update)) == (
        "the commands in /srv/skills",
        "the model m.gguf",
    )


@pytest.mark.parametrize("after", ["prod.yaml", *DATABASES])
def test_a_backup_that_nobody_waits_for_ends(tmp_path: Path, old: Settings, after: str) -> None:
    cancelled = threading.Event()
    if after == "prod.yaml":
        cancelled.set()

    def held(path: Path) -> bytes | None:
        if path == old.folder / after:
            cancelled.set()
        return None

    with pytest.raises(Cancelled):
        make_backup(old, tmp_path / "luna.backup", held=held, cancelled=cancelled)
    assert files(tmp_path) == {f"old/{name}" for name in files(old.folder)}


def test_a_database_is_copied_as_it_was_when_the_copy_began(tmp_path: Path, old: Settings) -> None:
    with closing(sqlite3.connect(old.archive_path)) as database:
        database.execute("INSERT INTO olm_sessions VALUES (zeroblob(9000000))")
        database.commit()
        looks = []

        def write_meanwhile() -> None:
            database.execute("INSERT INTO olm_sessions VALUES ('too late')")
            database.commit()
            looks.append(1)

        copy_database(old.archive_path, tmp_path / "copy.db", write_meanwhile)
        assert 2 <= len(looks) <= 5
        assert "too late" in words(old.archive_path)
    assert "too late" not in words(tmp_path / "copy.db")
    assert len(words(tmp_path / "copy.db")) == 2


def test_a_store_that_only_she_can_read_is_asked_of_her(tmp_path: Path, old: Settings) -> None:
    store = old.secrets_path / "crypto" / "luna.db"
    with closing(sqlite3.connect(store, timeout=0)) as database:
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute("INSERT INTO olm_sessions VALUES ('a channel')")
        database.commit()
        database.execute("CREATE TABLE account AS SELECT 'me' AS word")

        def held(path: Path) -> bytes | None:
            return database.serialize() if path == store else None

        make_backup(old, tmp_path / "luna.backup", held=held)
    restore_backup(tmp_path / "luna.backup", PASSPHRASE, tmp_path / "new" / "config.yaml")
    copy = tmp_path / "new" / "secrets" / "crypto" / "luna.db"
    assert words(copy) == []  # she goes on meanwhile: these channels would use keys twice
    with closing(sqlite3.connect(copy)) as database:
        assert database.execute("SELECT word FROM account").fetchall() == [("me",)]
    assert words(tmp_path / "new" / "archive.db") == ["archive.db"]


def test_a_folder_that_is_not_empty_stays_as_it_is(backup: Path, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "mine").write_text("mine")
    with pytest.raises(WorldError, match="is not empty"):
        restore_backup(backup, PASSPHRASE, tmp_path / "new" / "config.yaml")
    assert files(tmp_path / "new") == {"mine"}


@pytest.mark.parametrize("length", [0, 30, 200, -1])
def test_of_a_backup_that_is_not_whole_nothing_is_restored(
    backup: Path, tmp_path: Path, length: int
) -> None:
    backup.write_bytes(backup.read_bytes()[:length])
    refuse(backup, tmp_path, "damaged|no backup")


def test_of_another_passphrase_nothing_is_restored(backup: Path, tmp_path: Path) -> None:
    with pytest.raises(WorldError, match="passphrase is another one"):
        restore_backup(backup, "incorrect horse", tmp_path / "new" / "config.yaml")
    assert list((tmp_path / "new").iterdir()) == []


def test_a_backup_that_is_not_there(tmp_path: Path) -> None:
    refuse(tmp_path / "luna.backup", tmp_path, "No such file")


@pytest.mark.parametrize(
    ("entries", "refusal"),
    [
        ({"luna/../../evil": b""}, "does not belong there"),
        ({"/etc/evil": b""}, "does not belong there"),
        ({"luna/config.yaml": None}, "is no file"),
        ({"luna/other.yaml": b""}, "no configuration"),
        (
            {"luna/config.yaml": b"", "luna/archive.db": b"SQLite format 3\0" + b"x" * 5000},
            "archive",
        ),
    ],
)
def test_what_no_backup_of_hers_would_hold_is_refused(
    tmp_path: Path, entries: dict[str, bytes | None], refusal: str
) -> None:
    manifest = Manifest("0", "2026", "config.yaml", live=False)
    forged({making.MANIFEST: json.dumps(asdict(manifest)).encode(), **entries}, tmp_path / "b")
    refuse(tmp_path / "b", tmp_path, refusal)
    assert files(tmp_path) == {"b"}


def test_a_backup_without_a_manifest_is_refused(tmp_path: Path) -> None:
    forged({"luna/config.yaml": b""}, tmp_path / "b")
    refuse(tmp_path / "b", tmp_path, "damaged")
    forged({making.MANIFEST: b"{}"}, tmp_path / "b")
    refuse(tmp_path / "b", tmp_path, "damaged")


def refuse(backup: Path, folder: Path, refusal: str) -> None:
    """Restore a backup into an empty folder, which fails and leaves it empty."""
    with pytest.raises(WorldError, match=refusal):
        restore_backup(backup, PASSPHRASE, folder / "new" / "config.yaml")
    assert list((folder / "new").iterdir()) == []


def forged(entries: dict[str, bytes | None], path: Path) -> None:
    """Write a backup of any entries; None is a link to elsewhere."""
    with (
        path.open("wb") as file,
        SealedWriter(file, PASSPHRASE) as sealed,
        gzip.GzipFile(fileobj=sealed, mode="wb") as packed,
        tarfile.open(fileobj=packed, mode="w|") as archive,
    ):
        for name, content in entries.items():
            entry = tarfile.TarInfo(name)
            if content is None:
                entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
            else:
                entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content or b""))
