"""Her stores are damaged while she is away: what was confirmed is there, and she says what was."""

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.talk import hear, times_said
from tests.e2e.timeline import notice
from tests.faults.campaign import LONG, SEED
from tests.faults.world import World
from tests.tokens import new_token

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(7200 if LONG else 300),
]
PAGE = 4096
Damage = Callable[[Path, random.Random], None]


def cut_off(path: Path, draw: random.Random) -> None:
    """Leave the beginning of a file."""
    path.write_bytes(path.read_bytes()[: draw.randrange(path.stat().st_size)])


def zeros(path: Path, draw: random.Random) -> None:
    """Replace a file by zeros."""
    path.write_bytes(bytes(path.stat().st_size))


def read_only(path: Path, draw: random.Random) -> None:
    """Take the right to write it from everybody."""
    path.chmod(0o400)


def torn_pages(path: Path, draw: random.Random) -> None:
    """Put noise where an index begins, and the full text: pages that every archive has."""
    with closing(sqlite3.connect(path)) as archive:
        archive.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        query = "SELECT rootpage FROM sqlite_master WHERE name IN (?, ?)"
        names = ("messages_in_time", "message_index_data")
        pages = [int(page) for (page,) in archive.execute(query, names)]
    with path.open("r+b") as file:
        for page in pages:
            file.seek((page - 1) * PAGE)
            file.write(draw.randbytes(PAGE))


def torn_log(path: Path, draw: random.Random) -> None:
    """Cut off what was written to a write-ahead log last."""
    log = path.with_name(path.name + "-wal")
    if log.exists():
        log.write_bytes(log.read_bytes()[: draw.randrange(log.stat().st_size)])


ALWAYS: list[tuple[str, Damage, str]] = [
    ("db.json", cut_off, "db.json was broken"),
    ("archive.db", torn_pages, "archive.db was damaged"),
    ("archive.db", torn_log, ""),
]
AT_LENGTH: list[tuple[str, Damage, str]] = [
    *ALWAYS,
    ("db.json", zeros, "db.json was broken"),
    ("db.json", read_only, ""),
] * 5


@pytest.mark.parametrize(("name", "damage", "trouble"), AT_LENGTH if LONG else ALWAYS)
async def test_what_was_confirmed_is_there(
    world: World, name: str, damage: Damage, trouble: str
) -> None:
    luna, admin, place = world.luna, world.admin, world.places[0]
    persona = next(each for each in world.places[-1].addressees.values() if each != "luna")
    if not luna.process.running:
        await luna.start()
    confirmed, answered, waiting, last = (new_token() for _ in range(4))
    there = place.person, place.room, luna.user_id

    await place.person.send(place.room, f"what of {answered}?")
    await hear(*there, answered)
    change = await admin.command(f"/persona {persona} --set prompt You know {confirmed}.")
    assert change.mark == "✅", change.text
    await luna.kill()
    await place.person.send(place.room, f"what of {waiting}?")
    is_told = notice(luna.user_id, trouble)
    before = len(admin.person.timeline.find(admin.room, is_told))
    damage(luna.folder / name, random.Random(SEED))
    await luna.start()
    if trouble:
        told = await admin.person.wait_for(admin.room, is_told, 30, count=before + 1)
        (line,) = [each for each in told["content"]["body"].splitlines() if trouble in each]
        assert ".broken-" in line
    await hear(*there, waiting)
    assert confirmed in (await admin.command(f"/persona {persona}")).text
    await place.person.send(place.room, f"what of {last}?")
    await hear(*there, last)
    for token in (answered, waiting):
        assert times_said(*there, token) == 1
    assert "Traceback" not in luna.log
