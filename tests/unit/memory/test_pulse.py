"""What the archive tells of messages and answers over time."""

from lunabot.memory import pulse
from lunabot.memory.archive import Archive
from lunabot.memory.pulse import HOUR_MS, Answered
from tests.unit.memory.samples import ADA, BOB, LUNA, debt, redacted, said

HOUR = 400_000
START = HOUR * HOUR_MS


async def test_messages_are_counted_by_the_hour_they_were_said_in(archive: Archive) -> None:
    times = [START - 1, START, START + 1, START + 2, START + 3 * HOUR_MS]
    said_then = [said(f"${number}", at=at) for number, at in enumerate(times)]
    edit = said("$edit", at=START + 5, replaces="$1")
    await archive.record_history([*said_then, edit, redacted("$2")])
    counts = await archive.search(pulse.messages_by_hour, START)
    assert counts == {HOUR: 2, HOUR + 3: 1}


async def ask(archive: Archive, name: str, at: int, *, answered: bool = True) -> None:
    """Let Ada (or whoever the name says) ask Luna, who hears of it after 1 s and answers in 2 s."""
    sender = BOB if name == "$bob" else ADA
    owed = debt(name, received_at=at + 1_000)
    await archive.record_sync(LUNA, "s", [said(name, at=at, sender=sender)], [owed])
    first = said(f"{name}-1", at=at + 3_000, sender=LUNA, answers=[name], unfinished=True)
    await archive.record_own(first)
    if answered:
        await archive.record_own(said(f"{name}-2", at=at + 9_000, sender=LUNA, answers=[name]))


async def test_an_answer_counts_from_its_first_part_on(archive: Archive) -> None:
    await ask(archive, "$old", START - 10_000)
    await ask(archive, "$new", START)
    await ask(archive, "$open", START + 1, answered=False)
    await ask(archive, "$bob", START + 2)
    shown = Answered(START, START + 1_000, START + 3_000)
    assert await archive.search(pulse.answered, START, [BOB, LUNA]) == (shown,)
    assert len(await archive.search(pulse.answered, START, [LUNA])) == 2
