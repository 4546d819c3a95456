"""Passages of long messages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunabot.prompt.passage import passage, words
from lunabot.prompt.tokens import Tokenizer

_LONG = "wind " * 200 + "the boat is of oak and " + "rain " * 200 + "we sail in May"


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Which BOAT?", "boat is of oak"),
        ("of oak", "of oak"),
        ("boat or oak, or sail", "boat is of oak"),
        ("When do you sail?", "we sail in May"),
        ("why?", "wind wind"),
        ("", "wind wind"),
    ],
)
def test_it_is_where_the_words_of_the_question_are(
    tokenizer: Tokenizer, question: str, expected: str
) -> None:
    short = passage(_LONG, words(question), 40, tokenizer)
    assert expected in short and 30 < tokenizer.count(short) <= 40
    assert short.startswith("… ") == (expected != "wind wind")
    assert short.endswith(" …") == (expected != "we sail in May")


def test_a_short_text_is_its_own_passage(tokenizer: Tokenizer) -> None:
    assert passage("the boat", words("boat"), 5, tokenizer) == "the boat"


@given(st.text(max_size=100), st.integers(1, 50), st.text(max_size=50), st.integers(-3, 60))
def test_it_keeps_to_its_limit(
    tokenizer: Tokenizer, text: str, times: int, question: str, limit: int
) -> None:
    short = passage(text * times, words(question), limit, tokenizer)
    assert tokenizer.count(short) <= max(limit, 0)
    assert short == text * times or "…" in short or not short
