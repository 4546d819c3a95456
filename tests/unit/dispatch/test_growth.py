"""A long answer appears early, grows by edits, and may be stopped, replaced or completed."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from lunabot.config import AnswersSettings
from lunabot.dispatch.queue import Question, RoomQueues
from lunabot.dispatch.reactions import AGAIN, STOP, Reactions
from lunabot.errors import WorldError
from lunabot.matrix.answer_mark import read_mark
from lunabot.matrix.events import Reaction, Redaction
from lunabot.matrix.ids import EventId, UserId
from lunabot.memory import usage
from lunabot.tasks import Tasks
from tests.fake_account import Sent
from tests.fake_model import Answer, Exchange, Reset, Status
from tests.unit.dispatch.house import House
from tests.unit.dispatch.people import ADA, BOB, LUNA, OWL, ROOM, said

SLOWLY = AnswersSettings(grow_after_s=0.05, edit_every_s=0.5)
WORDS = " ".join(f"word{number}" for number in range(40))


def new_body(sent: Sent) -> str:
    return str(sent.content.get("m.new_content", sent.content)["body"])


def slow(text: str = WORDS, hold: asyncio.Event | None = None) -> Answer:
    return Answer(text, piece=8, pause_s=0.03, hold=hold)


class BrokenStream:
    """Streams some words and, when it is told to, breaks off."""

    def __init__(self) -> None:
        self.breaks = asyncio.Event()

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        response = await exchange.open_stream()
        await response.write(exchange.delta(WORDS))
        await self.breaks.wait()
        return exchange.cut()


async def test_it_appears_early_and_the_last_edit_is_the_whole(house: House) -> None:
    house.pace = SLOWLY
    house.model.enqueue(slow())
    question = await house.ask()
    await house.answer([question])
    first, *edits = house.luna.sent
    assert first.body.endswith(" …") and WORDS.startswith(first.body.removesuffix(" …"))
    assert read_mark(first.content) == ((question.message.event_id,), True)
    assert {each.content["m.relates_to"]["event_id"] for each in edits} == {first.event_id}
    assert new_body(edits[-1]) == WORDS
    assert read_mark(edits[-1].content) == ((question.message.event_id,), False)
    assert [each.body for each in house.memory.state.recent(ROOM)][1:] == [WORDS]
    assert await house.answered(question)


async def test_what_comes_in_time_is_one_message(house: House) -> None:
    house.pace = AnswersSettings(grow_after_s=60)
    await house.answer([await house.ask()])
    [sent] = house.luna.sent
    assert "m.new_content" not in sent.content
    assert house.model.requests[0].stream


async def test_without_growth_nothing_is_streamed(house: House) -> None:
    house.pace = AnswersSettings(grow_after_s=0)
    await house.answer([await house.ask()])
    assert not house.model.requests[0].stream


async def test_a_stream_that_breaks_off_is_asked_for_anew(house: House) -> None:
    house.model.enqueue(Reset(after="It is"), Answer("It is round."))
    await house.answer([await house.ask()])
    assert house.bodies == ["It is round."]


async def test_what_broke_off_for_good_stays_and_says_so(house: House) -> None:
    house.pace = SLOWLY
    broken = BrokenStream()
    house.model.enqueue(broken, Status(401, {"error": {"message": "no credit"}}))
    question = await house.ask()
    running = asyncio.create_task(house.answer([question]))
    await house.luna.wait_for(lambda: house.luna.sent)
    broken.breaks.set()
    await running
    assert new_body(house.luna.sent[-1]).startswith(WORDS)
    assert "broke off" in new_body(house.luna.sent[-1])
    assert await written(house) == len(WORDS.split())
    assert len(house.told) == 1
    assert await house.answered(question)


async def test_an_answer_cut_off_by_a_crash_is_completed_by_an_edit(house: House) -> None:
    house.pace = SLOWLY
    house.model.enqueue(slow("It is square. " * 40))
    question = await house.ask()
    running = asyncio.create_task(house.answer([question]))
    await house.luna.wait_for(lambda: len(house.luna.sent) > 1)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    [debt] = await house.memory.archive.owed(LUNA)
    first = house.luna.sent[0]
    assert debt.parts == (first.event_id,)
    house.model.enqueue(Answer("It is round."))
    await house.answer([replace(question, parts=debt.parts)])
    last = house.luna.sent[-1]
    assert last.content["m.relates_to"]["event_id"] == first.event_id
    assert new_body(last) == "It is round."
    assert await house.owed() == []


async def test_of_a_longer_version_nothing_stays(house: House) -> None:
    question = await house.ask()
    parts = (EventId("$old-1"), EventId("$old-2"))
    await house.answer([replace(question, parts=parts)])
    assert ("redacted", "$old-2") in house.luna.acts
    [sent] = house.luna.sent
    assert sent.content["m.relates_to"]["event_id"] == "$old-1"


async def test_an_edit_before_the_answer_is_sent_counts(house: House) -> None:
    hold = asyncio.Event()
    house.model.enqueue(Answer("old", hold=hold), Answer("new"))
    question = await house.ask("wath?")
    running = asyncio.create_task(house.answer([question]))
    await house.model.wait_for(lambda request: "wath?" in request.last_user)
    edit = said("what?", replaces=question.message.event_id)
    await house.memory.record_sync(LUNA, "s2", [edit])
    hold.set()
    await running
    assert house.bodies == ["new"]
    assert "what?" in house.model.requests[-1].last_user
    assert "wath?" not in house.model.requests[-1].last_user


async def test_a_question_taken_back_meanwhile_is_not_answered(house: House) -> None:
    hold = asyncio.Event()
    house.model.enqueue(Answer("too late", hold=hold))
    question = await house.ask()
    running = asyncio.create_task(house.answer([question]))
    await house.model.wait_for(lambda request: True)
    redaction = Redaction(EventId("$r"), ROOM, ADA, 1, question.message.event_id)
    await house.memory.record_sync(LUNA, "s2", [redaction])
    hold.set()
    await running
    assert house.luna.sent == []
    assert await house.owed() == []


async def test_whom_an_answer_addresses_is_mentioned(house: House) -> None:
    house.addressed = (OWL,)
    await house.answer([await house.ask()])
    assert house.luna.sent[0].content["m.mentions"] == {"user_ids": [OWL]}


async def test_what_the_guard_forbids_is_not_answered(house: House) -> None:
    house.allowed = False
    await house.answer([await house.ask()])
    assert (house.model.requests, house.luna.sent) == ([], [])


async def test_what_shows_nothing_is_said_to_be_none(house: House) -> None:
    house.model.enqueue(Answer("\u200b\u200b"))
    await house.answer([await house.ask()])
    assert "nothing that can be shown" in house.bodies[0]


async def test_growth_that_cannot_be_sent_is_no_trouble(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.pace = SLOWLY
    house.model.enqueue(slow())
    house.luna.failure = WorldError("out of reach")
    real = house.luna.send
    calls = 0

    async def send(*args: object, **more: object) -> EventId:
        nonlocal calls
        calls += 1
        house.luna.failure = WorldError("out of reach") if calls == 1 else None
        return await real(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(house.luna, "send", send)
    await house.answer([await house.ask()])
    assert new_body(house.luna.sent[-1]) == WORDS
    assert "m.new_content" in house.luna.sent[-1].content
    assert house.told == []


async def test_what_may_have_come_through_before_is_brought_up_to_date(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.pace = AnswersSettings(grow_after_s=0.05, edit_every_s=60)
    house.model.enqueue(slow())
    real, calls = house.luna.send, 0

    async def lost(*args: Any, **more: Any) -> EventId:
        nonlocal calls
        calls += 1
        event_id = await real(*args, **more)
        if calls == 1:
            raise WorldError("the answer of the server was lost")
        return event_id

    monkeypatch.setattr(house.luna, "send", lost)
    question = await house.ask()
    await house.answer([question])
    growing, whole, edit = house.luna.sent
    assert growing.transaction_id == whole.transaction_id
    assert edit.content["m.relates_to"]["event_id"] == growing.event_id
    assert new_body(edit) == WORDS
    assert await house.answered(question)


class Taps:
    """What people do to answers by reactions."""

    def __init__(self, house: House) -> None:
        self.asked: list[Sequence[Question]] = []
        self.tasks = Tasks()
        self.queues = RoomQueues(self._answer)
        memory = house.memory
        self.reactions = Reactions(memory, self.queues, house.stops, self.tasks)

    async def _answer(self, questions: Sequence[Question]) -> None:
        self.asked.append(questions)

    async def tap(self, key: str, target: EventId, who: UserId = ADA) -> None:
        self.reactions(LUNA, Reaction(EventId("$tap"), ROOM, who, 1, target, key))
        await self.tasks.close(grace_s=5)
        await self.queues.drained()


async def test_whoever_asked_may_stop_an_answer(house: House) -> None:
    house.pace = SLOWLY
    house.model.enqueue(slow("It is square. " * 400))
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


async def written(house: House) -> int:
    """Return how many tokens of answers are in the books."""
    rows = await house.memory.archive.search(usage.newer, 0, 0)
    return sum(row.completion_tokens for _, row in rows)


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
