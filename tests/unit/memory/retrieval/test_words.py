"""Texts as words, in any script."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunabot.memory.retrieval.words import words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("Don't PANIC, it's 42!", ["don", "t", "panic", "it", "s", "42"]),
        ("Élan Ｗｉｄｅ", ["elan", "wide"]),
        ("snake_case", ["snake", "case"]),
        ("東京都", ["東京", "京都", "東", "京", "都"]),
        ("猫", ["猫"]),
        ("ねこだ", ["ねこ", "こだ"]),
        ("고양이", ["고양", "양이"]),
        ("แมวดี", ["แมว", "มวด", "วดี"]),
        ("GPT4を使う", ["gpt4", "を使", "使う", "使"]),
        ("собаками", ["собак"]),
        ("الْقِطَّة", ["القطة"]),
        ("हिन्दी", ["हिन्द"]),
        ("party🎉🎉 👍🏽", ["party", "🎉", "🎉", "👍"]),
        ("x" * 100, ["x" * 40]),
        ("\0 \"'*^():", []),
    ],
)
def test_words(text: str, found: list[str]) -> None:
    assert words(text) == found


@given(st.text())
def test_words_survive_being_put_into_a_query(text: str) -> None:
    for word in words(text):
        assert word and not set(word) & set('"\0 \n') and (not word.isascii() or word.isalnum())
        assert words(f"…{text}!").count(word) == words(text).count(word)
