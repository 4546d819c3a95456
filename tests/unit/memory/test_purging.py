"""Purging: gone from both stores and off the disk, and not coming back by itself."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lunabot.errors import WorldError
from lunabot.matrix.events import RoomEvent
from lunabot.matrix.ids import EventId, RoomId
from lunabot.memory import purges, purging, schema
from lunabot.memory.chapters import Chapter
from lunabot.memory.lenses import LensText
from lunabot.memory.memory import Memory
from lunabot.memory.purging import Made
from tests.unit.memory.samples import ADA, BOB, LUNA, OTHER_ROOM, ROOM, debt, redacted, said
from tests.unit.personas.characters import teacher

UNKNOWN = RoomId("!unknown:localhost")
WORD = "xylophonequartz"
NOW = 100_000


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[Memory]:
    """Both stores, on the disk."""
    opened = await Memory.open(tmp_path / "db.json", tmp_path / "archive.db")
    yield opened
    await opened.close()


async def nothing(taken: int) -> None:
    """Report to nobody."""


async def purge(memory: Memory, room_id: RoomId = ROOM, before: int | None = None) -> None:
    await purging.purge_messages(memory, room_id, before, NOW, nothing)


async def bodies(memory: Memory, room_id: RoomId = ROOM) -> list[str]:
    return [each.body for each in await memory.archive.recent(room_id, 10_000)]


def chapter(number: int, begins: int, ends: int, text: str = WORD, level: int = 0) -> Chapter:
    first, last = EventId(f"${begins}"), EventId(f"${ends}")
    return Chapter(ROOM, number, level, first, last, begins, ends, (ADA,), text, text, (text,))


def lens(text: str = WORD, room_id: RoomId = ROOM) -> LensText:
    return LensText(room_id, "technical", text, 5_000, 5_000)


def files_with(folder: Path, word: str) -> list[str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in files if word.encode() in path.read_bytes()]


async def test_no_file_holds_a_word_of_a_room_that_was_purged(kept: Memory, tmp_path: Path) -> None:
    for number in range(5):  # several parts of the full text, and several saves of the state
        events = [
            said(f"${number}-{each}", f"{WORD} {number}", at=1_000 + each) for each in range(40)
        ]
        await kept.record_sync(ADA, f"s{number}", events)
        await kept.state.flush()
    edit = said("$edit", f"{WORD} again", at=3_000, replaces="$0-0")
    await kept.record_sync(ADA, "s9", [edit, said("$other", "hello there", room_id=OTHER_ROOM)])
    kept.state.chapters.put(chapter(1, 1_000, 2_000))
    kept.state.lenses.put(lens())
    kept.state.notes.add(LUNA, WORD, ADA, ROOM, 1, 2_000)
    (tmp_path / "db.json.broken-1").write_text(WORD)
    (tmp_path / "db.json.schema-1").write_text(WORD)
    await kept.state.flush()
    assert {"db.json", "db.json.broken-1"} <= set(files_with(tmp_path, WORD))
    assert any(name.startswith("archive.db") for name in files_with(tmp_path, WORD))

    await purge(kept)
    await purging.scrub(kept)

    assert files_with(tmp_path, WORD) == []
    assert files_with(tmp_path, WORD[:8]) == []
    assert (tmp_path / "db.json.bak").exists()
    assert await bodies(kept) == []
    assert kept.state.recent_rooms() == (OTHER_ROOM,)
    assert await bodies(kept, OTHER_ROOM) == ["hello there"]


async def test_what_was_purged_does_not_come_back_until_all_is_fetched(memory: Memory) -> None:
    old, new = said("$old", at=1_000), said("$new", at=2_001)
    last = said("$last", at=2_000)
    await memory.record_sync(ADA, "s1", [old, last], [debt("$old")])
    await purge(memory)
    found = await memory.record_sync(BOB, "s1", [old, new], [debt("$old"), debt("$new")])
    assert [each.event_id for each in found.owed] == ["$new"]
    assert await memory.record_history([old, last, said("$never seen", at=1_500)]) == 0
    assert [each.event_id for each in await memory.archive.recent(ROOM, 10)] == ["$new"]
    await memory.archive.note_history(ROOM, ADA, "t9")
    assert await memory.record_history([old, last]) == 2


async def test_what_comes_from_the_future_is_purged_and_bars_nothing(memory: Memory) -> None:
    await memory.record_sync(ADA, "s1", [said("$old", at=1_000), said("$skewed", at=NOW * 9)])
    await purge(memory)
    assert await bodies(memory) == []
    await memory.record_sync(ADA, "s2", [said("$new", "welcome", at=2_000)])
    assert await bodies(memory) == ["welcome"]


async def test_holes_of_a_room_are_not_filled_after_its_purge(memory: Memory) -> None:
    await memory.archive.note_history(ROOM, ADA, "t9")
    await memory.archive.note_history(OTHER_ROOM, ADA, "t9")
    await purge(memory)
    assert [hole.room_id for hole in await memory.archive.holes()] == [OTHER_ROOM]


async def test_before_a_moment(memory: Memory) -> None:
    await memory.record_sync(
        ADA,
        "s1",
        [
            said("$edit", "edited late", at=9_000, replaces="$old"),
            said("$old", "old", at=1_000),
            said("$kept", "kept", at=5_000),
            said("$early edit", "kept, as edited", at=4_000, replaces="$kept"),
            said("$orphan", "an edit of what nobody knows", at=1_500, replaces="$unknown"),
        ],
    )
    shown = await bodies(memory)
    assert shown == ["edited late", "kept, as edited"]
    await purge(memory, before=5_000)
    assert await bodies(memory) == ["kept, as edited"]
    known = await memory.archive.known(map(EventId, ("$old", "$edit", "$orphan", "$early edit")))
    assert known == {"$early edit"}
    assert await memory.record_history([said("$lost", at=4_999), said("$here", at=5_001)]) == 1


async def test_the_index_is_whole_after_a_purge(memory: Memory) -> None:
    events = [said(f"${number}", f"word{number} apple", at=number) for number in range(1_200)]
    edits = [said(f"$e{n}", f"pear{n}", at=5_000 + n, replaces=f"${n}") for n in range(0, 1_200, 7)]
    await memory.record_sync(ADA, "s1", [*edits, *events])
    await purge(memory, before=700)
    await memory.archive.search(_check_index)
    assert len(await bodies(memory)) == 500
    await memory.record_sync(ADA, "s2", [said("$new", "fresh", at=9_000)])
    await memory.archive.scrub()
    await memory.archive.search(_check_index)


def _check_index(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO message_index (message_index) VALUES ('integrity-check')")


async def test_keys_are_never_used_again(memory: Memory) -> None:
    await memory.record_sync(ADA, "s1", [said(f"${each}", at=each + 1) for each in range(5)])
    before = await memory.archive.search(_greatest_key)
    for number in range(2):
        await purge(memory)
        await memory.record_sync(ADA, "s2", [said(f"$new{number}", at=50_000 + number)])
    assert await memory.archive.search(_greatest_key) > before + 1
    counts = await memory.archive.counts()
    assert (counts.messages, counts.rooms) == (1, 1)


def _greatest_key(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT max(id) FROM messages").fetchone()[0])


async def test_what_was_made_of_old_messages_goes_and_of_others_loses_its_words(
    memory: Memory,
) -> None:
    for number, begins, ends in ((1, 1_000, 2_000), (2, 2_500, 6_000), (3, 7_000, 8_000)):
        memory.state.chapters.put(chapter(number, begins, ends))
        memory.state.notes.add(LUNA, f"{WORD} {number}", None, ROOM, number, 1)
    memory.state.lenses.put(lens())
    await purge(memory, before=5_000)
    left = memory.state.chapters.of(ROOM)
    assert [(each.number, each.summary, each.stale) for each in left] == [
        (2, "", True),
        (3, WORD, False),
    ]
    assert [note.text for note in memory.state.notes.of(LUNA)] == [f"{WORD} 3"]
    [text] = memory.state.lenses.of(ROOM)
    assert text.text == ""


async def test_made_is_counted_and_purged_and_messages_stay(memory: Memory) -> None:
    await memory.record_sync(ADA, "s1", [said("$a", "hello")])
    texts = await memory.archive.without_vectors(10)
    await memory.archive.record_vectors(texts, [b"vector"])
    memory.state.chapters.put(chapter(1, 1, 2))
    memory.state.lenses.put(lens())
    memory.state.lenses.put(lens(room_id=OTHER_ROOM))
    memory.state.notes.add(LUNA, WORD, ADA, ROOM, 1, 2_000)
    assert await purging.made(memory, ROOM) == Made(1, 1, 1, 1)
    await purging.purge_made(memory, ROOM)
    assert await purging.made(memory, ROOM) == Made(0, 0, 0, 0)
    assert await purging.made(memory, None) == Made(0, 1, 0, 0)
    assert await memory.archive.without_vectors(10) == texts
    assert await bodies(memory) == ["hello"]
    await purging.purge_made(memory, None)
    assert await purging.made(memory, None) == Made(0, 0, 0, 0)


async def test_the_store_is_emptied_but_for_what_is_needed_to_live(
    kept: Memory, tmp_path: Path
) -> None:
    kept.state.put_persona(teacher())
    kept.state.set_fact("admin room", "!a:localhost")
    kept.state.chapters.put(chapter(1, 1, 2))
    events: list[RoomEvent] = [
        said("$a", WORD),
        said("$b", WORD, room_id=OTHER_ROOM),
        said("$gone"),
        redacted("$gone"),
    ]
    await kept.record_sync(LUNA, "s1", events, [debt("$a")])
    await kept.state.flush()
    before = await kept.archive.counts()
    await purging.purge_store(kept, NOW)
    await purging.scrub(kept)
    after = await kept.archive.counts()
    assert (before.messages, after.messages) == (2, 0)
    assert files_with(tmp_path, WORD) == []
    assert await kept.archive.owed(LUNA) == ()
    assert await kept.archive.sync_token(LUNA) == "s1"
    assert kept.state.fact("admin room") == "!a:localhost"
    assert set(kept.state.personas()) == {teacher().user_id}
    assert kept.state.recent_rooms() == ()
    await kept.archive.note_history(ROOM, LUNA, "t1")
    assert await kept.record_history([said("$gone"), said("$b", room_id=OTHER_ROOM)]) == 0
    assert await bodies(kept) == []
    assert await bodies(kept, OTHER_ROOM) == []


async def test_what_is_said_while_it_is_purged_is_none_of_what_is_left(kept: Memory) -> None:
    async def speak(taken: int) -> None:
        await kept.record_sync(LUNA, "s2", [said("$new", at=NOW + 1)])

    async def left(room_id: RoomId | None, before: int | None = None) -> int:
        return await kept.archive.search(purges.left, room_id, before)

    await kept.record_sync(LUNA, "s1", [said("$a"), said("$b", room_id=OTHER_ROOM)])
    await purging.purge_messages(kept, ROOM, None, NOW, speak)
    assert (await left(ROOM), await left(ROOM, NOW), await bodies(kept)) == (0, 0, ["hello"])
    assert (await left(OTHER_ROOM), await left(None)) == (1, 1)
    await purging.purge_store(kept, NOW)
    assert await left(None) == 0


async def test_with_a_homeserver_all_goes_that_belongs_to_it(kept: Memory, tmp_path: Path) -> None:
    kept.state.put_persona(teacher())
    kept.state.set_fact("admin room", "!a:localhost")
    kept.state.chapters.put(chapter(1, 1, 2))
    await kept.record_sync(LUNA, "s1", [said("$a", WORD)])
    await kept.archive.begin("spawn", "@x:localhost", {})
    await purging.purge_accounts(kept, NOW)
    await purging.scrub(kept)
    assert await kept.archive.sync_token(LUNA) is None
    assert await kept.archive.unfinished() == ()
    assert kept.state.personas() == {}
    assert kept.state.fact("admin room") is None
    assert kept.state.chapters.of(ROOM) == ()
    assert files_with(tmp_path, WORD) == []
    assert await kept.record_history([said("$a")]) == 1


async def test_somebody_who_reads_holds_the_scrubbing_up(
    kept: Memory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await kept.record_sync(LUNA, "s1", [said("$a", WORD)])
    await kept.archive.change(_have_no_patience)
    reader = schema.connect_reader(tmp_path / "archive.db")
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM messages").fetchone()
    await purge(kept)
    with pytest.raises(WorldError, match="being read"):
        await kept.archive.scrub()
    reader.close()
    await kept.archive.scrub()
    assert files_with(tmp_path, WORD) != ["archive.db", "archive.db-wal"]


def _have_no_patience(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA busy_timeout = 0")


async def test_an_extent_counts_what_people_see(memory: Memory) -> None:
    events: list[RoomEvent] = [said("$a", at=5), said("$b", at=9), said("$c", at=9), redacted("$c")]
    await memory.record_sync(ADA, "s1", [*events, said("$e", at=9, replaces="$a")])
    measure = memory.archive.search
    assert await measure(purges.measure, ROOM, None) == purges.Extent(2, 5)
    assert await measure(purges.measure, ROOM, 9) == purges.Extent(1, 5)
    assert await measure(purges.measure, UNKNOWN, None) == purges.Extent(0, None)
