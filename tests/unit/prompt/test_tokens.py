"""Counting and cutting texts of every kind and length."""

import asyncio
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunabot.prompt.tokens import ByteBound, Counter, Tokenizer, cut
from tests.worst_texts import WORST


class Words:
    """A counter with tokens of its own: words."""

    def count(self, text: str) -> int:
        return len(text.split())


@given(st.text(st.characters(codec=None)))
def test_bytes_are_an_upper_bound(tokenizer: Tokenizer, text: str) -> None:
    assert tokenizer.count(text) <= ByteBound().count(text)


def test_special_tokens_count_as_text(tokenizer: Tokenizer) -> None:
    assert tokenizer.count("<|endoftext|>") > 1


@pytest.mark.timeout(30)  # measured: 5 to 25 ms
@pytest.mark.parametrize("text", WORST.values(), ids=WORST)
def test_no_text_is_counted_for_ever(tokenizer: Tokenizer, text: str) -> None:
    fresh = f"{text}{random.random()}"  # none that was counted before
    assert 0 < tokenizer.count(fresh) <= ByteBound().count(fresh)


def test_a_text_longer_than_any_event_is_counted(tokenizer: Tokenizer) -> None:
    long = "word " * 60_000
    assert abs(tokenizer.count(long) - 60_000) < 20


def test_known_texts_are_not_encoded_again(
    tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"{random.random()}"
    count = tokenizer.count(text)
    monkeypatch.setattr(tokenizer, "_encoding", None)
    assert (tokenizer.count(text), tokenizer.loaded) == (count, False)


async def test_tables_are_loaded_when_they_are_needed_and_once() -> None:
    fresh = Tokenizer("gpt-4")
    assert fresh.fits("short", 5) and fresh.cut("short", 5) == "short"
    was_loaded = fresh.loaded
    await asyncio.gather(fresh.load(), fresh.load())
    assert (was_loaded, fresh.loaded) == (False, True)
    encoding = fresh._encoding
    assert fresh.fits("hello " * 100, 110) and not fresh.fits("hello " * 100, 50)
    assert fresh._encoding is encoding


def test_cut_keeps_head_and_tail_and_tells_what_is_missing(tokenizer: Tokenizer) -> None:
    text = " ".join(str(number) for number in range(10_000))
    short = tokenizer.cut(text, 100)
    assert short.startswith("0 1 2 3 ") and short.endswith(" 9998 9999")
    assert " tokens left out …] " in short
    assert 80 <= tokenizer.count(short) <= 100


_COUNTERS: list[Callable[[Tokenizer], Counter]] = [
    lambda exact: exact,
    lambda exact: ByteBound(),
    lambda exact: Words(),
]


@pytest.mark.parametrize("counter_of", _COUNTERS, ids=["exact", "bytes", "words"])
@given(text=st.text(), times=st.integers(1, 60), limit=st.integers(0, 200))
def test_cut_never_exceeds_the_limit(
    tokenizer: Tokenizer,
    counter_of: Callable[[Tokenizer], Counter],
    text: str,
    times: int,
    limit: int,
) -> None:
    counter = counter_of(tokenizer)
    short = cut(text * times, limit, counter)
    assert counter.count(short) <= limit
    assert (short == text * times) == (counter.count(text * times) <= limit)


@pytest.mark.parametrize("text", WORST.values(), ids=WORST)
def test_cut_of_long_texts(tokenizer: Tokenizer, text: str) -> None:
    assert 0 < tokenizer.count(tokenizer.cut(text, 200)) <= 200
