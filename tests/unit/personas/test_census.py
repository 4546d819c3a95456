"""Last words and tokens of today."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lunabot.memory.memory import Memory
from lunabot.memory.usage import Usage
from lunabot.personas import census
from tests.unit.memory.samples import ADA, BOB, LUNA, OTHER_ROOM, ROOM, said

NOON = datetime(2025, 5, 31, 12, tzinfo=UTC)
MIDNIGHT = int(datetime(2025, 5, 31, tzinfo=UTC).timestamp() * 1000)


@pytest.fixture
async def memory(tmp_path: Path) -> AsyncIterator[Memory]:
    opened = await Memory.open(tmp_path / "db.json", tmp_path / "archive.db")
    yield opened
    await opened.close()


async def test_the_newest_words_of_all_rooms(memory: Memory) -> None:
    history = [
        said("$1", "early", at=1, sender=BOB),
        said("$2", "late", at=3, sender=BOB, room_id=OTHER_ROOM),
        said("$3", "between", at=2, sender=BOB),
        said("$4", "secret", at=4, encrypted=True),
    ]
    await memory.record_history(history)
    taken = await census.take(memory, encrypted=True)
    assert {who: words.body for who, words in taken.last_words.items()} == {
        BOB: "late",
        ADA: "secret",
    }
    kept_back = await census.take(memory, encrypted=False)
    assert kept_back.last_words[ADA].body == "(encrypted)"
    assert kept_back.last_words[BOB].body == "late"


async def test_today_begins_at_midnight_utc(memory: Memory) -> None:
    for at, tokens in ((MIDNIGHT - 1, 100), (MIDNIGHT, 10), (MIDNIGHT + 5, 1)):
        await memory.archive.record_usage(Usage(at, ROOM, LUNA, ADA, "small", tokens, 0))
    assert (await census.take(memory, encrypted=True, now=NOON)).tokens == {LUNA: 11}
