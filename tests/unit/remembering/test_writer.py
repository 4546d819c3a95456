"""Having a model write: never in the way of an answer, within the budget, by the model for it."""

import asyncio

import pytest

from lunabot.dispatch.queue import Question
from lunabot.errors import WorldError
from lunabot.remembering.instructions import Task
from tests.fake_model import Answer
from tests.unit.remembering.study import TOKENIZER, Study
from tests.unit.remembering.talk import LUNA, ROOM, talk

TASK = Task(ROOM, "Sum it up in {words} words.", ["Ada: hello"], limit=100)
QUESTION = Question(LUNA, talk(["Luna?"])[0])


async def test_it_waits_while_somebody_is_answered(study: Study) -> None:
    study.holding = asyncio.Event()
    study.queues.put(QUESTION)
    writing = asyncio.create_task(study.writer.write(TASK))
    await asyncio.wait([writing], timeout=0.3)
    assert study.model.requests == []
    study.holding.set()
    assert (await writing).startswith("echo:")


async def test_ending_the_wait_ends_no_answer(study: Study) -> None:
    study.holding = asyncio.Event()
    study.queues.put(QUESTION)
    writing = asyncio.create_task(study.writer.write(TASK))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    writing.cancel()
    await asyncio.wait([writing])
    assert writing.cancelled()
    assert study.queues.busy_rooms == 1
    study.holding.set()
    await study.queues.drained()
    assert study.answering == [(QUESTION,)]


async def test_an_answer_takes_the_only_place_at_the_model(study: Study) -> None:
    study.places = 1
    study.holding = asyncio.Event()
    study.model.enqueue(Answer("late", hold=asyncio.Event()))
    writing = asyncio.create_task(study.writer.write(TASK))
    await study.model.wait_for(lambda request: True)
    study.queues.put(QUESTION)
    await asyncio.wait([writing], timeout=0.5)
    assert await study.writer.spent_today()  # the call that was broken off is noted
    assert len(study.model.requests) == 1
    study.holding.set()
    assert (await writing).startswith("echo:")
    assert len(study.model.requests) == 2


async def test_the_model_for_summing_up_is_asked(study: Study) -> None:
    study.change(llm={"base_url": "http://models:1/v1", "summary_model": "small"})
    await study.writer.write(TASK)
    assert study.model.requests[0].model == "small"
    study.change(llm={"summary_model": "small"})  # the local model is the only one there
    await study.writer.write(TASK)
    assert study.model.requests[1].model == "fake"


async def test_a_request_takes_no_more_than_the_budget_leaves(study: Study) -> None:
    study.change(context={"budget_tokens": 600, "reply_tokens": 200})
    study.model.reply = lambda request: Answer("So it was.")
    lines = ["Ada: " + "船と海の話をした。" * 200, *(f"Bob: the boat {n}" for n in range(90))]
    await study.writer.write(Task(ROOM, "Sum it up.", lines, limit=300))
    for request in study.model.requests:
        counts = [TOKENIZER.count(turn["content"]) + 4 for turn in request.messages]
        assert sum(counts) <= 400
    assert all(any(f"Bob: the boat {n}" in text for text in study.said) for n in range(90))
    assert "tokens left out …]" in study.said[0]


async def test_a_budget_without_room_for_it_is_said(study: Study) -> None:
    study.change(context={"budget_tokens": 300, "reply_tokens": 200})
    with pytest.raises(WorldError, match=r"context\.budget_tokens leaves too little room"):
        await study.writer.write(TASK)
