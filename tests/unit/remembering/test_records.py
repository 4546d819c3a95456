"""What an account is shown of chapters, lenses and notes: nothing that it did not see."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from lunabot.matrix.events import Message
from lunabot.matrix.ids import RoomId, UserId
from lunabot.memory.chapters import Chapter
from lunabot.memory.lenses import LensText
from lunabot.memory.memory import Memory
from lunabot.personas.persona import Stay
from lunabot.prompt.material import Excerpt
from lunabot.remembering.records import Records
from lunabot.remembering.segments import PAUSE_MS
from tests.unit.personas.characters import teacher
from tests.unit.remembering.study import LENSES
from tests.unit.remembering.talk import (
    ADA,
    BOB,
    LUNA,
    NAMES,
    OTHER_ROOM,
    ROOM,
    START,
    chatter,
    talk,
)

DAYS = [talk(chatter(f"day {n}", 8), start=START + n * 24 * PAUSE_MS) for n in range(4)]
QUESTION = talk(["what of the boat?"], start=START + 99 * 24 * PAUSE_MS)[0]


def chapter(number: int, days: Sequence[Sequence[Message]], level: int = 0) -> Chapter:
    first, last = days[0][0], days[-1][-1]
    return Chapter(
        ROOM, number, level, first.event_id, last.event_id, first.timestamp, last.timestamp,
        (ADA, BOB), f"Title {level}-{number}", "It was told.", ("why?",),
    )  # fmt: skip


@pytest.fixture
async def memory(tmp_path: Path) -> AsyncIterator[Memory]:
    memory = await Memory.open(tmp_path / "db.json", tmp_path / "archive.db")
    await memory.record_sync(LUNA, "s1", [message for day in DAYS for message in day])
    for number, each in enumerate(DAYS, 1):
        memory.state.chapters.put(chapter(number, [each]))
    newest = DAYS[-1][-1].timestamp
    for lens in LENSES:
        memory.state.lenses.put(LensText(ROOM, lens, f"The {lens} side.", newest, newest))
    yield memory
    await memory.close()


async def recalled(
    memory: Memory,
    account: UserId = LUNA,
    saw: Callable[[Message], bool] = lambda message: True,
    tokens: int = 100,
) -> tuple[list[str], list[str], list[str]]:
    records = Records(memory, lambda: LENSES, lambda: tokens)
    found = await records.material(account, ROOM, QUESTION, saw, NAMES)
    lenses, chapters, notes = ([excerpt.title for excerpt in part] for part in found)
    return lenses, [title.rpartition(", ")[2] for title in chapters], notes


async def test_who_was_always_there_is_shown_all(memory: Memory) -> None:
    lenses, chapters, notes = await recalled(memory)
    assert lenses == ["emotional", "technical"]
    assert chapters == ["Title 0-1", "Title 0-2", "Title 0-3", "Title 0-4"]
    assert notes == []
    found = await Records(memory, lambda: LENSES, lambda: 100).material(
        LUNA, ROOM, QUESTION, lambda message: True, NAMES
    )
    assert found[1][0] == Excerpt("2023-11-14, Title 0-1", "It was told.\nOpen: why?")


async def test_what_the_recent_messages_say_is_left_out(memory: Memory) -> None:
    assert (await recalled(memory, tokens=1_000))[1] == ["Title 0-1", "Title 0-2", "Title 0-3"]
    assert (await recalled(memory, tokens=100_000))[1] == []


async def test_the_far_past_is_told_by_chapters_of_chapters(memory: Memory) -> None:
    memory.state.chapters.put(chapter(1, DAYS[:2], level=1))
    assert (await recalled(memory))[1] == ["Title 1-1", "Title 0-3", "Title 0-4"]
    lost = replace(chapter(1, DAYS[:2], level=1), stale=True, title="", summary="")
    memory.state.chapters.put(lost)
    memory.state.chapters.put(replace(chapter(1, DAYS[:1]), stale=True, title="", summary=""))
    assert (await recalled(memory))[1] == ["Title 0-2", "Title 0-3", "Title 0-4"]


async def test_a_persona_is_shown_only_chapters_it_saw_from_beginning_to_end(
    memory: Memory,
) -> None:
    memory.state.chapters.put(chapter(1, DAYS[:2], level=1))
    joined = DAYS[1][0].timestamp
    lenses, chapters, _ = await recalled(memory, saw=lambda m: m.timestamp >= joined)
    assert lenses == []
    assert chapters == ["Title 0-2", "Title 0-3", "Title 0-4"]
    _, chapters, _ = await recalled(memory, saw=lambda m: m.timestamp > joined)
    assert chapters == ["Title 0-3", "Title 0-4"]


async def test_a_persona_that_went_out_in_between_did_not_see_it_all(memory: Memory) -> None:
    first, last = DAYS[0][0].timestamp, DAYS[0][-1].timestamp
    stays = (Stay(ROOM, first, first + 1), Stay(ROOM, last, None))
    persona = memory.state.put_persona(replace(teacher(), stays=stays))
    lenses, chapters, _ = await recalled(
        memory, persona.user_id, lambda m: persona.saw(m.room_id, m.timestamp)
    )
    assert lenses == []
    assert chapters == ["Title 0-2", "Title 0-3", "Title 0-4"]


async def test_notes_are_its_own_of_this_room_or_of_all_those_on_who_asks_first(
    memory: Memory,
) -> None:
    notes = memory.state.notes
    notes.add(LUNA, "Bob sings.", BOB, ROOM, 2, START)
    notes.add(LUNA, "Ada rows.", ADA, ROOM, 1, START)
    notes.add(LUNA, "I am patient.", None, RoomId(""), 0, START)
    notes.add(LUNA, "Secret.", ADA, OTHER_ROOM, 1, START)
    notes.add(BOB, "Not hers.", ADA, ROOM, 1, START)
    assert (await recalled(memory))[2] == [
        "2023-11-14, on Ada, 2",
        "2023-11-14, on myself, 3",
        "2023-11-15, on Bob, 1",
    ]
    assert (await recalled(memory, tokens=100_000))[2] == ["2023-11-14, on myself, 3"]
