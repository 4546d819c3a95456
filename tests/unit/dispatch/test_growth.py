"""A long answer appears early, grows by edits, and is completed after a crash."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from lunabot.config import AnswersSettings
from lunabot.errors import WorldError
from lunabot.matrix.answer_mark import read_mark
from lunabot.matrix.events import Redaction
from lunabot.matrix.ids import EventId
from lunabot.memory import usage
from tests.fake_account import Sent
from tests.fake_model import Answer, Exchange, Request, Reset, Status
from tests.unit.dispatch.house import House
from tests.unit.dispatch.people import ADA, LUNA, OWL, ROOM, said

SLOWLY = AnswersSettings(grow_after_s=0.05, edit_every_s=0.5)
WORDS = " ".join(f"word{number}" for number in range(40))


def new_body(sent: Sent) -> str:
    return str(sent.content.get("m.new_content", sent.content)["body"])


def slow(text: str = WORDS, hold: asyncio.Event | None = None) -> Answer:
    return Answer(text, piece=8, pause_s=0.03, hold=hold)


def asks(text: str) -> Callable[[Request], bool]:
    return lambda request: text in request.last_user


class BrokenStream:
    """Streams some words and, when it is told to, breaks off."""

    def __init__(self) -> None:
        self.breaks = asyncio.Event()

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        response = await exchange.open_stream()
        await response.write(exchange.delta(WORDS))
        await self.breaks.wait()
        return exchange.cut()


async def written(house: House) -> int:
    """Return how many tokens of answers are in the books."""
    rows = await house.memory.archive.search(usage.newer, 0, 0)
    return sum(row.completion_tokens for _, row in rows)


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


async def test_edits_before_the_answer_is_sent_count(house: House) -> None:
    question, edits = await house.ask("wath?"), ["waht?", "what?"]
    holds = [asyncio.Event() for _ in edits]
    house.model.enqueue(*(Answer("old", hold=hold) for hold in holds), Answer("new"))
    running = asyncio.create_task(house.answer([question]))
    wording = "wath?"
    for hold, text in zip(holds, edits, strict=True):
        await house.model.wait_for(asks(wording))
        edit = said(text, replaces=question.message.event_id)
        await house.memory.record_sync(LUNA, "s2", [edit])
        hold.set()
        wording = text
    await running
    assert house.bodies == ["new"]
    asked = [request.last_user for request in house.model.requests]
    assert [text in asked[-1] for text in ("wath?", *edits)] == [False, False, True]


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
