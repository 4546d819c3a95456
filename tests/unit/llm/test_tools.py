"""Tools: how they are declared to an endpoint, and what is read of a call, whole or in pieces."""

import json
from typing import Any

import pytest

from lunabot.llm.client import ModelClient
from lunabot.llm.completion import Completion, Unreadable, read_completion
from lunabot.llm.tools import Tool, ToolCall
from lunabot.llm.turns import ChatTurn
from tests.fake_model import Answer, FakeModel, Status, ToolUse

HELLO = [ChatTurn("user", "make it rain")]
RAIN = Tool("rain", "Let it rain", {"type": "object", "properties": {"days": {"type": "integer"}}})
CALLS = (ToolCall("rain", '{"days": 3}'), ToolCall("stop", "{}"))
USE = ToolUse((("rain", '{"days": 3}'), ("stop", "{}")))


async def test_a_tool_is_declared_and_called(model: FakeModel, client: ModelClient) -> None:
    model.enqueue(USE)
    completion = await client.complete(HELLO, tools=[RAIN])
    assert (completion.text, completion.tool_calls) == ("", CALLS)
    assert model.requests[0].body["tools"] == [
        {
            "type": "function",
            "function": {
                "name": "rain",
                "description": "Let it rain",
                "parameters": RAIN.parameters,
            },
        }
    ]


async def test_a_streamed_call_is_put_together(model: FakeModel, client: ModelClient) -> None:
    model.enqueue(USE)
    [whole] = [piece async for piece in client.stream(HELLO, tools=[RAIN])]
    assert isinstance(whole, Completion)
    assert (whole.text, whole.tool_calls, whole.finish_reason) == ("", CALLS, "tool_calls")


async def test_who_knows_no_tools_is_asked_without(model: FakeModel, client: ModelClient) -> None:
    refusal = {"error": {"message": "fake does not support tools"}}
    model.enqueue(Status(400, refusal), Answer("no clouds"), Answer("still none"))
    for text in ("no clouds", "still none"):
        assert (await client.complete(HELLO, tools=[RAIN])).text == text
    assert ["tools" in request.body for request in model.requests] == [True, False, False]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ([{"function": {"name": "rain", "arguments": {"days": 3}}}], [("rain", '{"days": 3}')]),
        ([{"function": {"name": "rain", "arguments": None}}], [("rain", "")]),
        ([{"function": {"name": "rain"}}], [("rain", "")]),
        ([{"function": {"arguments": "{}"}}], []),
        ([{}], []),
        ([], []),
        (None, []),
    ],
)
def test_calls_in_other_shapes(written: Any, read: list[tuple[str, str]]) -> None:
    body = json.dumps({"choices": [{"message": {"tool_calls": written}}]}).encode()
    calls = read_completion(body, "m").tool_calls
    assert [(call.name, call.arguments) for call in calls] == read


@pytest.mark.parametrize("written", [5, ["x"], [{"index": [1]}], [{"function": "rain"}]])
def test_what_is_no_call(written: Any) -> None:
    body = json.dumps({"choices": [{"message": {"tool_calls": written}}]}).encode()
    with pytest.raises(Unreadable):
        read_completion(body, "m")
