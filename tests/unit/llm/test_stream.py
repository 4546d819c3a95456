"""Streamed answers against a scripted endpoint."""

from contextlib import aclosing

import pytest

from lunabot.llm.client import ModelClient
from lunabot.llm.completion import Completion
from lunabot.llm.errors import ModelError
from lunabot.llm.turns import ChatTurn
from tests.fake_model import Answer, FakeModel, HalfJson, Hang, Reset, Script, Status
from tests.unit.llm.conftest import MakeClient

HELLO = [ChatTurn("user", "hello there")]
ERROR_EVENT = 'data: {"error": {"message": "overloaded, sk-test-12345"}}\n\n'


async def heard(client: ModelClient) -> list[str | Completion]:
    return [piece async for piece in client.stream(HELLO)]


async def test_pieces_and_then_the_whole(model: FakeModel, client: ModelClient) -> None:
    model.enqueue(Answer("one two three\n", piece=5))
    assert await heard(client) == [
        "one t",
        "wo th",
        "ree\n",
        Completion("one two three", "fake", 2, 3, "stop"),
    ]
    assert model.requests[0].body["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize(
    "trouble",
    [
        Status(429, headers={"Retry-After": "0"}),
        Status(503, "<html>"),
        Reset(),
        HalfJson(),
        Status(200, "<html>Welcome</html>"),
        Status(200, ERROR_EVENT, {"Content-Type": "text/event-stream"}),
        Status(200, "data: [DONE]\n\n", {"Content-Type": "text/event-stream"}),
        Status(200, 'data: {"choices": 5}\n\n', {"Content-Type": "text/event-stream"}),
    ],
    ids=repr,
)
async def test_trouble_before_the_first_piece_is_not_noticed(
    model: FakeModel, client: ModelClient, trouble: Script
) -> None:
    model.enqueue(trouble, Answer("hi"))
    assert await heard(client) == ["hi", Completion("hi", "fake", 2, 1, "stop")]
    assert len(model.requests) == 2


async def test_trouble_after_it_is_an_error(model: FakeModel, client: ModelClient) -> None:
    model.enqueue(Reset(after="Once upon"))
    pieces = []
    with pytest.raises(ModelError, match="cannot reach"):
        async for piece in client.stream(HELLO):
            pieces.append(piece)
    assert pieces == ["Once upon"]
    assert len(model.requests) == 1


async def test_an_end_without_an_ending_is_an_error(model: FakeModel, client: ModelClient) -> None:
    model.enqueue(Answer("Once upon", finish_reason=None))
    with pytest.raises(ModelError, match="broke off its answer"):
        await heard(client)


async def test_an_empty_stream_is_an_error(model: FakeModel, client: ModelClient) -> None:
    model.enqueue(Answer("", finish_reason="content_filter"))
    with pytest.raises(ModelError, match=r"returned nothing .*content filter"):
        await heard(client)


async def test_a_hanging_stream_is_given_up(model: FakeModel, make_client: MakeClient) -> None:
    model.enqueue(Hang(), Answer("hi"))
    assert (await heard(make_client(timeout_s=0.5)))[0] == "hi"


async def test_usage_is_not_asked_for_again_where_it_was_refused(
    model: FakeModel, client: ModelClient
) -> None:
    model.enqueue(
        Status(422, {"detail": [{"type": "extra_forbidden", "loc": ["body", "stream_options"]}]})
    )
    assert (await heard(client))[-1] == Completion("echo: hello there", "fake", None, None, "stop")
    await heard(client)
    assert [("stream_options" in request.body) for request in model.requests] == [1, 0, 0]


async def test_a_stream_that_is_left_gives_its_place_back(
    model: FakeModel, make_client: MakeClient
) -> None:
    client = make_client(max_concurrent=1)
    async with aclosing(client.stream(HELLO)) as pieces:
        assert await anext(pieces) == "echo: hello "
    assert (await client.complete(HELLO)).text == "echo: hello there"
