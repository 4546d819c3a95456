"""Answers owed, sent and given up."""

from lunabot.matrix.ids import EventId
from lunabot.memory.archive import Archive
from tests.unit.memory.samples import BOB, LUNA, ROOM, debt, redacted, said


async def test_debts_come_with_their_messages_in_the_order_of_the_questions(
    archive: Archive,
) -> None:
    debts = [debt("$2"), debt("$1"), debt("$1", account=BOB)]
    await archive.record_sync(LUNA, "s1", [said("$1"), said("$2")], debts)
    assert await archive.owed(LUNA) == (debt("$2"), debt("$1"))
    assert await archive.owed(BOB) == (debt("$1", account=BOB),)


async def test_a_debt_is_recorded_with_the_first_sight_of_its_message_only(
    archive: Archive,
) -> None:
    await archive.record_sync(LUNA, "s1", [said("$1")])
    await archive.record_sync(BOB, "t1", [said("$1")], [debt("$1")])
    assert await archive.owed(LUNA) == ()


async def test_a_question_that_comes_redacted_is_not_owed(archive: Archive) -> None:
    await archive.record_sync(LUNA, "s1", [said("$1"), redacted("$1")], [debt("$1")])
    assert await archive.owed(LUNA) == ()


async def test_one_answer_settles_several_questions_of_its_account(archive: Archive) -> None:
    questions = [EventId("$1"), EventId("$2")]
    debts = [debt("$1"), debt("$2"), debt("$3"), debt("$1", account=BOB)]
    await archive.record_sync(LUNA, "s1", [said("$1"), said("$2"), said("$3")], debts)
    answer = said("$answer", "yes", at=9_000, sender=LUNA)
    await archive.record_answer(LUNA, questions, answer)
    assert await archive.owed(LUNA) == (debt("$3"),)
    assert await archive.owed(BOB) == (debt("$1", account=BOB),)
    assert await archive.has_answered(LUNA, EventId("$2"))
    assert not await archive.has_answered(BOB, EventId("$1"))
    assert (await archive.recent(ROOM, 1)) == (answer,)


async def test_a_question_given_up_is_neither_owed_nor_answered(archive: Archive) -> None:
    await archive.record_sync(LUNA, "s1", [said("$1")], [debt("$1")])
    await archive.record_unanswered(LUNA, [EventId("$1")], "missed")
    await archive.record_sync(LUNA, "s1", [said("$1")], [debt("$1")])
    assert await archive.owed(LUNA) == ()
    assert not await archive.has_answered(LUNA, EventId("$1"))


async def test_what_was_answered_stays_so(archive: Archive) -> None:
    await archive.record_sync(LUNA, "s1", [said("$1")], [debt("$1")])
    await archive.record_answer(LUNA, [EventId("$1")], said("$answer", sender=LUNA))
    await archive.record_unanswered(LUNA, [EventId("$1")], "ignored")
    assert await archive.has_answered(LUNA, EventId("$1"))
