"""One prompt after the other: they begin alike, for models' caches."""

import os.path
import re
import statistics
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from lunabot.llm.turns import ChatTurn
from lunabot.matrix.ids import UserId
from lunabot.prompt.builder import Prompt, build
from lunabot.prompt.material import Excerpt, Material
from lunabot.prompt.shares import Limits
from lunabot.prompt.tokens import Tokenizer
from tests.unit.prompt.building import SYSTEM
from tests.unit.prompt.conversations import ALICE, BOB, DIRECT, LUNA, NAMES, say

_PEOPLE = st.sampled_from([LUNA, ALICE, BOB, UserId("@x:y")])


@given(
    sizes=st.lists(st.tuples(_PEOPLE, st.integers(1, 50)), min_size=20, max_size=45),
    budget=st.integers(1_000, 1_200),
    lens=st.integers(0, 200),
    with_retrieved=st.booleans(),
)
def test_a_prompt_begins_like_the_one_before_until_the_window_moves(
    tokenizer: Tokenizer,
    sizes: list[tuple[UserId, int]],
    budget: int,
    lens: int,
    with_retrieved: bool,
) -> None:
    said = [say(n, sender, f"{n} " + "word " * words) for n, (sender, words) in enumerate(sizes)]
    lenses = [Excerpt("technical", "word " * lens)]
    before: Prompt | None = None
    for number, message in enumerate(said):
        if message.sender == LUNA:
            continue
        older = said[:number][::-1] if with_retrieved else []
        prompt = build(
            Material(SYSTEM, said[: number + 1], LUNA, NAMES, lenses, retrieved=older),
            Limits(budget, 0),
            counter=tokenizer,
            anchor=before.anchor if before else None,
        )
        if before and before.anchor and prompt.anchor == before.anchor:
            assert serialised(prompt.turns).startswith(stable(before))
        before = prompt


def test_four_fifths_of_each_prompt_stood_in_the_one_before(tokenizer: Tokenizer) -> None:
    said = [
        say(number, (ALICE, LUNA)[number % 2], f"{number} " + "word " * (20 + 7 * number % 40))
        for number in range(200)
    ]
    shares: list[float] = []
    before, anchor = "", None
    for number in range(0, 200, 2):
        older = said[number % 7 : number : 3]  # others each time
        material = Material(SYSTEM, said[: number + 1], LUNA, DIRECT, retrieved=older)
        prompt = build(material, Limits(4_000, 500), counter=tokenizer, anchor=anchor)
        text, anchor = serialised(prompt.turns), prompt.anchor
        same = os.path.commonprefix([before, text])  # noqa: RUF071
        shares.append(tokenizer.count(same) / tokenizer.count(text))
        before = text
    assert statistics.fmean(shares[1:]) > 0.8


def serialised(turns: Sequence[ChatTurn]) -> str:
    return "".join(f"<{turn.role}>{turn.content}\n" for turn in turns)


def stable(prompt: Prompt) -> str:
    """Return a prompt without its question and what was retrieved for it."""
    last = prompt.turns[-1].content
    end = re.search(r"(^|\n)\[Quotes", last) or re.search(r"(^|\n)(?!.*\n)", last)
    assert end
    return serialised([*prompt.turns[:-1], ChatTurn("user", last[: end.start()])]).rstrip("\n")
