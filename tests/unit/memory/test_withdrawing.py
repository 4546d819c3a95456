"""What was made of a message loses its words with it, whatever happens next."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from lunabot.matrix.events import RoomEvent
from lunabot.matrix.ids import EventId
from lunabot.memory.archive import Archive
from lunabot.memory.chapters import Chapter
from lunabot.memory.lenses import LensText
from lunabot.memory.memory import Memory
from lunabot.memory.withdrawing import beginning, withdraw
from tests.unit.memory.samples import ADA, BOB, LUNA, OTHER_ROOM, ROOM, redacted, said

CHAPTERS = [
    Chapter(
        ROOM, n, 0, EventId("$a"), EventId("$b"), n * 1_000, n * 1_000 + 999, (ADA,), "Tea",
        "She likes tea.", ("how much?",),
    )
    for n in range(1, 6)
]  # fmt: skip


@pytest.fixture
async def memory(tmp_path: Path) -> AsyncIterator[Memory]:
    memory = await Memory.open(tmp_path / "db.json", tmp_path / "archive.db")
    await memory.record_sync(LUNA, "s1", [said("$1", at=1_500), said("$2", at=2_500, sender=BOB)])
    state = memory.state
    for chapter in CHAPTERS:
        state.chapters.put(chapter)
    state.chapters.put(replace(CHAPTERS[0], level=1, ends=2_999, edited_by=BOB))
    state.lenses.put(LensText(ROOM, "technical", "Tea.", 5_999, 6_000, edited_by=BOB))
    state.lenses.put(LensText(ROOM, "emotional", "Calm.", 1_499, 6_000))
    state.notes.take(LUNA, ROOM, 1, [state.notes.add(LUNA, "Tea!", ADA, ROOM, 1, 6_000)])
    state.notes.take(LUNA, ROOM, 2, [*state.notes.of(LUNA)])
    await state.flush()
    yield memory
    await memory.close()


def stale(memory: Memory) -> list[tuple[int, int]]:
    return [chapter.place for chapter in memory.state.chapters.of(ROOM) if chapter.stale]


async def test_chapter_and_those_above_lenses_and_notes_lose_their_words(memory: Memory) -> None:
    await memory.record_sync(LUNA, "s2", [redacted("$1")])
    assert stale(memory) == [(1, 1), (0, 1)]
    lost = memory.state.chapters.of(ROOM)[0]
    assert (lost.title, lost.summary, lost.threads, lost.edited_by) == ("", "", (), None)
    technical = memory.state.lenses.get(ROOM, "technical")
    assert technical == LensText(ROOM, "technical", "", 2_999, 6_000)
    emotional = memory.state.lenses.get(ROOM, "emotional")
    assert emotional is not None
    assert emotional.text == "Calm."  # it had not come so far
    assert memory.state.notes.of(LUNA) == ()
    assert memory.state.notes.taken(LUNA, ROOM) == {2}


async def test_it_is_on_the_disk_before_the_archive_hears_of_it(
    memory: Memory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def die(*args: object) -> None:
        raise RuntimeError("killed")

    monkeypatch.setattr(Archive, "record_sync", die)
    with pytest.raises(RuntimeError):
        await memory.record_sync(LUNA, "s2", [redacted("$1")])
    chapters = json.loads((tmp_path / "db.json").read_text())["chapters"][ROOM]
    assert [each["summary"] for each in chapters.values()].count("") == 2


@pytest.mark.parametrize(
    "change",
    [
        redacted("$1"),
        said("$e", "coffee", replaces="$1", at=9_000),
    ],
)
async def test_a_change_counts_once_by_whichever_way_it_comes(
    memory: Memory, change: RoomEvent
) -> None:
    await memory.record_found([change])
    assert (0, 1) in stale(memory)
    memory.state.chapters.put(CHAPTERS[0])
    await memory.record_sync(BOB, "s1", [change])
    await memory.record_history([change])
    assert (0, 1) not in stale(memory)


@pytest.mark.parametrize(
    "idle",
    [
        said("$3", at=9_000),
        redacted("$unknown"),
        redacted("$1", room_id=OTHER_ROOM),
        said("$e", "coffee", replaces="$1", sender=BOB, at=9_000),
        said("$e", "coffee", replaces="$1", room_id=OTHER_ROOM, at=9_000),
        said("$e", "coffee", replaces="$unknown", at=9_000),
    ],
)
async def test_what_changes_nothing_takes_no_words(memory: Memory, idle: RoomEvent) -> None:
    await memory.record_sync(LUNA, "s2", [idle])
    assert stale(memory) == []


async def test_an_edit_that_is_taken_back_changes_what_people_see(memory: Memory) -> None:
    await memory.record_own(said("$e", "coffee", replaces="$2", sender=BOB, at=9_000))
    assert stale(memory) == [(1, 1), (0, 2)]
    memory.state.chapters.put(CHAPTERS[1])
    await memory.record_history([redacted("$e")])
    assert (0, 2) in stale(memory)


async def test_rooms_with_news_are_told_once(memory: Memory) -> None:
    assert memory.take_news() == {ROOM}
    assert memory.take_news() == frozenset()
    await memory.record_sync(LUNA, "s2", [redacted("$1")])
    await memory.record_history([said("$9", room_id=OTHER_ROOM)])
    assert memory.take_news() == {ROOM, OTHER_ROOM}


async def test_of_a_room_of_which_nothing_was_made_nothing_is_taken(memory: Memory) -> None:
    assert not withdraw(memory.state, OTHER_ROOM, [1_500])
    assert not withdraw(memory.state, ROOM, [])


def test_a_new_lens_reads_the_newest_chapters_messages() -> None:
    assert beginning(CHAPTERS[:3]) == 0
    assert beginning(CHAPTERS) == 2_999
