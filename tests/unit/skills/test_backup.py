"""``/backup``: one encrypted file of a running Luna, which can be had in the room."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lunabot.backup import making
from lunabot.backup.restoring import restore_backup
from lunabot.errors import Refused, UserMistake, WorldError
from lunabot.matrix.crypto_store import CryptoStore
from lunabot.matrix.ids import UserId
from tests.fake_account import FakeAccount
from tests.unit.backup.house import PASSPHRASE, fill, settings, words
from tests.unit.skills.running import House


@pytest.fixture
async def store(house: House, tmp_path: Path) -> AsyncIterator[CryptoStore]:
    """The encryption store of the account, which is in use; Luna's folder is around it."""
    folder = tmp_path / "old"
    house.services.settings = fill(folder)
    opened = CryptoStore("@luna:localhost", "DEVICE", str(folder / "secrets" / "crypto"))
    house.account.client.store = opened
    set_running(house, {house.account.user_id: house.account})
    yield opened
    opened.close()


def set_running(house: House, accounts: dict[UserId, FakeAccount]) -> None:
    """Say which accounts run."""
    keeper: Any = SimpleNamespace(fleet=SimpleNamespace(accounts=accounts))
    house.services.personas = lambda: keeper


def made(folder: Path) -> list[Path]:
    return sorted((folder / "old" / "data" / "backups").glob("luna-2*"))


async def test_without_a_passphrase_it_says_where_one_belongs(
    house: House, store: CryptoStore, tmp_path: Path
) -> None:
    house.services.settings = settings(tmp_path / "old", passphrase="")
    with pytest.raises(UserMistake, match=r"`secrets/backup_passphrase`"):
        await house.run("backup")


async def test_what_she_keeps_open_is_in_it(
    house: House, store: CryptoStore, tmp_path: Path
) -> None:
    store.database.execute("INSERT INTO encrypted_rooms VALUES ('!secret')")
    said = await house.run("backup")
    (file,) = made(tmp_path)
    assert said.startswith("**Made a backup of ")
    assert f"`data/backups/{file.name}`" in said
    assert house.account.acts == []
    restore_backup(file, PASSPHRASE, tmp_path / "new" / "config.yaml")
    with closing(
        sqlite3.connect(tmp_path / "new" / store.path.relative_to(tmp_path / "old"))
    ) as db:
        assert db.execute("SELECT room_id FROM encrypted_rooms").fetchall() == [("!secret",)]
    assert words(tmp_path / "new" / "archive.db") == ["archive.db"]


async def test_it_is_sent_where_that_is_asked(
    house: House, store: CryptoStore, tmp_path: Path
) -> None:
    await house.run("backup --send")
    (file,) = made(tmp_path)
    assert house.account.acts == [
        ("file", file.name, file.read_bytes(), "application/octet-stream")
    ]


async def test_one_that_the_server_does_not_take_is_kept(
    house: House, store: CryptoStore, tmp_path: Path
) -> None:
    house.account.failure = Refused("M_TOO_LARGE", "too large")
    with pytest.raises(UserMistake, match="could not be sent: too large"):
        await house.run("backup --send")
    assert len(made(tmp_path)) == 1


async def test_a_store_that_somebody_else_has_locked_fails_and_leaves_nothing(
    house: House, store: CryptoStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "_BUSY_S", 0)
    set_running(house, {})
    with pytest.raises(WorldError, match=r"could not be made: .*locked"):
        await house.run("backup")
    assert list((tmp_path / "old" / "data" / "backups").iterdir()) == [
        tmp_path / "old" / "data" / "backups" / "luna-1.luna-backup"
    ]


async def test_the_newest_five_are_kept(house: House, store: CryptoStore, tmp_path: Path) -> None:
    folder = tmp_path / "old" / "data" / "backups"
    for year in range(2001, 2007):
        (folder / f"luna-{year}.luna-backup").write_text("old")
    await house.run("backup")
    names = [path.name for path in made(tmp_path)]
    assert names[:4] == [f"luna-{year}.luna-backup" for year in range(2003, 2007)]
    assert len(names) == 5
