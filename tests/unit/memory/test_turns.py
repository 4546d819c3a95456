"""Turns are read from messages: each run of a sender is one."""

from dataclasses import replace

from lunabot.memory.archive import Archive
from lunabot.memory.loop import Turn
from tests.unit.memory.samples import ADA, BOB, LUNA, OTHER_ROOM, ROOM, debt, redacted, said

TOKEN = "s1"


async def test_a_run_is_one_turn(archive: Archive) -> None:
    asked = [said("$1", at=1_000), said("$2", at=1_500)]
    answer = said("$3", at=1_700, sender=LUNA)
    elsewhere = said("$4", at=1_800, sender=BOB, room_id=OTHER_ROOM)
    await archive.record_sync(LUNA, TOKEN, [answer, *asked, elsewhere], [debt("$2")])
    assert await archive.turns(ROOM, LUNA, 10) == (
        Turn(ADA, 1_000, 1_500, asks=True),
        Turn(LUNA, 1_700, 1_700),
    )
    first, _ = await archive.turns(ROOM, BOB, 10)
    assert not first.asks


async def test_only_the_newest_turns_after_a_moment(archive: Archive) -> None:
    senders = [ADA, BOB, ADA, LUNA, LUNA, ADA]
    events = [said(f"${at}", at=at, sender=each) for at, each in enumerate(senders, start=1)]
    await archive.record_sync(LUNA, TOKEN, events)
    newest = (Turn(LUNA, 4, 5), Turn(ADA, 6, 6))
    assert await archive.turns(ROOM, LUNA, 2) == newest
    assert await archive.turns(ROOM, LUNA, 10, since=3) == newest
    assert await archive.turns(ROOM, LUNA, 10, since=4) == (Turn(LUNA, 5, 5), newest[1])
    assert await archive.turns(ROOM, LUNA, 10, since=6) == ()


async def test_as_if_nobody_else_had_spoken(archive: Archive) -> None:
    senders = [ADA, BOB, ADA, LUNA]
    events = [said(f"${at}", at=at, sender=each) for at, each in enumerate(senders, start=1)]
    await archive.record_sync(LUNA, TOKEN, events)
    turns = await archive.turns(ROOM, LUNA, 10, senders={ADA, LUNA})
    assert turns == (Turn(ADA, 1, 3), Turn(LUNA, 4, 4))


async def test_notices_edits_and_what_was_redacted_are_no_turns(archive: Archive) -> None:
    notice = replace(said("$1", at=1, sender=BOB), msgtype="m.notice")
    events = [notice, said("$2", at=2), said("$3", at=3, replaces="$2"), said("$4", at=4)]
    await archive.record_sync(LUNA, TOKEN, [*events, redacted("$4")])
    assert await archive.turns(ROOM, LUNA, 10) == (Turn(ADA, 2, 2),)
    assert await archive.last_words(ROOM, 0) == {ADA: 2}


async def test_a_monologue_is_not_read_to_its_beginning(archive: Archive) -> None:
    await archive.record_sync(LUNA, TOKEN, [said(f"${at}", at=at) for at in range(1, 101)])
    assert await archive.turns(ROOM, LUNA, 2) == (Turn(ADA, 61, 100),)


async def test_who_has_spoken_and_when_last(archive: Archive) -> None:
    senders = [ADA, BOB, ADA, BOB]
    events = [said(f"${at}", at=at, sender=each) for at, each in enumerate(senders, start=1)]
    await archive.record_sync(LUNA, TOKEN, events)
    assert await archive.last_words(ROOM, 0) == {ADA: 3, BOB: 4}
    assert await archive.last_words(ROOM, 3) == {BOB: 4}
    assert await archive.last_words(OTHER_ROOM, 0) == {}
