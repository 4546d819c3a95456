"""A damaged archive: what can be read is saved, the rest is kept, and administrators are told."""

import asyncio
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from lunabot.errors import WorldError
from lunabot.memory import salvage, schema
from lunabot.memory.archive import Archive
from lunabot.memory.memory import Memory
from tests.unit.memory.samples import LUNA, ROOM, debt, said

MESSAGES = 150
PAGE = 4096


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with messages, each in the full text, debts and a sync token."""
    path = tmp_path_factory.mktemp("sound") / "archive.db"

    async def fill() -> None:
        archive = await Archive.open(path)
        for number in range(MESSAGES):
            event = said(f"${number}", f"message {number} of the moon {'x' * 90}", at=number)
            await archive.record_sync(LUNA, f"s{number}", [event], [debt(f"${number}")])
        await archive.close()

    asyncio.run(fill())
    return path


def _damaged(sound: Path, folder: Path, page: int, content: bytes) -> Path:
    path = folder / "archive.db"
    for left in folder.iterdir():
        left.unlink()
    shutil.copy(sound, path)
    with path.open("r+b") as file:
        file.seek(page * PAGE)
        file.write(content)
    return path


def _torn(path: Path, page: int, draw: random.Random) -> bytes:
    """Return a page whose second half is of nowhere."""
    whole = path.read_bytes()[page * PAGE : (page + 1) * PAGE]
    return whole[: PAGE // 2] + draw.randbytes(PAGE // 2)


def _content(path: Path) -> bytes:
    return path.read_bytes()


def _messages(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT count(*) FROM messages").fetchone()[0])


def _inner(path: Path) -> tuple[set[int], int]:
    """Return the pages of the list of tables, and the page that leads to the messages."""
    with closing(sqlite3.connect(path)) as connection:
        try:
            found = connection.execute("SELECT pageno FROM dbstat WHERE name = 'sqlite_schema'")
        except sqlite3.OperationalError:
            pytest.skip("this SQLite does not tell where its pages are")
        schema_pages = {int(number) - 1 for (number,) in found}
        query = "SELECT rootpage - 1 FROM sqlite_master WHERE name = 'messages'"
        return schema_pages, int(connection.execute(query).fetchone()[0])


def test_a_bad_page_costs_what_is_on_it(sound: Path, tmp_path: Path) -> None:
    draw = random.Random(7)
    schema_pages, root = _inner(sound)
    mended = 0
    for page in range(sound.stat().st_size // PAGE):
        content = draw.choice([bytes(PAGE), draw.randbytes(PAGE), _torn(sound, page, draw)])
        path = _damaged(sound, tmp_path, page, content)
        damaged = path.read_bytes()
        try:
            told = salvage.mend(path)
        except sqlite3.DatabaseError:
            assert page in schema_pages
            assert path.read_bytes() == damaged
            continue
        with closing(schema.connect(path)) as connection:
            assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",), page
        if told is None:
            assert _messages(path) == MESSAGES  # inside a text, or of no use
            continue
        mended += 1
        assert "damaged" in told and "\n" not in told
        assert path.with_name("archive.db.broken-1").read_bytes() == damaged
        if page != root:  # without it nothing leads to the messages
            assert _messages(path) >= MESSAGES - PAGE // 100, (page, told)
    assert mended > 20


async def test_a_mended_archive_goes_on_and_the_administrators_are_told(
    sound: Path, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(sound)) as connection:
        query = "SELECT pageno FROM dbstat WHERE name = 'messages' AND pagetype = 'leaf' LIMIT 1"
        try:
            (page,) = connection.execute(query).fetchone()
        except sqlite3.OperationalError:
            pytest.skip("this SQLite does not tell where its pages are")
    path = _damaged(sound, tmp_path, page - 1, bytes(PAGE))
    memory = await Memory.open(tmp_path / "db.json", path)
    (warning,) = memory.warnings
    assert "archive.db was damaged" in warning and "archive.db.broken-1" in warning
    assert await memory.archive.sync_token(LUNA) == f"s{MESSAGES - 1}"
    assert len(await memory.archive.owed(LUNA)) == MESSAGES
    lost = MESSAGES - len(await memory.archive.recent(ROOM, 1_000))
    assert 0 < lost < 40
    # What is brought once more takes its place again.
    again = [said(f"${number}", at=number) for number in range(MESSAGES)]
    assert await memory.record_history(again) == lost
    await memory.close()
    memory = await Memory.open(tmp_path / "db.json", path)
    assert memory.warnings == ()
    await memory.archive.scrub()
    await memory.close()
    assert not path.with_name("archive.db.broken-1").exists()


def test_a_file_that_was_cut_off_is_saved_as_far_as_it_goes(sound: Path, tmp_path: Path) -> None:
    path = tmp_path / "archive.db"
    whole = sound.read_bytes()
    path.write_bytes(whole[: len(whole) * 9 // 10])
    assert salvage.mend(path) is not None
    assert _messages(path) > MESSAGES // 4
    assert salvage.mend(path) is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: bytes(len(whole)),
        lambda whole: b"x" * 100 + whole[100:],
        lambda whole: whole[:100],
        lambda whole: whole[:100] + bytes(PAGE - 100) + whole[PAGE:],
        lambda whole: whole[:40] + b"garbage",
    ],
    ids=["zeros", "another header", "its header alone", "no tables", "garbage"],
)
async def test_without_its_first_page_it_is_refused_and_left_alone(
    sound: Path, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    path, content = tmp_path / "archive.db", damage(_content(sound))
    path.write_bytes(content)
    with pytest.raises(WorldError, match="left as it is: restore a backup"):
        await Archive.open(path)
    assert _content(path) == content


def test_what_is_not_there_or_empty_is_no_damage(tmp_path: Path) -> None:
    path = tmp_path / "archive.db"
    assert salvage.mend(path) is None
    path.touch()
    assert salvage.mend(path) is None
    assert [file.name for file in tmp_path.iterdir()] == ["archive.db"]


async def test_a_bad_write_ahead_log_costs_its_last_transactions(tmp_path: Path) -> None:
    archive = await Archive.open(tmp_path / "archive.db")
    for number in range(20):
        await archive.record_sync(LUNA, f"s{number}", [said(f"${number}", at=number)])
    killed = tmp_path / "killed"
    killed.mkdir()
    for name in ("archive.db", "archive.db-wal"):
        shutil.copy(tmp_path / name, killed / name)
    await archive.close()
    log = killed / "archive.db-wal"
    log.write_bytes(log.read_bytes()[: -PAGE - 1000])
    archive = await Archive.open(killed / "archive.db")
    token = await archive.sync_token(LUNA)
    shown = [each.event_id for each in await archive.recent(ROOM, 100)]
    assert token is not None and shown == [f"${n}" for n in range(int(token[1:]) + 1)]
    assert archive.warnings == () and token != "s19"  # the server brings the rest again
    await archive.close()


async def test_damage_that_shows_late_is_told_and_mended_at_the_next_start(
    sound: Path, tmp_path: Path
) -> None:
    path = tmp_path / "archive.db"
    shutil.copy(sound, path)
    with closing(schema.connect(path)) as connection:
        connection.execute("UPDATE message_index_data SET block = x'00' WHERE id > 10")
    archive = await Archive.open(path)
    with pytest.raises(WorldError, match=r"is damaged .* start me again"):
        await archive.record_history([said(f"$new {n}", at=n) for n in range(50)])
    await archive.close()
    archive = await Archive.open(path)
    assert "was damaged (it failed while it was used)" in archive.warnings[0]
    assert await archive.record_history([said(f"$new {n}", at=n) for n in range(50)]) == 50
    await archive.close()
    archive = await Archive.open(path)
    assert archive.warnings == ()
    await archive.close()


def test_where_the_new_one_cannot_be_written_the_old_one_stays(
    sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _damaged(sound, tmp_path, _inner(sound)[1], bytes(PAGE))
    damaged = path.read_bytes()

    def fails(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(schema, "create", fails)
    with pytest.raises(OSError, match="No space"):
        salvage.mend(path)
    assert path.read_bytes() == damaged
    assert [file.name for file in tmp_path.iterdir()] == ["archive.db"]
