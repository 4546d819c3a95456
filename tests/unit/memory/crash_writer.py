"""A process that records for ever and says what was confirmed, until it is killed."""

import asyncio
import sys
from pathlib import Path

from lunabot.matrix.events import RoomEvent
from lunabot.matrix.ids import EventId
from lunabot.memory.memory import Memory
from tests.unit.memory.samples import LUNA, debt, redacted, said


async def write(folder: Path) -> None:
    """Record messages, answers, edits, redactions and facts, each named by a growing number."""
    memory = await Memory.open(folder / "db.json", folder / "archive.db")
    for owed in await memory.archive.owed(LUNA):
        await _answer(memory, owed.received_at)
    number = int(await memory.archive.sync_token(LUNA) or 0)
    while True:
        number += 1
        question = EventId(f"$q{number}")
        events: list[RoomEvent] = [
            said(question, f"question {number}", at=number),
            said(f"$e{number}", f"edit of {number - 1}", at=number, replaces=f"$q{number - 1}"),
            redacted(f"$q{number - 2}", event_id=f"$r{number}"),
        ]
        debts = [debt(question, received_at=number)]
        await memory.record_sync(LUNA, str(number), events, debts)
        _confirm("sync", number)
        await _answer(memory, number)
        _confirm("answer", number)
        memory.state.set_fact("number", str(number))
        await memory.state.flush()
        _confirm("fact", number)


async def _answer(memory: Memory, number: int) -> None:
    answered = f"$q{number}"
    body = f"answer {number}"
    answer = said(f"$a{number}", body, at=number, sender=LUNA, answers=[answered])
    await memory.record_own(answer)


def _confirm(what: str, number: int) -> None:
    sys.stdout.write(f"{what} {number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(write(Path(sys.argv[1])))
