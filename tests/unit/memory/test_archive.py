"""The archive as its users see it, on each backend; and when the file or the disk fails."""

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest

from lunabot.errors import WorldError
from lunabot.matrix.events import StateChange
from lunabot.matrix.ids import EventId
from lunabot.memory.archive import Archive, Counts
from lunabot.memory.usage import Usage
from tests.unit.memory.disk import full_beyond
from tests.unit.memory.samples import ADA, BOB, LUNA, OTHER_ROOM, ROOM, debt, redacted, said


async def test_a_sync_is_stored_with_its_token(archive: Archive) -> None:
    assert await archive.sync_token(LUNA) is None
    recorded = await archive.record_sync(LUNA, "s1", [said("$1")])
    await archive.record_sync(LUNA, "s2", [])
    assert recorded.new == {"$1"}
    assert await archive.sync_token(LUNA) == "s2"
    assert await archive.recent(ROOM, 10) == (said("$1"),)


async def test_a_message_is_new_once_whichever_account_sees_it(archive: Archive) -> None:
    first = await archive.record_sync(LUNA, "s1", [said("$1")])
    second = await archive.record_sync(BOB, "t1", [said("$1"), said("$2", at=2)])
    again = await archive.record_sync(BOB, "t1", [said("$1"), said("$2", at=2)])
    assert [sorted(recorded.new) for recorded in (first, second, again)] == [["$1"], ["$2"], []]


async def test_tokens_are_summed_by_account_from_a_moment_on(archive: Archive) -> None:
    for at, account, prompt in ((1, LUNA, 500), (2, LUNA, 100), (3, LUNA, 7), (3, BOB, 40)):
        await archive.record_usage(Usage(at, ROOM, account, ADA, "small", prompt, 20))
    assert await archive.tokens_since(2) == {LUNA: 147, BOB: 60}
    assert await archive.tokens_since(4) == {}


async def test_other_events_of_a_sync_are_skipped(archive: Archive) -> None:
    joined = StateChange(EventId("$1"), ROOM, ADA, 1, "m.room.member", ADA, {"membership": "join"})
    assert (await archive.record_sync(LUNA, "s1", [joined])).new == frozenset()


async def test_the_echo_of_an_own_message_changes_nothing(archive: Archive) -> None:
    own = said("$own", "done", sender=LUNA)
    await archive.record_own(own)
    assert (await archive.record_sync(LUNA, "s1", [own])).new == frozenset()
    assert await archive.recent(ROOM, 10) == (own,)


async def test_history_comes_in_bulk_and_says_what_was_new(archive: Archive) -> None:
    history = [said(f"${at}", at=at) for at in range(1_200)]
    await archive.record_own(history[700])
    assert await archive.record_history(history) == 1_199
    assert await archive.record_history(history) == 0
    assert await archive.recent(ROOM, 2) == tuple(history[-2:])


async def test_recent_by_room_is_recent_of_each(archive: Archive) -> None:
    here, there = said("$1"), said("$2", room_id=OTHER_ROOM)
    await archive.record_history([said("$0", at=0), here, there])
    assert await archive.recent_by_room(1) == {ROOM: (here,), OTHER_ROOM: (there,)}


async def test_messages_are_found_by_their_ids_as_people_see_them(archive: Archive) -> None:
    await archive.record_history([said("$1"), said("$2"), said("$3"), redacted("$2")])
    await archive.record_history([said("$4", "edited", replaces="$3")])
    found = await archive.messages([EventId(f"${number}") for number in (1, 2, 3, 4, 5)])
    assert found == {"$1": said("$1"), "$3": said("$3", "edited")}


async def test_counts_leave_out_edits_and_redacted_messages(archive: Archive) -> None:
    await archive.record_history([said("$1"), said("$2", replaces="$1"), said("$3")])
    await archive.record_history([said("$4", room_id=OTHER_ROOM), redacted("$3")])
    await archive.record_usage(Usage(1, ROOM, LUNA, ADA, "small", 100, 20))
    counts = await archive.counts()
    assert counts == Counts(messages=2, rooms=2, tokens=120, size=counts.size)


async def test_what_was_confirmed_is_there_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "archive.db"
    archive = await Archive.open(path)
    await archive.record_sync(LUNA, "s1", [said("$1")], [debt("$1")])
    await archive.close()
    archive = await Archive.open(path)
    assert await archive.recent(ROOM, 10) == (said("$1"),)
    assert await archive.owed(LUNA) == (debt("$1"),)
    assert (await archive.counts()).size >= path.stat().st_size > 0
    await archive.close()


async def test_many_writers_at_once_do_not_mix(archive: Archive) -> None:
    await asyncio.gather(
        *(archive.record_sync(LUNA, f"s{at}", [said(f"${at}", at=at)]) for at in range(50))
    )
    assert len(await archive.recent(ROOM, 100)) == 50
    assert await archive.sync_token(LUNA) == "s49"


async def test_a_failed_sync_leaves_nothing_behind(archive: Archive) -> None:
    impossible = said("$2", at=2**64)  # more than a column holds
    with pytest.raises(OverflowError):
        await archive.record_sync(LUNA, "s1", [said("$1"), impossible], [debt("$1")])
    assert await archive.sync_token(LUNA) is None
    assert await archive.recent(ROOM, 10) == ()
    assert await archive.owed(LUNA) == ()


@pytest.mark.parametrize("content", [b"\0" * 4096, b"not a database, just words" * 200])
async def test_a_file_that_is_no_archive_is_refused_and_left_alone(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "archive.db"
    path.write_bytes(content)
    with pytest.raises(WorldError, match="left as it is"):
        await Archive.open(path)
    assert path.read_bytes() == content


async def test_a_file_half_of_which_is_noise_is_told_and_saved_as_far_as_it_goes(
    tmp_path: Path,
) -> None:
    path = tmp_path / "archive.db"
    archive = await Archive.open(path)
    await archive.record_history([said(f"${at}", "word " * 50, at=at) for at in range(500)])
    await archive.close()
    content = bytearray(path.read_bytes())
    half = len(content) // 2
    content[half:] = b"\xff" * (len(content) - half)
    path.write_bytes(content)
    archive = await Archive.open(path)
    assert "archive.db was damaged" in archive.warnings[0]
    assert 100 < len(await archive.recent(ROOM, 500)) < 500
    await archive.close()


async def test_a_folder_that_cannot_be_written_is_a_world_error(read_only_folder: Path) -> None:
    with pytest.raises(WorldError, match="Permission denied"):
        await Archive.open(read_only_folder / "archive.db")


async def test_a_full_disk_loses_only_what_was_not_confirmed(tmp_path: Path) -> None:
    archive = await Archive.open(tmp_path / "archive.db")
    await archive.record_sync(LUNA, "s1", [said("$1", at=1)])
    with full_beyond(1_000_000), pytest.raises(WorldError, match="asked for again"):
        for at in range(2, 60):
            await archive.record_sync(LUNA, f"s{at}", [said(f"${at}", "x" * 60_000, at=at)])
    token = await archive.sync_token(LUNA)
    newest = (await archive.recent(ROOM, 1))[0]
    assert token == f"s{newest.timestamp}" != "s59"
    assert (await archive.record_sync(LUNA, "end", [said("$end")])).new == {"$end"}
    await archive.close()


async def test_a_search_sees_what_was_stored_and_holds_nobody_up(tmp_path: Path) -> None:
    archive = await Archive.open(tmp_path / "archive.db")
    await archive.record_own(said("$1"))
    started, go_on = threading.Event(), threading.Event()

    def count(connection: sqlite3.Connection) -> int:
        started.set()
        go_on.wait(10)
        found: int = connection.execute("SELECT count(*) FROM shown").fetchone()[0]
        return found

    searching = asyncio.create_task(archive.search(count))
    await asyncio.to_thread(started.wait, 10)
    await archive.record_own(said("$2"))
    go_on.set()
    assert await searching == 2
    await archive.close()


async def test_a_search_changes_nothing(tmp_path: Path) -> None:
    archive = await Archive.open(tmp_path / "archive.db")
    with pytest.raises(WorldError, match="readonly"):
        await archive.search(lambda connection: connection.execute("DELETE FROM messages"))
    await archive.close()
