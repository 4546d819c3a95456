"""The next prompt of a room, as it is looked into."""

from collections.abc import Sequence

import pytest

from lunabot.config import ContextSettings
from lunabot.dispatch.preview import preview
from lunabot.dispatch.prompting import Prompting
from lunabot.dispatch.sight import Sight
from lunabot.errors import UserMistake
from lunabot.matrix.events import Message
from lunabot.memory.memory import Memory
from lunabot.prompt.tokens import Tokenizer
from tests.fake_account import FakeAccount
from tests.unit.dispatch.people import ADA, LUNA, OWL, ROOM, Troupe, no_api, recall, said

LIMITS = ContextSettings(budget_tokens=2000, reply_tokens=200)


def prompting(memory: Memory) -> Prompting:
    """Return what builds prompts, of all that does not begin with a slash and is not old."""
    return Prompting(
        lambda: LIMITS,
        Troupe(lambda message: "old" not in message.body),
        memory,
        Tokenizer("gpt-3.5-turbo"),
        lambda message: not message.body.startswith("/"),
        Sight(lambda: False, no_api),
        recall(memory),
    )


async def record(memory: Memory, *messages: Message) -> None:
    await memory.record_sync(LUNA, "s1", messages)


def account(user_id: str) -> FakeAccount:
    made = FakeAccount(user_id)
    made.enter(ROOM, ADA, LUNA, OWL)
    return made


async def test_it_answers_what_somebody_else_said_last(memory: Memory) -> None:
    question = said("Which way?", ago_ms=4_000)
    await record(
        memory,
        question,
        said("North.", LUNA, ago_ms=3_000),
        said("a feed", ADA, msgtype="m.notice", ago_ms=2_000),
        said("/health", ago_ms=1_000),
    )
    shown = await preview(prompting(memory), account(LUNA), ROOM)
    assert (shown.question, shown.limits) == (question, LIMITS)
    assert shown.prompt.turns[-1].content.endswith("Which way?")
    assert sum(part.tokens for part in shown.prompt.parts) == shown.prompt.tokens


async def test_it_is_that_of_the_account_asked_for(memory: Memory) -> None:
    mine = said("North.", LUNA, ago_ms=3_000)
    await record(memory, said("Which way?", ago_ms=4_000), mine, said("an old one"))
    shown = await preview(prompting(memory), account(OWL), ROOM)
    assert shown.question == mine
    assert shown.prompt.turns[0].content == "You are an owl."


@pytest.mark.parametrize(
    "messages", [[], [said("hello", LUNA)], [said("/health")]], ids=["none", "own", "command"]
)
async def test_where_nobody_has_said_anything_there_is_none(
    memory: Memory, messages: Sequence[Message]
) -> None:
    await record(memory, *messages)
    with pytest.raises(UserMistake, match="there is no prompt yet"):
        await preview(prompting(memory), account(LUNA), ROOM)
