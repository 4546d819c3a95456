"""What holds of every prompt, whatever is said."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from lunabot.llm.turns import ChatTurn
from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, UserId
from lunabot.prompt.builder import build
from lunabot.prompt.material import Excerpt, Material
from lunabot.prompt.shares import Limits, Shares
from lunabot.prompt.tokens import ByteBound, Counter, Tokenizer
from tests.unit.prompt.building import SYSTEM, built, sent_tokens
from tests.unit.prompt.conversations import ALICE, BOB, DIRECT, LUNA, NAMES, say

# A text and how often it is repeated: examples of 60 KiB are no reading.
_HUGE = st.sampled_from([("a", 60_000), ("😀", 3_000), ("word ", 3_000), ("\nx", 6_000)])
_SHORT = st.tuples(st.text(max_size=300), st.just(1))
_MARKED = st.tuples(st.text("ab \n/:*<|>[]", max_size=300), st.just(1))
_TEXTS = st.one_of(_SHORT, _MARKED, _SHORT, _MARKED, _HUGE)  # a fifth is huge
_PEOPLE = st.sampled_from([LUNA, ALICE, BOB, UserId("@x:y")])
_SAID = st.tuples(
    st.integers(0, 30),
    _PEOPLE,
    _TEXTS,
    st.sampled_from(["m.text", "m.text", "m.text", "m.emote", "m.notice", "m.image"]),
    st.integers(0, 10**13) | st.integers(),
)
_EXCERPTS = st.lists(st.tuples(st.text(max_size=20), _TEXTS), max_size=4)
_PART = st.sampled_from([0.0, 0.1, 0.5, 1.0])

Text = tuple[str, int]
Said = tuple[int, UserId, Text, str, int]
Records = list[tuple[str, Text]]


def message_of(said: Said) -> Message:
    """Return a message that ends with a mark of its own."""
    number, sender, (text, times), msgtype, timestamp = said
    return replace(say(number, sender, text * times + mark(number), msgtype), timestamp=timestamp)


def excerpts(texts: Records) -> list[Excerpt]:
    return [Excerpt(title, text * times) for title, (text, times) in texts]


def mark(number: int) -> str:
    return f"\ue000{number}\ue001"


@given(
    conversation=st.lists(_SAID, max_size=10),
    retrieved=st.lists(_SAID, max_size=10),
    question=_TEXTS,
    records=st.tuples(_EXCERPTS, _EXCERPTS, _EXCERPTS),
    system=st.text(max_size=100),
    spare=st.integers(64, 300) | st.integers(64, 5_000),
    shares=st.just(Shares()) | st.builds(Shares, _PART, _PART, _PART, _PART, _PART),
    names=st.sampled_from([NAMES, DIRECT, {}]),
    anchor=st.none() | st.integers(0, 12).map(lambda number: EventId(f"${number}")),
    exact=st.booleans(),
)
def test_any_prompt_is_within_the_budget_and_well_formed(
    tokenizer: Tokenizer,
    conversation: list[Said],
    retrieved: list[Said],
    question: Text,
    records: tuple[Records, Records, Records],
    system: str,
    spare: int,
    shares: Shares,
    names: dict[UserId, str],
    anchor: EventId | None,
    exact: bool,
) -> None:
    counter: Counter = tokenizer if exact else ByteBound()
    asked = message_of((99, ALICE, question, "m.text", 0))
    material = Material(
        system,
        [*map(message_of, conversation), asked],
        LUNA,
        names,
        excerpts(records[0]),
        excerpts(records[1]),
        excerpts(records[2]),
        [message_of(said) for said in retrieved],
    )
    budget = counter.count(system) + 4 * bool(system) + 3 + 500 + spare
    limits = Limits(budget, 500, shares)
    prompt = build(material, limits, counter=counter, anchor=anchor)
    assert prompt == build(material, limits, counter=counter, anchor=anchor)

    assert prompt.tokens == sum(part.tokens for part in prompt.parts) <= budget - 500
    assert sent_tokens(prompt, tokenizer) <= prompt.tokens
    if exact:
        assert sent_tokens(prompt, tokenizer) == prompt.tokens
    talked = prompt.turns[1:] if system else prompt.turns
    assert prompt.turns[0] == ChatTurn("system", system) or not system
    roles = [turn.role for turn in talked]
    assert roles == (["user", "assistant"] * len(roles))[: len(roles)]
    assert roles[-1] == "user" and all(turn.content for turn in talked)

    contents = "\n".join(turn.content for turn in talked)
    assert contents.endswith(mark(99))
    known = {each.event_id: each for each in [*material.retrieved, *material.conversation]}
    assert all(contents.count(mark(int(event_id[1:]))) <= 1 for event_id in known)
    assert len(set(prompt.chosen)) == len(prompt.chosen)
    assert all(mark(int(event_id[1:])) in contents for event_id in prompt.chosen)
    assert prompt.whole or any(
        part.left_out or "cut" in part.note or "in part" in part.note for part in prompt.parts
    )


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
    assert prompt.chosen == tuple(f"${number}" for number in numbers)
