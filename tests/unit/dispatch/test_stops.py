"""Whoever asked may stop an answer, have another one, or take the question back."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from lunabot.dispatch.queue import Question, RoomQueues
from lunabot.dispatch.reactions import AGAIN, STOP, Reactions
from lunabot.matrix.answer_mark import read_mark
from lunabot.matrix.events import Reaction, Redaction
from lunabot.matrix.ids import EventId, UserId
from lunabot.tasks import Tasks
from tests.fake_model import Answer, Status
from tests.unit.dispatch.house import House
from tests.unit.dispatch.people import ADA, BOB, LUNA, ROOM, said
from tests.unit.dispatch.test_growth import SLOWLY, BrokenStream, new_body, slow, written

ENDLESS = "It is square. " * 400


class Taps:
    """What people do to answers by reactions."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.asked: list[Sequence[Question]] = []
        self.tasks = Tasks()
        self.queues = RoomQueues(self._answer)
        memory = house.memory
        self.reactions = Reactions(memory, self.queues, house.stops, self.tasks)

    async def _answer(self, questions: Sequence[Question]) -> None:
        self.asked.append(questions)

    async def take_back(self, question: Question) -> None:
        """Let a question be redacted, as the inbox hears of it."""
        redaction = Redaction(EventId("$redaction"), ROOM, ADA, 1, question.message.event_id)
        await self._house.memory.record_sync(LUNA, "s2", [redaction])
        self.reactions(LUNA, redaction)

    async def tap(self, key: str, target: EventId, who: UserId = ADA) -> None:
        self.reactions(LUNA, Reaction(EventId("$tap"), ROOM, who, 1, target, key))
        await self.tasks.close(grace_s=5)
        await self.queues.drained()


async def test_whoever_asked_may_stop_an_answer(house: House) -> None:
    house.pace = SLOWLY
    house.model.enqueue(slow(ENDLESS))
    taps, question = Taps(house), await house.ask()
    running = asyncio.create_task(house.answer([question]))
    await house.luna.wait_for(lambda: house.luna.sent)
    shown = house.luna.sent[0].event_id
    await taps.tap(STOP, shown, BOB)
    await taps.tap("👍", shown)
    assert not running.done()
    await taps.tap(STOP + "\ufe0f", shown)
    await running
    assert new_body(house.luna.sent[-1]).endswith("(stopped)")
    assert await house.answered(question)
    assert 3 <= await written(house) < 1200  # what was streamed, and no more


async def test_an_answer_is_stopped_before_its_sender_knows_that_it_is_there(house: House) -> None:
    house.pace = SLOWLY
    house.model.enqueue(slow(ENDLESS))
    taps, question = Taps(house), await house.ask()
    response = house.luna.hold_responses()
    running = asyncio.create_task(house.answer([question]))
    await house.luna.wait_for(lambda: house.luna.sent)
    event_id, asked = house.luna.sent[0].event_id, question.message.event_id
    echo = said("It …", LUNA, event_id=event_id, answers=(asked,), unfinished=True)
    await house.memory.record_sync(LUNA, "s2", [echo])
    await taps.tap(STOP, echo.event_id, BOB)
    await taps.tap(STOP, echo.event_id)
    response.set()
    await running
    assert new_body(house.luna.sent[-1]).endswith("(stopped)")
    assert await house.answered(question)


async def test_what_is_stopped_before_it_shows_is_not_said(house: House) -> None:
    house.model.enqueue(Answer("never", hold=asyncio.Event()))
    taps, question = Taps(house), await house.ask()
    running = asyncio.create_task(house.answer([question]))
    await house.model.wait_for(lambda request: True)
    await taps.tap(STOP, question.message.event_id)
    await running
    assert house.luna.sent == []
    assert await house.owed() == []


async def test_a_question_in_line_may_be_withdrawn_by_who_asked(house: House) -> None:
    taps, question = Taps(house), await house.ask()
    taps.queues.put(question)
    reaction = Reaction(EventId("$tap"), ROOM, BOB, 1, question.message.event_id, STOP)
    taps.reactions(LUNA, reaction)
    assert taps.queues.waiting == 1
    taps.reactions(LUNA, replace(reaction, sender=ADA))
    assert taps.queues.waiting == 0
    await taps.tasks.close(grace_s=5)
    assert await house.owed() == []


async def test_whoever_asked_may_have_another_answer_in_its_place(house: House) -> None:
    taps, question = Taps(house), await house.ask()
    await house.answer([question])
    shown = house.luna.sent[0].event_id
    await taps.tap(AGAIN, shown, BOB)
    assert taps.asked == []
    await taps.tap(AGAIN, shown)
    [[again]] = taps.asked
    assert (again.parts, again.again) == ((shown,), True)
    house.model.enqueue(Answer("Another one."))
    await house.answer([again])
    assert house.luna.sent[-1].content["m.relates_to"]["event_id"] == shown
    assert [each.body for each in house.memory.state.recent(ROOM)][-1] == "Another one."


async def test_who_stops_an_answer_twice_stops_it_once(house: House) -> None:
    house.pace = SLOWLY
    house.model.enqueue(slow(ENDLESS))
    taps, question = Taps(house), await house.ask()
    running = asyncio.create_task(house.answer([question]))
    await house.luna.wait_for(lambda: house.luna.sent)
    for target in (question.message.event_id, house.luna.sent[0].event_id) * 3:
        taps.reactions(LUNA, Reaction(EventId("$tap"), ROOM, ADA, 1, target, STOP))
        await asyncio.sleep(0)
    await running
    assert new_body(house.luna.sent[-1]).endswith("(stopped)")


async def test_a_question_taken_back_ends_its_growing_answer_at_once(house: House) -> None:
    house.pace = SLOWLY
    house.model.enqueue(slow(ENDLESS))
    taps, question = Taps(house), await house.ask()
    running = asyncio.create_task(house.answer([question]))
    await house.luna.wait_for(lambda: house.luna.sent)
    await taps.take_back(question)
    await running
    assert house.luna.acts[-1] == ("redacted", house.luna.sent[0].event_id)
    assert await house.owed() == []
    assert await written(house) < 1200


async def test_the_others_are_answered_when_one_of_the_questions_is_taken_back(
    house: House,
) -> None:
    house.pace = SLOWLY
    house.model.enqueue(slow(ENDLESS), Answer("It is round."))
    taps = Taps(house)
    oops, question = await house.ask("a secret?"), await house.ask("a moon?")
    running = asyncio.create_task(house.answer([oops, question]))
    await house.luna.wait_for(lambda: house.luna.sent)
    await taps.take_back(oops)
    await running
    last = house.luna.sent[-1]
    assert new_body(last) == "It is round."
    assert last.content["m.relates_to"]["event_id"] == house.luna.sent[0].event_id
    assert read_mark(last.content) == ((question.message.event_id,), False)
    assert "secret" not in house.model.requests[-1].last_user
    assert await house.owed() == []


async def test_what_takes_the_place_of_an_answer_shows_when_it_is_whole(house: House) -> None:
    taps, question = Taps(house), await house.ask()
    await house.answer([question])
    house.pace = SLOWLY
    house.model.enqueue(slow())
    await taps.tap(AGAIN, house.luna.sent[0].event_id)
    await house.answer(taps.asked[0])
    assert len(house.luna.sent) == 2


async def test_an_answer_stays_where_no_other_one_comes(house: House) -> None:
    taps, question = Taps(house), await house.ask()
    await house.answer([question])
    house.pace = SLOWLY
    broken = BrokenStream()
    broken.breaks.set()
    house.model.enqueue(broken, Status(401))
    await taps.tap(AGAIN, house.luna.sent[0].event_id)
    await house.answer(taps.asked[0])
    _, apology = house.luna.sent
    assert apology.content["msgtype"] == "m.notice"
    assert await house.answered(question)
