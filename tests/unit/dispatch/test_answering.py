"""One answer: said once, remembered, settled."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from lunabot.matrix.answer_mark import read_mark
from lunabot.matrix.ids import EventId
from lunabot.matrix.transaction import transaction_id
from lunabot.memory import usage
from tests.fake_model import Answer
from tests.unit.dispatch.house import House
from tests.unit.dispatch.people import LUNA, OWL, ROOM, said


async def test_an_answer_is_sent_remembered_and_settled(house: House) -> None:
    house.model.enqueue(Answer("It is **round**."))
    question = await house.ask(encrypted=True)
    await house.answer([question])
    [sent] = house.luna.sent
    assert (sent.room_id, sent.type, sent.content["msgtype"]) == (ROOM, "m.room.message", "m.text")
    assert sent.content["formatted_body"] == "It is <strong>round</strong>."
    assert sent.transaction_id == transaction_id(LUNA, question.message.event_id, "answer 1")
    assert await house.answered(question)
    assert await house.owed() == []
    remembered = house.memory.state.recent(ROOM)[-1]
    assert (remembered.event_id, remembered.sender) == (sent.event_id, LUNA)
    assert remembered.body == sent.body
    assert remembered.encrypted
    assert house.told == []


async def test_questions_in_a_row_are_answered_together(house: House) -> None:
    questions = [await house.ask("a moon?", ago_ms=1000), await house.ask("and a sun?")]
    await house.answer(questions)
    [request] = house.model.requests
    assert "a moon?" in request.last_user and "and a sun?" in request.last_user
    [sent] = house.luna.sent
    first = questions[0].message.event_id
    assert sent.transaction_id == transaction_id(LUNA, first, "answer 1")
    assert await house.owed() == []


async def test_a_long_answer_is_sent_in_parts_and_settled_by_the_last(house: House) -> None:
    house.model.enqueue(Answer("\n\n".join(f"{number} " + "moon " * 900 for number in range(12))))
    question = await house.ask()
    await house.answer([question])
    assert len(house.luna.sent) > 1
    ids = [sent.transaction_id for sent in house.luna.sent]
    expected = [f"answer {number}" for number in range(1, len(ids) + 1)]
    assert ids == [transaction_id(LUNA, question.message.event_id, part) for part in expected]
    remembered = [each.body for each in house.memory.state.recent(ROOM)[1:]]
    assert remembered == house.bodies
    assert await house.owed() == []


async def test_a_crash_between_two_parts_leaves_the_rest_owed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def crash(*_: object) -> None:
        raise asyncio.CancelledError

    answer = Answer("\n\n".join(f"{number} " + "moon " * 900 for number in range(12)))
    house.model.enqueue(answer, answer)
    question = await house.ask()
    with monkeypatch.context() as crashing, pytest.raises(asyncio.CancelledError):
        crashing.setattr(house.luna, "send", once_then(house.luna.send, crash))
        await house.answer([question])
    assert await house.owed() == [question.message.event_id]
    await house.answer([question])
    first, *again = (sent.transaction_id for sent in house.luna.sent)
    assert again[0] == first
    assert await house.owed() == []


async def test_who_does_not_know_the_room_yet_thinks_when_it_does(house: House) -> None:
    house.luna.synced.clear()
    running = asyncio.create_task(house.answer([await house.ask()]))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(house.model.wait_for(lambda request: True), 0.1)
    house.luna.synced.set()
    await running
    assert len(house.luna.sent) == 1


async def test_in_a_thread_it_stays_in_the_thread(house: House) -> None:
    root = EventId("$root")
    await house.answer([await house.ask(thread=root)])
    relation = house.luna.sent[0].content["m.relates_to"]
    assert (relation["rel_type"], relation["event_id"]) == ("m.thread", root)
    assert house.memory.state.recent(ROOM)[-1].thread == root


async def test_after_a_crash_the_same_is_sent_under_the_same_id(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def crash(*_: object) -> None:
        raise asyncio.CancelledError

    question = await house.ask()
    with monkeypatch.context() as crashing, pytest.raises(asyncio.CancelledError):
        crashing.setattr(house.memory, "record_own", crash)
        await house.answer([question])
    assert await house.owed() == [question.message.event_id]
    await house.answer([question])
    first, second = house.luna.sent
    assert first.transaction_id == second.transaction_id
    assert await house.answered(question)
    assert len(house.memory.state.recent(ROOM)) == 2


async def test_what_may_be_on_its_way_since_before_a_crash_becomes_the_answer_to_all(
    house: House,
) -> None:
    tried = replace(await house.ask("a moon?", ago_ms=1000), tried=True)
    asked = [tried, await house.ask("and a sun?")]
    await house.answer(asked)
    sent, edit = house.luna.sent
    cause = tried.message.event_id
    assert sent.transaction_id == transaction_id(LUNA, cause, "answer 1")
    assert edit.content["m.relates_to"]["event_id"] == sent.event_id
    assert read_mark(edit.content) == (tuple(each.message.event_id for each in asked), False)
    assert house.memory.state.recent(ROOM)[-1].event_id == sent.event_id
    assert await house.owed() == []


async def test_what_turns_out_to_be_answered_is_answered_together_with_the_rest(
    house: House,
) -> None:
    hold = asyncio.Event()
    house.model.enqueue(Answer("Both are round.", hold=hold))
    asked = [await house.ask("a moon?", ago_ms=1000), await house.ask("and a sun?")]
    names = tuple(question.message.event_id for question in asked)
    running = asyncio.create_task(house.answer(asked))
    await house.model.wait_for(lambda request: True)
    echo = said("It is round.", LUNA, answers=names[:1])
    edit = said("a moon!", replaces=echo.event_id, sender=LUNA)
    await house.memory.record_sync(LUNA, "s2", [echo])
    await house.memory.record_sync(LUNA, "s3", [edit])
    hold.set()
    await running
    [sent] = house.luna.sent
    assert read_mark(sent.content) == (names, False)


async def test_tokens_are_counted(house: House) -> None:
    house.model.enqueue(Answer("one two three"), Answer("four five", usage=False))
    for body in ("a moon?", "more"):
        await house.answer([await house.ask(body)])
    rows = [row for _, row in await house.memory.archive.search(usage.newer, 0, 0)]
    assert [row.completion_tokens for row in rows] == [3, 2]
    assert all(row.prompt_tokens for row in rows)


async def test_a_persona_thinks_with_a_model_of_its_own(house: House) -> None:
    await house.answer([await house.ask("Owl?", OWL)])
    assert [request.model for request in house.model.requests] == ["owl-model"]


def once_then(
    first: Callable[..., Awaitable[Any]], later: Callable[..., Awaitable[Any]]
) -> Callable[..., Awaitable[Any]]:
    """Return a function that is the first when it is called first, and then the other."""
    functions = iter([first])

    async def call(*args: Any, **more: Any) -> Any:
        return await next(functions, later)(*args, **more)

    return call
