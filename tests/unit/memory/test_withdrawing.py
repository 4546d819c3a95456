"""What was made of a message loses its words with it, whatever happens next."""

import json
from bisect import bisect_left
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from lunabot.matrix.events import RoomEvent
from lunabot.matrix.ids import EventId
from lunabot.memory.archive import Archive
from lunabot.memory.chapters import Chapter
from lunabot.memory.lenses import LensText
from lunabot.memory.memory import Memory
from lunabot.memory.state import State
from lunabot.memory.withdrawing import (
    beginning,
    outdate_above,
    withdraw,
    withdraw_worded,
    worded_with,
)
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
    state.chapters.put(replace(CHAPTERS[0], level=1, ends=2_999))
    state.lenses.put(LensText(ROOM, "technical", "Tea.", 5_999, 6_000))
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
    assert (lost.title, lost.summary, lost.threads) == ("", "", ())
    technical = memory.state.lenses.get(ROOM, "technical")
    assert technical == LensText(ROOM, "technical", "", 2_999, 6_000, stale=True)
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
    assert [each.get("summary") for each in chapters.values()].count("") == 2


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


async def test_what_an_administrator_wrote_stays(memory: Memory) -> None:
    state = memory.state
    state.chapters.put(CHAPTERS[0].edited(BOB, summary="She likes coffee."))
    state.lenses.put(LensText(ROOM, "technical", "Tea.", 5_999, 6_000, BOB, "Coffee.", 5_000))
    [note] = state.notes.of(LUNA)
    state.notes.put(replace(note, text="Coffee!", edited_by=BOB))
    await memory.record_sync(LUNA, "s2", [redacted("$1")])
    [chapter] = [each for each in state.chapters.of(ROOM, 0) if each.number == 1]
    assert (chapter.summary, chapter.title, chapter.stale) == ("She likes coffee.", "", False)
    lens = state.lenses.get(ROOM, "technical")
    assert lens is not None
    assert (lens.text, lens.until, lens.stale) == ("Coffee.", 5_000, True)
    assert [each.text for each in state.notes.of(LUNA)] == ["Coffee!"]
    assert stale(memory) == [(1, 1)]


async def test_what_an_administrator_wrote_goes_by_its_words(memory: Memory) -> None:
    state = memory.state
    for chapter in CHAPTERS[:2]:
        state.chapters.put(chapter.edited(BOB, title="Coffee for 2", threads=("which COFFEE?",)))
    state.chapters.put(CHAPTERS[1].edited(BOB, summary="Cocoa."))
    state.lenses.put(LensText(ROOM, "technical", "Tea.", 5_999, 6_000, BOB, "Coffee.", 5_000))
    state.lenses.put(LensText(ROOM, "emotional", "Coffee.", 5_999, 6_000))
    [note] = state.notes.of(LUNA)
    state.notes.put(replace(note, text="Coffee!", edited_by=BOB))
    elsewhere = state.notes.add(LUNA, "Coffee.", None, OTHER_ROOM, 1, 6_000)
    state.notes.put(replace(elsewhere, edited_by=BOB))
    found = worded_with(state, ROOM, "coffee")
    assert [each.place for each in found.chapters] == [(0, 1)]
    assert [each.lens for each in found.lenses] == ["technical"]
    assert [each.number for each in found.notes] == [note.number]
    withdraw_worded(state, ROOM, "coffee")
    assert not worded_with(state, ROOM, "coffee")
    assert stale(memory) == [(1, 1), (0, 1)]  # what was made of it, too
    assert [each.text for each in state.lenses.of(ROOM)] == ["Coffee.", ""]
    assert [each.number for each in state.notes.of(LUNA)] == [elsewhere.number]


async def test_chapters_above_one_that_was_changed_are_written_anew(memory: Memory) -> None:
    outdate_above(memory.state, ROOM, [CHAPTERS[4]])
    assert stale(memory) == []
    outdate_above(memory.state, ROOM, [CHAPTERS[1]])
    assert stale(memory) == [(1, 1)]


async def test_a_thousand_messages_of_a_thousand_chapters_are_no_matter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    state = await State.open(None)
    chapters = [replace(CHAPTERS[0], number=n, begins=n * 10, ends=n * 10 + 9) for n in range(999)]
    state.chapters.put(*chapters)
    looks = 0

    def counting(said: Sequence[int], moment: int) -> int:
        nonlocal looks
        looks += 1
        return bisect_left(said, moment)

    monkeypatch.setattr("lunabot.memory.withdrawing.bisect_left", counting)
    assert withdraw(state, ROOM, range(9_990))
    assert looks == len(chapters)  # each once, however many messages there are
    assert all(each.stale for each in state.chapters.of(ROOM))
    await state.close()


async def test_of_a_room_of_which_nothing_was_made_nothing_is_taken(memory: Memory) -> None:
    assert not withdraw(memory.state, OTHER_ROOM, [1_500])
    assert not withdraw(memory.state, ROOM, [])


def test_a_new_lens_reads_the_newest_chapters_messages() -> None:
    assert beginning(CHAPTERS[:3]) == 0
    assert beginning(CHAPTERS) == 2_999
