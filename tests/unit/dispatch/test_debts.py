"""What is owed is handed out in the order in which it was asked, whoever owes it."""

import dataclasses
from collections.abc import Awaitable, Callable, Iterator
from functools import partial

import pytest

from lunabot.dispatch import debts
from lunabot.dispatch.ground import Ground
from lunabot.matrix.batch import Gap, SyncBatch
from lunabot.matrix.events import Redaction
from lunabot.matrix.ids import EventId, UserId
from tests.unit.dispatch.hall import HOUR_MS, Hall
from tests.unit.dispatch.people import ADA, LUNA, OTHER_ROOM, OWL, ROOM, said

GAP = Gap(ROOM, "before", "s0")


async def test_at_the_start_all_that_is_owed_is_asked_in_order(hall: Hall) -> None:
    first, second = said("one", event_id="$1", ago_ms=2000), said("two", event_id="$2")
    other = said("elsewhere", room_id=OTHER_ROOM)
    await hall.take(first, starting=True)
    await hall.take(second, other, said("!health"), token="s2", starting=True)
    assert hall.asked == []
    assert hall.commands == ["!health"]
    owed = await hall.inbox.settle_debts(hall.luna, HOUR_MS)
    assert (owed.queued, owed.late) == ((first, second, other), ())
    await hall.settle()
    assert [body for _, body in hall.asked if body != "elsewhere"] == ["one", "two"]
    assert len(hall.asked) == 3


async def test_what_became_too_old_is_counted_and_missed(hall: Hall) -> None:
    old = said("old", ago_ms=2 * HOUR_MS)
    await hall.take(old, said("new", event_id="$new"), starting=True)
    assert (await hall.inbox.settle_debts(hall.luna, HOUR_MS)).late == (old,)
    await hall.settle()
    assert hall.asked == [(LUNA, "new")]
    assert await hall.owed() == ["$new"]


async def test_what_was_taken_back_is_no_longer_owed_and_was_not_missed(hall: Hall) -> None:
    await hall.take(said("oops", event_id="$1"), said("fine", event_id="$2"), starting=True)
    redaction = Redaction(EventId("$r"), ROOM, ADA, 1, EventId("$1"))
    await hall.take(redaction, token="s2", starting=True)
    assert (await hall.inbox.settle_debts(hall.luna, HOUR_MS)).late == ()
    await hall.settle()
    assert hall.asked == [(LUNA, "fine")]
    assert await hall.owed() == ["$2"]


async def test_a_debt_is_asked_as_it_was_edited(hall: Hall) -> None:
    question = said("wath?", event_id="$1")
    edit = dataclasses.replace(said("what?"), replaces=question.event_id)
    await hall.take(question, starting=True)
    await hall.take(edit, token="s2", starting=True)
    hall.asked.clear()
    await hall.inbox.settle_debts(hall.luna, HOUR_MS)
    await hall.settle()
    assert (LUNA, "what?") in hall.asked


async def test_a_room_with_a_gap_waits_for_what_is_in_it(hall: Hall) -> None:
    asked = (said("one", event_id="$1"), said("two", event_id="$2", ago_ms=1000))
    gap = Gap(ROOM, "before", "s0")
    batch = SyncBatch(LUNA, "s1", (*asked, said("there", room_id=OTHER_ROOM)), gaps=(gap,))
    await hall.inbox.take(hall.luna, batch, starting=True)
    owed = await hall.inbox.settle_debts(hall.luna, HOUR_MS)
    assert len(owed.queued) == 3
    await hall.settle()
    assert hall.asked == [(LUNA, "there")]
    answer = dataclasses.replace(said("yes", LUNA), answers=(EventId("$2"),))
    await hall.inbox.take_found(hall.luna, [answer])
    [hole] = await hall.memory.archive.holes()
    await hall.memory.archive.advance(hole, None)
    await hall.inbox.settle_debts(hall.luna, HOUR_MS)
    await hall.settle()
    assert (LUNA, "one") in hall.asked
    assert (LUNA, "two") not in hall.asked


async def test_what_is_asked_meanwhile_waits_too(hall: Hall) -> None:
    await hall.inbox.take(hall.luna, SyncBatch(LUNA, "s1", (said("three"),), gaps=(GAP,)))
    await hall.take(said("four"), said("there", room_id=OTHER_ROOM), token="s2")
    assert hall.asked == [(LUNA, "there")]
    await hall.inbox.take_found(hall.luna, [said("two", ago_ms=2000)])
    await hall.inbox.take_found(hall.luna, [said("one", ago_ms=3000)])
    [hole] = await hall.memory.archive.holes()
    await hall.memory.archive.advance(hole, None)
    await hall.inbox.settle_debts(hall.luna, HOUR_MS)
    await hall.settle()
    assert [body for _, body in hall.asked[1:5]] == ["one", "two", "three", "four"]


async def test_nobody_waits_for_a_gap_in_which_nothing_is_to_be_answered(hall: Hall) -> None:
    ground = Ground(GAP.room_id, GAP.prev_batch, GAP.since)
    await hall.inbox.take(hall.luna, SyncBatch(LUNA, "s1", (said("one"),), gaps=(ground,)))
    await hall.settle()
    assert hall.asked == [(LUNA, "one")]


async def test_nobody_waits_for_ever(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    await hall.inbox.take(hall.luna, SyncBatch(LUNA, "s1", (said("one"),), gaps=(GAP,)))
    await hall.inbox.settle_debts(hall.luna, HOUR_MS)
    assert hall.asked == []
    monkeypatch.setattr(debts, "_PATIENCE_S", 0)
    await hall.inbox.settle_debts(hall.luna, HOUR_MS)
    await hall.settle()
    assert hall.asked == [(LUNA, "one")]


async def test_after_a_start_each_waits_for_those_who_are_to_answer_before(hall: Hall) -> None:
    del hall.accounts[OWL]
    hall.answering = (OWL, LUNA)
    await hall.take(said("Owl, Luna?", ago_ms=1000), starting=True)
    assert len((await hall.inbox.settle_debts(hall.luna, HOUR_MS)).queued) == 1
    hall.answering = (LUNA,)
    await hall.take(said("Luna?"), said("there", room_id=OTHER_ROOM), token="s2")
    assert hall.asked == [(LUNA, "there")]
    hall.accounts[OWL] = hall.owl
    await hall.inbox.settle_debts(hall.owl, HOUR_MS)
    await hall.settle()
    assert hall.asked[1:4] == [(OWL, "Owl, Luna?"), (LUNA, "Owl, Luna?"), (LUNA, "Luna?")]


async def test_what_is_asked_of_one_who_is_still_to_come_up_keeps_its_place(hall: Hall) -> None:
    del hall.accounts[OWL]
    hall.answering = (LUNA, OWL)
    await hall.take(said("Luna, Owl?", ago_ms=1000))
    assert hall.asked == [(LUNA, "Luna, Owl?")]
    hall.answering = (LUNA,)
    await hall.take(said("Luna?"), token="s2")
    assert len(hall.asked) == 1
    hall.accounts[OWL] = hall.owl
    await hall.inbox.settle_debts(hall.owl, HOUR_MS)
    await hall.settle()
    assert hall.asked[-2:] == [(OWL, "Luna, Owl?"), (LUNA, "Luna?")]


async def test_who_comes_up_with_a_question_keeps_its_place(hall: Hall) -> None:
    hall.answering = (OWL, LUNA)
    await hall.take(said("Owl, Luna?", ago_ms=1000), account=OWL, starting=True)
    hall.answering = (LUNA,)
    await hall.take(said("Luna?"), token="s2")
    assert hall.asked == []
    await hall.inbox.settle_debts(hall.owl, HOUR_MS)
    await hall.settle()
    assert hall.asked == [(OWL, "Owl, Luna?"), (LUNA, "Owl, Luna?"), (LUNA, "Luna?")]


async def test_a_room_waits_for_nobody_whose_answer_turns_out_to_be_given(hall: Hall) -> None:
    """As after a backup was restored, or where a crash kept an answer from being noted."""
    answer = dataclasses.replace(said("yes", LUNA), answers=(EventId("$1"),))
    await hall.take(said("one", event_id="$1"), answer, starting=True)
    await hall.inbox.settle_debts(hall.luna, HOUR_MS)
    await hall.take(said("two"), token="s2")
    await hall.settle()
    assert hall.asked == [(LUNA, "two")]


@pytest.mark.parametrize("answering", [(LUNA, OWL), (OWL, LUNA)])
@pytest.mark.parametrize("moment", range(4))
async def test_what_comes_while_debts_are_looked_at_keeps_its_order(
    hall: Hall, monkeypatch: pytest.MonkeyPatch, moment: int, answering: tuple[UserId, ...]
) -> None:
    hall.answering = (OWL,)
    await hall.take(said("Owl?", ago_ms=1000), account=OWL, starting=True)
    hall.answering = answering
    batch = SyncBatch(LUNA, "s1", (said("Both?"),))
    steps = iter(range(9))
    for name in ("owed", "messages", "all_owed"):
        take = partial(hall.inbox.take, hall.luna)
        before = _before(take, batch, getattr(hall.memory.archive, name), steps, moment)
        monkeypatch.setattr(hall.memory.archive, name, before)
    await hall.inbox.settle_debts(hall.owl, HOUR_MS)
    monkeypatch.undo()
    await hall.inbox.take(hall.luna, batch, starting=True)
    await hall.inbox.settle_debts(hall.luna, HOUR_MS)
    await hall.settle()
    # What is asked here is not answered, so it is asked again.
    asked = list(dict.fromkeys(hall.asked))
    assert asked == [(OWL, "Owl?"), *((each, "Both?") for each in answering)]


def _before(
    take: Callable[..., Awaitable[None]],
    batch: SyncBatch,
    read: Callable[..., Awaitable[object]],
    steps: Iterator[int],
    moment: int,
) -> Callable[..., Awaitable[object]]:
    """Return what takes a batch before one of the reads, and then reads."""

    async def instead(*arguments: object) -> object:
        if next(steps) == moment:
            await take(batch, starting=True)
        return await read(*arguments)

    return instead


async def test_who_does_not_come_up_is_not_waited_for(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(debts, "STARTING_S", 0)
    del hall.accounts[OWL]
    hall.answering = (OWL, LUNA)
    await hall.take(said("Owl, Luna?"), starting=True)
    await hall.inbox.settle_debts(hall.luna, HOUR_MS)
    await hall.settle()
    assert hall.asked == [(LUNA, "Owl, Luna?")]
    assert len(await hall.owed(OWL)) == 1


async def test_of_an_answer_to_what_was_taken_back_nothing_stays(hall: Hall) -> None:
    await hall.take(said("oops", event_id="$1"), starting=True)
    begun = said("It is …", LUNA, event_id="$2", answers=(EventId("$1"),), unfinished=True)
    await hall.take(begun, token="s2")
    await hall.take(Redaction(EventId("$r"), ROOM, ADA, 1, EventId("$1")), token="s3")
    await hall.inbox.settle_debts(hall.luna, HOUR_MS)
    assert hall.luna.acts == [("redacted", "$2")]
    assert await hall.owed() == []
