"""What a sync brings is stored first, then handed out, each event once."""

import dataclasses

import pytest

from lunabot.dispatch.looking import Intake
from lunabot.errors import WorldError
from lunabot.matrix.batch import Gap, SyncBatch
from lunabot.matrix.events import Reaction, StateChange
from lunabot.matrix.ids import EventId
from tests.unit.dispatch.hall import HOUR_MS, Hall
from tests.unit.dispatch.people import ADA, BOB, LUNA, OWL, ROOM, said


async def test_questions_commands_and_the_rest_each_go_their_way(hall: Hall) -> None:
    await hall.take(said("one"), said("!health"), said("mine", LUNA), said("two"))
    assert hall.asked == [(LUNA, "one"), (LUNA, "two")]
    assert (hall.commands, hall.talk) == (["!health"], ["one", "mine", "two"])
    recent = hall.memory.state.recent(ROOM)
    assert [message.body for message in recent] == ["one", "!health", "mine", "two"]
    assert await hall.memory.archive.sync_token(LUNA) == "s1"


async def test_a_batch_that_comes_again_changes_nothing(hall: Hall) -> None:
    question, command = said("one", event_id="$1"), said("!health", event_id="$2")
    await hall.take(question, command)
    await hall.take(question, command, token="s1")
    await hall.take(command, said("two"), question, token="s2")
    assert hall.asked == [(LUNA, "one"), (LUNA, "two")]
    assert (hall.commands, hall.talk) == (["!health"], ["one", "two"])


@pytest.mark.parametrize("is_echo_first", [False, True])
async def test_what_an_account_says_is_never_run_and_heard_once(
    hall: Hall, is_echo_first: bool
) -> None:
    spoken = said("!despawn me", LUNA, event_id="$1")
    if is_echo_first:
        await hall.take(spoken)
    await hall.inbox.said(hall.luna, spoken)
    await hall.take(spoken)
    assert (hall.commands, hall.talk) == ([], ["!despawn me"])


async def test_what_grew_is_heard_once_when_it_is_whole(hall: Hall) -> None:
    begun = dataclasses.replace(said("!des", LUNA, event_id="$1"), unfinished=True)
    whole = dataclasses.replace(said("!despawn", LUNA, event_id="$2"), replaces=begun.event_id)
    await hall.inbox.said(hall.luna, begun)
    await hall.inbox.said(hall.luna, whole)
    await hall.take(begun, token="s1")
    assert (hall.commands, hall.talk) == ([], ["!despawn"])


async def test_what_two_accounts_see_is_asked_once(hall: Hall) -> None:
    hall.answering = (OWL, LUNA)
    question = said("Owl, Luna?", event_id="$1")
    await hall.take(question, account=OWL)
    await hall.take(question, account=LUNA)
    assert hall.asked == [(OWL, "Owl, Luna?"), (LUNA, "Owl, Luna?")]
    assert await hall.owed(OWL) == await hall.owed(LUNA) == ["$1"]


async def test_what_is_replied_to_is_known_however_old_and_from_the_same_sync(hall: Hall) -> None:
    old, new = said("round", LUNA, event_id="$old"), said("flat", LUNA, event_id="$new")
    await hall.memory.record_history([old])
    hall.memory.state.forget_recent()
    await hall.take(new, said("why?", in_reply_to="$old"), said("how?", in_reply_to="$new"))
    assert [hall.scene.older[each.event_id].sender for each in (old, new)] == [LUNA, LUNA]


async def test_who_was_in_the_room_is_known_of_what_was_said_before_somebody_came(
    hall: Hall,
) -> None:
    hall.luna.enter(ROOM, ADA, BOB)
    join = {"membership": "join"}
    came = StateChange(EventId("$came"), ROOM, BOB, 1, "m.room.member", BOB, join, {})
    await hall.take(said(event_id="$1"), came, said(event_id="$2"))
    assert hall.scene.joined == {"$1": {LUNA, ADA}, "$2": {LUNA, ADA, BOB}}


async def test_a_question_to_an_account_that_does_not_run_is_owed(hall: Hall) -> None:
    hall.answering = (OWL,)
    del hall.accounts[OWL]
    await hall.take(said("Owl?", event_id="$1"))
    assert hall.asked == []
    assert await hall.owed(OWL) == ["$1"]


async def test_what_cannot_be_stored_is_not_handed_out(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> object:
        raise WorldError("the disk is full")

    question, command = said("one"), said("!health")
    with monkeypatch.context() as full, pytest.raises(WorldError, match="the disk is full"):
        full.setattr(hall.memory.archive, "record_sync", fail)
        await hall.take(question, command)
    assert (hall.asked, hall.commands) == ([], [])
    await hall.take(question, command)
    assert (hall.asked, hall.commands) == ([(LUNA, "one")], ["!health"])


async def test_history_is_stored_and_nothing_is_answered(hall: Hall) -> None:
    batch = SyncBatch(LUNA, "s1", (said("one"), said("!health")))
    await hall.inbox.take_history(batch)
    await hall.take(*batch.events, token="s2")
    assert (hall.asked, hall.commands) == ([], [])
    assert len(hall.memory.state.recent(ROOM)) == 2
    assert await hall.owed() == []


async def test_reactions_are_heard_of_each_time(hall: Hall) -> None:
    reaction = Reaction(EventId("$r"), ROOM, ADA, 1, EventId("$1"), "✅")
    await hall.take(reaction)
    await hall.take(reaction)
    await hall.take(reaction, starting=True)
    assert hall.reactions == [(LUNA, "✅")] * 3
    assert hall.taps == [(LUNA, "✅")] * 2


async def test_taps_of_the_time_away_are_heard_unless_they_are_too_old(hall: Hall) -> None:
    now = hall.luna.server_now()
    taps = [
        Reaction(EventId(f"$r{key}"), ROOM, ADA, now - age_ms, EventId("$1"), key)
        for key, age_ms in (("🔁", 1_000), ("🛑", HOUR_MS + 60_000))
    ]
    batch = SyncBatch(LUNA, "s1", (*taps, said("one")))
    await hall.inbox.take(hall.luna, batch, starting=True)
    assert hall.taps == []
    hall.inbox.hear_late(hall.luna, batch, HOUR_MS)
    assert hall.taps == [(LUNA, "🔁")]


async def test_one_that_starts_brings_others_what_they_are_asked(hall: Hall) -> None:
    hall.answering = (LUNA, OWL)
    await hall.take(said("to both", event_id="$1"), account=OWL, starting=True)
    assert hall.asked == [(LUNA, "to both")]
    await hall.memory.archive.record_unanswered(LUNA, [EventId("$1")], "ignored")
    await hall.inbox.settle_debts(hall.owl, HOUR_MS)
    await hall.settle()
    assert hall.asked == [(LUNA, "to both"), (OWL, "to both")]


async def test_what_grew_in_a_gap_is_no_message_of_its_own(hall: Hall) -> None:
    whole = said("It is late", LUNA, event_id="$2")
    growth = said("It is …", LUNA, event_id="$3", replaces=EventId("$2"), unfinished=True)
    intake = Intake(hall.inbox, hall.memory, lambda: HOUR_MS)
    assert await intake.take(hall.luna, (growth, whole)) == 1
    assert await intake.take(hall.luna, (growth, whole)) == 0


async def test_what_no_sync_brought_is_asked_once_when_all_was_read(hall: Hall) -> None:
    later = (said("two", event_id="$2"), said("!health"), said("mine", LUNA))
    assert await hall.inbox.take_found(hall.luna, later) == 3
    assert await hall.inbox.take_found(hall.luna, later) == 0
    earlier = said("one", event_id="$1", ago_ms=2000)
    assert await hall.inbox.take_found(hall.luna, [earlier]) == 1
    await hall.take(*later)
    assert hall.asked == []
    await hall.inbox.settle_debts(hall.luna, HOUR_MS)
    await hall.settle()
    assert hall.asked == [(LUNA, "one"), (LUNA, "two")]
    assert hall.commands == ["!health"]


async def test_what_is_missing_is_noted_with_the_batch(hall: Hall) -> None:
    gap = Gap(ROOM, "before", "s0")
    await hall.inbox.take(hall.luna, SyncBatch(LUNA, "s1", gaps=(gap,)))
    [hole] = await hall.memory.archive.holes()
    assert (hole.room_id, hole.account, hole.token, hole.until) == (ROOM, LUNA, "before", "s0")
