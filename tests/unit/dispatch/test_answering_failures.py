"""What is said where there is no answer, and what stays owed."""

import asyncio

import pytest

from lunabot.errors import Refused, WorldError
from lunabot.matrix.events import Redaction
from lunabot.matrix.ids import EventId, UserId
from lunabot.prompt.builder import BudgetTooSmall
from tests.fake_model import Answer, Hang, Status
from tests.unit.dispatch.conftest import KEY
from tests.unit.dispatch.house import House
from tests.unit.dispatch.people import ADA, LUNA, ROOM


@pytest.mark.parametrize(
    ("trouble", "said_so"),
    [
        (WorldError("the model is out of credit"), "the model is out of credit"),
        (BudgetTooSmall("the system prompt takes it all"), "the system prompt takes it all"),
        (ValueError("sk-secret-12345"), "a fault of mine, reference "),
    ],
    ids=["world", "budget", "bug"],
)
async def test_where_there_is_no_answer_both_rooms_are_told_why(
    house: House, trouble: Exception, said_so: str, caplog: pytest.LogCaptureFixture
) -> None:
    house.trouble = trouble
    question = await house.ask()
    await house.answer([question])
    [notice] = house.luna.sent
    assert notice.body.startswith(f"I could not answer: {said_so}")
    assert notice.content["msgtype"] == "m.notice"
    related = notice.content["m.relates_to"]["m.in_reply_to"]
    assert related == {"event_id": question.message.event_id}
    [told] = house.told
    assert told.startswith(f"No answer to {ADA} in `Ada` `{ROOM}`: {said_so}")
    assert KEY not in notice.body + told
    if isinstance(trouble, ValueError):
        assert told.rstrip(".").rpartition(" ")[2] in caplog.text
    assert await house.owed() == []
    assert not await house.answered(question)


async def test_a_refused_key_is_said_without_the_key(house: House) -> None:
    house.model.enqueue(Status(401, {"error": {"message": f"Incorrect key {KEY}"}}))
    await house.answer([await house.ask()])
    assert "llm.api_key was refused" in house.bodies[0]
    assert KEY not in "".join(house.bodies + house.told)


@pytest.mark.parametrize(
    ("failure", "stays_owed"),
    [(WorldError("out of reach"), True), (Refused("M_FORBIDDEN", "not in the room"), False)],
    ids=["out of reach", "put out"],
)
async def test_where_nothing_can_be_said_the_administrators_are_told(
    house: House, failure: WorldError, stays_owed: bool
) -> None:
    house.luna.failure = failure
    question = await house.ask()
    await house.answer([question])
    assert house.told == [f"No answer to {ADA} in `Ada` `{ROOM}`: {failure}."]
    assert await house.owed() == ([question.message.event_id] if stays_owed else [])


async def test_what_a_stop_cuts_off_stays_owed_and_is_not_apologised_for(house: House) -> None:
    house.model.enqueue(Hang())
    question = await house.ask()
    answering = asyncio.create_task(house.answer([question]))
    await house.model.wait_for(lambda request: True)
    answering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await answering
    assert (house.luna.sent, house.told) == ([], [])
    assert await house.owed() == [question.message.event_id]


async def test_a_question_that_was_taken_back_in_line_is_dropped(house: House) -> None:
    gone, kept = await house.ask("oops", ago_ms=1000), await house.ask("a moon?")
    redaction = Redaction(EventId("$r"), ROOM, ADA, 1, gone.message.event_id)
    await house.memory.record_sync(LUNA, "s2", [redaction])
    await house.answer([gone])
    assert (house.model.requests, house.luna.sent, house.told) == ([], [], [])
    assert await house.owed() == [kept.message.event_id]
    await house.answer([gone, kept])
    assert len(house.luna.sent) == 1
    assert await house.owed() == []


async def test_a_question_that_is_forgotten_while_it_is_answered_gets_no_answer(
    house: House,
) -> None:
    hold = asyncio.Event()
    house.model.enqueue(Answer("a secret moon", hold=hold))
    question = await house.ask("my secret moon?")
    answering = asyncio.create_task(house.answer([question]))
    await house.model.wait_for(lambda request: True)
    await house.memory.forget(ROOM, [question.message.event_id], ADA, 1)
    hold.set()
    await answering
    assert house.luna.sent == []
    assert await house.owed() == []


async def test_a_question_to_an_account_that_is_gone_stays_owed(house: House) -> None:
    eve = UserId("@eve:localhost")
    await house.answer([await house.ask(account=eve)])
    assert house.told == []
    assert len(await house.memory.archive.owed(eve)) == 1


async def test_an_account_that_ends_while_it_answers_tells_nobody(house: House) -> None:
    house.trouble = WorldError("this device was logged out")
    question = await house.ask()
    house.ends = True
    await house.answer([question])
    assert (house.luna.sent, house.told) == ([], [])
    assert await house.owed() == [question.message.event_id]
