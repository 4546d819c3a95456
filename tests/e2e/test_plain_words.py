"""Commands that nobody types: plain words, of which the model makes a proposal, and forms."""

import json
from typing import Any

import pytest

from tests.e2e.administrator import NO, YES, Administrator
from tests.e2e.luna import LunaProcess
from tests.e2e.session import unique
from tests.e2e.timeline import Event
from tests.fake_model import FakeModel, ToolUse


@pytest.fixture(scope="module")
def luna_options() -> dict[str, Any]:
    return {"encrypted": True, "sections": {"admin": {"describe_commands": True}}}


async def asked(admin: Administrator, model: FakeModel, words: str, command: str) -> Event:
    """Say something to Luna, have the model propose a command, and return her question."""
    model.enqueue(ToolUse((("propose_command", json.dumps({"command": command})),)))
    return await admin.question(await admin.person.send(admin.room, words))


async def test_a_persona_is_made_of_plain_words_and_a_yes(
    luna: LunaProcess, admin: Administrator, model: FakeModel
) -> None:
    name = unique("scout")
    words = f"Luna, create a bot named {name} who knows every trail"
    character = "You know every trail."
    question = await asked(admin, model, words, f"/spawn {name} {character}")
    assert f"/spawn {name} You know every trail." in question["content"]["body"]
    assert f"@{name}" not in (await admin.command("personas")).text
    await admin.person.react(admin.room, question["event_id"], YES)
    target = question["content"]["m.relates_to"]["m.in_reply_to"]["event_id"]
    result = await admin.result(target)
    assert (result.mark, f"@{name}:" in result.text) == (YES, True)
    assert f"@{name}" in (await admin.command("personas")).text
    await model.wait_for(lambda request: character in request.system)  # its first words
    [tool] = _tools(model, words)
    offered = {line.split()[0] for line in tool["function"]["description"].splitlines()[2:]}
    assert {"/spawn", "/despawn", "/health"} <= offered
    assert not {"/yes", "/no"} & offered


async def test_a_no_a_mistake_and_mere_talk_run_nothing(
    admin: Administrator, luna: LunaProcess, model: FakeModel
) -> None:
    question = await asked(admin, model, "Good night, Luna", "/shutdown good night")
    await admin.person.react(admin.room, question["event_id"], NO)
    target = question["content"]["m.relates_to"]["m.in_reply_to"]["event_id"]
    assert (await admin.result(target)).mark == NO
    wrong = await asked(admin, model, "Do something", "/frobnicate now")
    assert "There is no command" in wrong["content"]["body"]
    await admin.person.send(admin.room, "How are the woods?")
    await admin.person.wait_for_message(admin.room, luna.user_id, "How are the woods?")
    assert _tools(model, "How are the woods?")
    assert luna.process.running


async def test_a_client_learns_the_commands_and_fills_one_in(
    admin: Administrator, luna: LunaProcess
) -> None:
    person, kind = admin.person, "org.matrix.msc4391.command_description"
    described = await person.wait_for(
        admin.room,
        lambda event: event["type"] == kind and event["content"].get("command") == "audit",
    )
    assert described["sender"] == luna.user_id
    keys = [each["key"] for each in described["content"]["parameters"]]
    assert keys == ["number", "who", "verb", "page"]
    call = {"command": "audit", "arguments": {"number": 2, "verb": "spawn"}}
    content = {"org.matrix.msc4391.command": call}
    unaddressed = await person.send(admin.room, "anything", **content)
    event_id = await person.send(
        admin.room, "anything", **content, **{"m.mentions": {"user_ids": [luna.user_id]}}
    )
    result = await admin.result(event_id)
    assert (result.mark, "/spawn" in result.text) == (YES, True)
    assert admin.marks(unaddressed) == []


def _tools(model: FakeModel, words: str) -> list[dict[str, Any]]:
    """Return the tools with which the model was asked about some words."""
    [request] = [each for each in model.requests if words in each.last_user]
    return list(request.body.get("tools", []))
