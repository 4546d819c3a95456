"""``kill -9`` at random moments: the stores stay sound, with everything that was confirmed."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lunabot.memory import schema
from lunabot.memory.memory import Memory
from tests.unit.memory.samples import LUNA, ROOM


@pytest.mark.parametrize("seed", range(4))
async def test_nothing_confirmed_is_lost(tmp_path: Path, seed: int) -> None:
    moments = random.Random(seed)
    confirmed: dict[str, int] = {}
    for _ in range(2):  # the second process goes on from what the first left
        lines, delay_s = moments.randint(1, 90), moments.uniform(0, 0.01)
        confirmed |= _write_and_kill(tmp_path, lines, delay_s)
        await _check_stores(tmp_path, confirmed)


def _write_and_kill(folder: Path, lines: int, delay_s: float) -> dict[str, int]:
    """Let a process write, kill it, and return the last number it confirmed of each kind."""
    command = [sys.executable, "-m", "tests.unit.memory.crash_writer", str(folder)]
    root = Path(__file__).parents[3]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        confirmed = [writer.stdout.readline() for _ in range(lines)]
        time.sleep(delay_s)  # into the middle of whatever it is doing then
        writer.kill()
        confirmed += writer.stdout.readlines()
    return {what: int(number) for what, number in map(str.split, confirmed)}


async def _check_stores(folder: Path, confirmed: dict[str, int]) -> None:
    _check_archive(folder / "archive.db")
    memory = await Memory.open(folder / "db.json", folder / "archive.db")
    token = int(await memory.archive.sync_token(LUNA) or 0)
    shown = {str(message.event_id) for message in await memory.archive.recent(ROOM, 10_000)}
    owed = {str(debt.event_id) for debt in await memory.archive.owed(LUNA)}
    unanswered = {number for number in range(1, token + 1) if f"$a{number}" not in shown}
    assert token >= confirmed["sync"]
    assert all(number > confirmed.get("answer", 0) for number in unanswered)
    assert owed == {f"$q{number}" for number in unanswered}
    assert [name for name in sorted(shown) if name.startswith("$q")] == sorted(
        f"$q{number}" for number in range(max(1, token - 1), token + 1)
    )
    assert int(memory.state.fact("number") or 0) >= confirmed.get("fact", 0)
    assert not [warning for warning in memory.warnings if "broken (" in warning]
    await memory.close()


def _check_archive(path: Path) -> None:
    connection = schema.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.execute(
        "INSERT INTO message_index (message_index, rank) VALUES ('integrity-check', 1)"
    )
    connection.rollback()
    connection.close()
