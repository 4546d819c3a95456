"""What was said is summed up, outlives a restart, helps with answers, and goes when it must."""

import re
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from tests.e2e.administrator import Administrator
from tests.e2e.luna import LunaProcess
from tests.e2e.person import Person
from tests.e2e.talk import ask, group, replying, spoken
from tests.fake_model import Answer, FakeModel, Request, Script

_NUMBERS = count(1)


@pytest.fixture(scope="module")
def luna_options() -> dict[str, Any]:
    """A prompt holds little, so that there is something to remember besides it."""
    return {"sections": {"context": {"budget_tokens": 1500, "reply_tokens": 400}}}


def numbered(request: Request) -> Script:
    """Sum up in words that are another time's, and echo the last line of all else.

    A long answer would appear piece by piece where the machine is busy.
    """
    number = next(_NUMBERS)
    if "# a title" in request.system:
        return Answer(f"# The boat\n\nAda sold the boat for 900, version c{number}.")
    if "You keep the records" in request.system:
        return Answer(f"They deal in boats, version l{number}.")
    return Answer(f"echo: {request.last_user.splitlines()[-1]}")


async def chat(person: Person, room: str, topic: str, messages: int = 14) -> list[str]:
    """Say about fifty tokens of a topic so many times; return the events' ids."""
    return [
        await person.send(room, f"{topic} {number}: " + f"we spoke of {topic} once more; " * 6)
        for number in range(messages)
    ]


def answering(words: str) -> Callable[[Request], bool]:
    """Return whether a request is for an answer, and no summary, to a question in these words."""
    return lambda request: words in request.last_user and "You are Luna" in request.system


def versions(request: Request) -> set[str]:
    """Return the versions of summaries that the model was shown."""
    return set(re.findall(r"version (\w+)", spoken(request)))


async def test_what_was_summed_up_outlives_a_restart_and_goes_with_a_redaction(
    luna: LunaProcess, admin: Administrator, model: FakeModel, alice: Person, bob: Person
) -> None:
    room = await group(alice, luna.user_id, bob)
    elsewhere = await group(alice, luna.user_id, bob)
    await chat(alice, elsewhere, "salaries")
    said = await chat(alice, room, "boats")
    with replying(model, numbered):
        await ask(alice, room, luna, "luna: did you hear all of that?")
        asked = len(model.requests)
        result = await admin.command(f"/summarise {room}", timeout_s=60)
        assert result.mark == "✅", result
        made = model.requests[asked:]
        assert [request.stream for request in made] == [False] * len(made)
        assert any("boats 0: we spoke of boats" in request.last_user for request in made)
        assert not any("salaries" in request.last_user for request in made)
        await chat(alice, room, "weather", messages=10)
        await luna.restart()

        await ask(alice, room, luna, "luna: what of the first boat?")
        answered = await model.wait_for(answering("the first boat"))
        assert "[Chapter: " in spoken(answered)
        assert "[Lens: technical]" in spoken(answered)
        before = versions(answered)
        assert {version[0] for version in before} == {"c", "l"}

        await alice.redact(room, said[3])
        await ask(alice, room, luna, "luna: what of the second boat?")
        answered = await model.wait_for(answering("the second boat"))
        assert not versions(answered) & before
        assert "boats 3:" not in spoken(answered)

        await admin.command(f"/summarise {room}", timeout_s=60)
        await ask(alice, room, luna, "luna: what of the third boat?")
        before = versions(await model.wait_for(answering("the third boat")))
        assert before
        purged = await admin.command(f"/purge memory {room} --yes")
        assert purged.mark == "✅", purged
        await ask(alice, room, luna, "luna: what of the fourth boat?")
        assert not versions(await model.wait_for(answering("the fourth boat"))) & before

        health = await admin.command("/health")
        assert "memory: about " in health.text
