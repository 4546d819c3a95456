"""Prompts: within the budget whatever is said, in order, and starting and ending right."""

import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lunabot.errors import UserMistake
from lunabot.llm.turns import ChatTurn
from lunabot.matrix.events import Message
from lunabot.matrix.ids import UserId
from lunabot.prompt.builder import BudgetTooSmall, Prompt, build, compose
from lunabot.prompt.tokens import ByteBound, Counter, Tokenizer
from tests.unit.prompt.conversations import ALICE, BOB, DIRECT, LUNA, NAMES, say, talk

SYSTEM = "You are Luna."


def built(
    messages: Sequence[Message],
    counter: Counter,
    *,
    names: Mapping[UserId, str] = NAMES,
    budget: int = 8_000,
    reply: int = 1_000,
    system: str = SYSTEM,
) -> Prompt:
    return build(
        system,
        messages,
        me=LUNA,
        names=names,
        budget_tokens=budget,
        reply_tokens=reply,
        counter=counter,
    )


def sent_tokens(prompt: Prompt, tokenizer: Tokenizer) -> int:
    """Count what is sent as the OpenAI cookbook does, without anything remembered."""
    assert tokenizer._encoding
    encode = tokenizer._encoding.encode_ordinary
    return 3 + sum(3 + len(encode(turn.role)) + len(encode(turn.content)) for turn in prompt.turns)


def test_a_short_conversation_is_there_as_a_whole(tokenizer: Tokenizer) -> None:
    said = talk((ALICE, "hello"), (BOB, "hi"), (LUNA, "welcome"), (ALICE, "how are you?"))
    prompt = built(said, tokenizer)
    assert prompt.turns == (
        ChatTurn("system", SYSTEM),
        ChatTurn("user", "Alice: hello\nBob: hi"),
        ChatTurn("assistant", "welcome"),
        ChatTurn("user", "Alice: how are you?"),
    )
    assert (prompt.left_out, prompt.whole) == (0, True)
    assert [part.name for part in prompt.parts] == [
        "system prompt",
        "recent",
        "question",
        "reply's beginning",
    ]
    assert prompt.parts[1].note == "3 of 3 messages"
    assert prompt.tokens == sent_tokens(prompt, tokenizer)


def test_it_starts_at_a_users_turn(tokenizer: Tokenizer) -> None:
    said = talk((LUNA, "I am Luna"), (LUNA, "ask me"), (ALICE, "what?"))
    prompt = built(said, tokenizer, names=DIRECT)
    assert prompt.turns == (ChatTurn("system", SYSTEM), ChatTurn("user", "what?"))
    assert (prompt.left_out, prompt.whole) == (2, True)


def test_own_words_that_crossed_with_the_question_stand_before_it(tokenizer: Tokenizer) -> None:
    said = talk((ALICE, "first"), (ALICE, "second"), (LUNA, "to the first"))
    prompt = built(said, tokenizer, names=DIRECT)
    assert [turn.content for turn in prompt.turns[1:]] == ["first", "to the first", "second"]


def test_own_messages_in_a_row_are_paragraphs(tokenizer: Tokenizer) -> None:
    said = talk((ALICE, "go on"), (LUNA, "one"), (LUNA, "two"), (ALICE, "thanks"))
    assert built(said, tokenizer).turns[2] == ChatTurn("assistant", "one\n\ntwo")


def test_without_a_system_prompt_there_is_no_such_turn(tokenizer: Tokenizer) -> None:
    prompt = built(talk((ALICE, "hello")), tokenizer, system="")
    assert [turn.role for turn in prompt.turns] == ["user"]
    assert prompt.tokens == sent_tokens(prompt, tokenizer)


def test_the_newest_that_fit_are_kept(tokenizer: Tokenizer) -> None:
    said = [say(number, (ALICE, LUNA)[number % 2], f"message {number}") for number in range(101)]
    prompt = built(said, tokenizer, budget=400, reply=100)
    kept = 101 - prompt.left_out
    contents = "\n".join(turn.content for turn in prompt.turns[1:])
    assert [f"message {number}" in contents.replace("\n", " ") + " " for number in (0, 100)] == [
        False,
        True,
    ]
    assert contents.split("\n") == [
        f"Alice: message {number}" if number % 2 == 0 else f"message {number}"
        for number in range(101 - kept, 101)
    ]
    assert 280 < prompt.tokens <= 300 and not prompt.whole


def test_a_long_question_is_cut_in_the_middle(tokenizer: Tokenizer) -> None:
    question = "please read: " + "blah " * 5_000 + "what do you think?"
    said = talk(*[(ALICE, f"message {number}") for number in range(100)], (ALICE, question))
    prompt = built(said, tokenizer, budget=1_000, reply=200)
    assert prompt.turns[-1].content.endswith("what do you think?")
    assert "Alice: please read" in prompt.turns[-1].content
    assert "tokens left out …]" in prompt.turns[-1].content
    assert "message 99" in prompt.turns[-1].content
    assert prompt.parts[2].note == "cut in the middle" and not prompt.whole
    assert 700 < prompt.tokens <= 800
    assert 500 < prompt.parts[2].tokens < 650


def test_a_long_question_gets_what_nobody_else_needs(tokenizer: Tokenizer) -> None:
    prompt = built(talk((ALICE, "blah " * 5_000)), tokenizer, budget=1_000, reply=200)
    assert 780 < prompt.tokens <= 800


def test_where_nobody_asks_there_is_nothing_to_build(tokenizer: Tokenizer) -> None:
    with pytest.raises(ValueError, match="no question"):
        built(talk((LUNA, "hello?")), tokenizer)
    with pytest.raises(ValueError, match="no question"):
        built([], tokenizer)


def test_a_budget_that_the_system_prompt_uses_up(tokenizer: Tokenizer) -> None:
    with pytest.raises(BudgetTooSmall, match=r"takes 10\d\d of the 800 tokens") as caught:
        built(talk((ALICE, "hi")), tokenizer, system="word " * 1_000, budget=1_000, reply=200)
    assert isinstance(caught.value, UserMistake)


# A body is a text and how often it is repeated: examples of 60 KiB are no reading.
_HUGE = st.sampled_from([("a", 60_000), ("😀", 15_000), ("word ", 12_000), ("\nx", 30_000)])
_BODIES = (
    st.tuples(st.text(max_size=300), st.just(1))
    | st.tuples(st.text("ab \n/:*<|>", max_size=300), st.just(1))
    | _HUGE
)
_SAID = st.tuples(
    st.integers(0, 30),
    st.sampled_from([LUNA, ALICE, BOB, UserId("@x:y")]),
    _BODIES,
    st.sampled_from(["m.text", "m.text", "m.text", "m.emote", "m.notice", "m.image"]),
)


@settings(deadline=None)
@given(
    said=st.lists(_SAID, max_size=12),
    question=_BODIES,
    system=st.text(max_size=100),
    spare=st.integers(64, 2_000),
    names=st.sampled_from([NAMES, DIRECT, {}]),
    exact=st.booleans(),
)
def test_any_prompt_is_within_the_budget_and_well_formed(
    tokenizer: Tokenizer,
    said: list[tuple[int, UserId, tuple[str, int], str]],
    question: tuple[str, int],
    system: str,
    spare: int,
    names: dict[UserId, str],
    exact: bool,
) -> None:
    counter: Counter = tokenizer if exact else ByteBound()
    messages = [say(n, sender, text * times, kind) for n, sender, (text, times), kind in said]
    messages.append(say(99, ALICE, question[0] * question[1], "m.image"))
    budget = counter.count(system) + 4 * bool(system) + 3 + 500 + spare
    prompt = built(messages, counter, names=names, budget=budget, reply=500, system=system)

    assert prompt.tokens == sum(part.tokens for part in prompt.parts) <= budget - 500
    assert sent_tokens(prompt, tokenizer) <= prompt.tokens
    if exact:
        assert sent_tokens(prompt, tokenizer) == prompt.tokens
    roles = [turn.role for turn in prompt.turns]
    if system:
        assert prompt.turns[0] == ChatTurn("system", system)
        roles = roles[1:]
    assert roles == (["user", "assistant"] * len(roles))[: len(roles)]
    assert roles[-1] == "user"
    assert prompt.turns[-1].content.endswith("]")
    assert prompt.whole or prompt.left_out or prompt.parts[2].note


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([LUNA, ALICE, BOB]), max_size=60),
    st.integers(64, 600),
    st.lists(st.integers(0, 59), max_size=10),
)
def test_order_is_kept_and_no_message_is_there_twice(
    tokenizer: Tokenizer, senders: list[UserId], spare: int, repeated: list[int]
) -> None:
    said = [say(number, sender, f"<{number}>") for number, sender in enumerate([*senders, BOB])]
    twice = [*said, *(said[index] for index in repeated if index < len(said))]
    system_tokens = tokenizer.count(SYSTEM) + 7
    prompt = built(twice, tokenizer, budget=system_tokens + spare, reply=0)
    contents = "\n".join(turn.content for turn in prompt.turns[1:])
    numbers = [int(line.split("<")[1].rstrip(">")) for line in contents.split("\n") if line]
    assert numbers == list(range(len(said)))[len(said) - len(numbers) :]
    assert prompt.left_out == len(said) - len(numbers)


async def test_compose_needs_no_tables_for_a_short_conversation() -> None:
    fresh = Tokenizer("gpt-4o")
    prompt = await compose(fresh, partial(built, talk((ALICE, "hello"))))
    assert prompt.whole and not fresh.loaded


@pytest.mark.parametrize(
    "arguments",
    [
        {"messages": talk(*[(ALICE, "word " * 100)] * 60)},
        {"messages": talk((ALICE, "word " * 6_000))},
        {"messages": talk((ALICE, "hello")), "system": "word " * 6_000},
    ],
    ids=["long history", "long question", "long system prompt"],
)
async def test_compose_counts_exactly_where_the_bound_leaves_out(
    tokenizer: Tokenizer, arguments: dict[str, Any]
) -> None:
    def build_with(counter: Counter) -> Prompt:
        return built(counter=counter, **arguments)

    prompt = await compose(tokenizer, build_with)
    assert prompt.whole and prompt.tokens == sent_tokens(prompt, tokenizer) > 6_000


async def test_compose_tells_of_a_budget_too_small(tokenizer: Tokenizer) -> None:
    with pytest.raises(BudgetTooSmall):
        await compose(tokenizer, partial(built, talk((ALICE, "hi")), system="word " * 9_000))


def test_sixty_messages_cost_little_when_they_are_known(tokenizer: Tokenizer) -> None:
    said = [
        say(number, (ALICE, LUNA, BOB)[number % 3], f"{number} " + "a few words of chat " * 8)
        for number in range(61)
    ]
    built(said, tokenizer)
    start = time.process_time()
    assert built(said, tokenizer).whole
    assert time.process_time() - start < 0.02  # measured: 1 ms
