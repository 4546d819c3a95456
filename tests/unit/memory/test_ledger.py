"""Answers owed, sent and given up."""

from collections.abc import Sequence
from dataclasses import replace

from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, UserId
from lunabot.memory.archive import Archive
from tests.unit.memory.samples import ADA, BOB, LUNA, OTHER_ROOM, ROOM, debt, redacted, said


def answer(
    *questions: str, event_id: str = "$answer", sender: UserId = LUNA, unfinished: bool = False
) -> Message:
    return said(event_id, "yes", at=9_000, sender=sender, answers=questions, unfinished=unfinished)


async def outcomes(archive: Archive, *questions: str) -> dict[str, int]:
    return await archive.outcomes([EventId(each) for each in questions])


async def owed(archive: Archive, account: UserId = LUNA) -> Sequence[tuple[str, ...]]:
    return [(debt.event_id, *debt.parts) for debt in await archive.owed(account)]


async def test_debts_come_with_their_messages_in_the_order_of_the_questions(
    archive: Archive,
) -> None:
    debts = [debt("$2"), debt("$1"), debt("$1", account=BOB)]
    recorded = await archive.record_sync(LUNA, "s1", [said("$1"), said("$2")], debts)
    assert recorded.owed == tuple(debts)
    assert await archive.owed(LUNA) == (debt("$2"), debt("$1"))
    assert await archive.owed(BOB) == (debt("$1", account=BOB),)


async def test_what_all_owe_comes_in_the_order_in_which_it_was_asked(archive: Archive) -> None:
    debts = [debt("$2"), debt("$1", account=BOB), debt("$1")]
    await archive.record_sync(LUNA, "s1", [said("$1"), said("$2")], debts)
    await archive.record_sync(LUNA, "s2", [redacted("$2")])
    assert [(each, known and known.event_id) for each, known in await archive.all_owed()] == [
        (debt("$2"), None),
        (debt("$1", account=BOB), "$1"),
        (debt("$1"), "$1"),
    ]


async def test_a_debt_is_recorded_with_the_first_sight_of_its_message_only(
    archive: Archive,
) -> None:
    await archive.record_sync(LUNA, "s1", [said("$1")])
    recorded = await archive.record_sync(BOB, "t1", [said("$1")], [debt("$1")])
    assert recorded.owed == await archive.owed(LUNA) == ()


async def test_a_follow_up_is_owed_once_whoever_saw_its_message_first(archive: Archive) -> None:
    own = said("$own", sender=BOB)
    await archive.record_sync(LUNA, "s1", [own])
    follow_up = debt("$own")
    assert (await archive.record_own(own, [follow_up])).owed == (follow_up,)
    recorded = await archive.record_sync(BOB, "t1", [own], (), [follow_up])
    assert recorded.owed == ()
    assert await archive.owed(LUNA) == (follow_up,)


async def test_a_question_that_comes_redacted_is_not_owed(archive: Archive) -> None:
    await archive.record_sync(LUNA, "s1", [said("$1"), redacted("$1")], [debt("$1")])
    assert await archive.owed(LUNA) == ()


async def test_one_answer_settles_several_questions_of_its_account(archive: Archive) -> None:
    debts = [debt("$1"), debt("$2"), debt("$3"), debt("$1", account=BOB)]
    await archive.record_sync(LUNA, "s1", [said("$1"), said("$2"), said("$3")], debts)
    await archive.record_own(answer("$1", "$2"))
    assert await archive.owed(LUNA) == (debt("$3"),)
    assert await archive.owed(BOB) == (debt("$1", account=BOB),)
    assert await outcomes(archive, "$1") == {"sent": 1, "owed": 1}
    assert await outcomes(archive, "$2", "$3") == {"sent": 1, "owed": 1}
    stored = await archive.recent(ROOM, 1)
    assert stored == (replace(answer("$1", "$2"), answers=()),)


async def test_the_echo_of_an_answer_settles_it_too(archive: Archive) -> None:
    await archive.record_sync(LUNA, "s1", [said("$1")], [debt("$1")])
    await archive.record_sync(LUNA, "s2", [answer("$1")])
    assert await outcomes(archive, "$1") == {"sent": 1}


async def test_a_question_found_after_its_answer_is_not_owed(archive: Archive) -> None:
    await archive.record_sync(LUNA, "s1", [said("$2"), answer("$1", "$2")], [debt("$2")])
    recorded = await archive.record_found([said("$1")], [debt("$1"), debt("$1", account=BOB)])
    assert recorded.owed == (debt("$1", account=BOB),)
    assert await owed(archive) == []
    assert await outcomes(archive, "$1", "$2") == {"sent": 2, "owed": 1}


async def test_what_a_stranger_marks_as_an_answer_settles_nothing(archive: Archive) -> None:
    await archive.record_sync(LUNA, "s1", [said("$1")], [debt("$1")])
    await archive.record_sync(LUNA, "s2", [answer("$1", sender=ADA)])
    assert await owed(archive) == [("$1",)]


async def test_what_is_there_of_an_unfinished_answer_is_known(archive: Archive) -> None:
    await archive.record_sync(LUNA, "s1", [said("$1")], [debt("$1")])
    first, second = answer("$1", event_id="$a", unfinished=True), answer("$1", event_id="$b")
    await archive.record_own(first)
    await archive.record_sync(LUNA, "s2", [first])
    assert await owed(archive) == [("$1", "$a")]
    await archive.record_own(second)
    assert await owed(archive) == []
    for known in ("$1", "$a", "$b"):
        [about] = await archive.debts_about(ROOM, EventId(known))
        assert (about.event_id, about.parts) == ("$1", ("$a", "$b"))
    assert await archive.debts_about(OTHER_ROOM, EventId("$1")) == ()


async def test_an_answer_that_grew_is_finished_by_an_edit(archive: Archive) -> None:
    await archive.record_sync(LUNA, "s1", [said("$1")], [debt("$1")])
    await archive.record_own(answer("$1", event_id="$a", unfinished=True))
    edit = said("$e", "yes!", at=9_500, sender=LUNA, replaces="$a", answers=["$1"])
    await archive.record_own(edit)
    assert await outcomes(archive, "$1") == {"sent": 1}
    [about] = await archive.debts_about(ROOM, EventId("$1"))
    assert about.parts == ("$a",)
    assert [each.body for each in await archive.recent(ROOM, 5)][-1] == "yes!"


async def test_a_question_given_up_is_neither_owed_nor_answered(archive: Archive) -> None:
    await archive.record_sync(LUNA, "s1", [said("$1")], [debt("$1")])
    await archive.record_unanswered(LUNA, [EventId("$1")], "missed")
    await archive.record_sync(LUNA, "s1", [said("$1")], [debt("$1")])
    assert await archive.owed(LUNA) == ()
    assert await outcomes(archive, "$1") == {"missed": 1}


async def test_what_was_answered_stays_so(archive: Archive) -> None:
    await archive.record_sync(LUNA, "s1", [said("$1")], [debt("$1")])
    await archive.record_own(answer("$1"))
    await archive.record_unanswered(LUNA, [EventId("$1")], "ignored")
    assert await outcomes(archive, "$1") == {"sent": 1}
