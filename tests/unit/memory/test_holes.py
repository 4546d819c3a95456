"""The holes in the archive: known from the moment they are made until they are filled."""

import dataclasses
from pathlib import Path

from lunabot.matrix.batch import Gap
from lunabot.memory.archive import Archive
from tests.unit.memory.samples import ADA, BOB, LUNA, OTHER_ROOM, ROOM, redacted, said


async def test_a_gap_is_noted_with_the_sync_that_brought_it(archive: Archive) -> None:
    gaps = [Gap(ROOM, "p1", "s0"), Gap(OTHER_ROOM, "p2", "s0")]
    await archive.record_sync(LUNA, "s1", [said("$1")], gaps=gaps)
    await archive.record_sync(LUNA, "s2", [said("$2")])
    first, second = await archive.holes()
    assert (first.room_id, first.account, first.token, first.until) == (ROOM, LUNA, "p1", "s0")
    assert second.room_id == OTHER_ROOM


async def test_a_hole_gets_smaller_until_nothing_is_left(archive: Archive) -> None:
    await archive.record_sync(LUNA, "s1", [], gaps=[Gap(ROOM, "p9", "s0")])
    [hole] = await archive.holes()
    await archive.advance(hole, "p5")
    [smaller] = await archive.holes()
    assert smaller == dataclasses.replace(hole, token="p5")
    await archive.advance(smaller, None)
    await archive.advance(smaller, "p1")  # what is closed stays closed
    assert await archive.holes() == ()


async def test_the_history_of_a_room_is_fetched_by_one_and_after_the_gaps(archive: Archive) -> None:
    history = await archive.note_history(ROOM, LUNA, "s1")
    await archive.advance(history, "p7")
    again = await archive.note_history(ROOM, BOB, "s2")
    other = await archive.note_history(OTHER_ROOM, BOB, "s2")
    assert (again.account, again.token, again.until) == (LUNA, "p7", None)
    await archive.record_sync(LUNA, "s1", [], gaps=[Gap(ROOM, "p1", "s0")])
    gap, *rest = await archive.holes()
    assert gap.until == "s0"
    assert rest == [again, other]


async def test_holes_go_with_their_account(archive: Archive) -> None:
    await archive.note_history(ROOM, LUNA, "s1")
    kept = await archive.note_history(OTHER_ROOM, BOB, "s1")
    await archive.forget_account(LUNA)
    assert await archive.holes() == (kept,)


async def test_they_outlive_the_process(tmp_path: Path) -> None:
    archive = await Archive.open(tmp_path / "archive.db")
    noted = await archive.note_history(ROOM, LUNA, "s1")
    await archive.close()
    archive = await Archive.open(tmp_path / "archive.db")
    assert await archive.holes() == (noted,)
    await archive.close()


async def test_what_is_known_of_some_messages(archive: Archive) -> None:
    await archive.record_found([said("$1"), said("$2"), redacted("$2"), said("$e", replaces="$1")])
    asked = [said(event_id).event_id for event_id in ("$1", "$2", "$e", "$4")]
    assert await archive.known(asked) == {"$1", "$2", "$e"}
    assert await archive.known([]) == frozenset()


async def test_the_oldest_message_of_a_room_that_people_see(archive: Archive) -> None:
    assert await archive.oldest(ROOM) is None
    await archive.record_found([said("$1", at=1), said("$2", at=2, sender=ADA), redacted("$1")])
    await archive.record_found([said("$0", at=0, room_id=OTHER_ROOM)])
    assert await archive.oldest(ROOM) == 2
