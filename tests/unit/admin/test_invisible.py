"""What cannot be seen goes, but for the joiners that shape what can."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunabot.admin.invisible import without_invisible


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("\ufeffa\u200bb\u2060c\u00ad", "abc"),
        ("\u202eabc\u202c \u2068x\u2069\u200e\u200f", "abc x"),
        ("a\u00a0b\u202fc", "a b c"),
        ("a\r\nb", "a\nb"),
        ("  a\n\tb — “c”", "  a\n\tb — “c”"),
    ],
)
def test_what_is_left_is_what_one_sees(text: str, seen: str) -> None:
    assert without_invisible(text) == seen


@pytest.mark.parametrize("text", ["👩‍🚀", "می‌خواهم", "🏳️‍🌈 flag", "नहीं क्‍ष"])
def test_joiners_that_shape_an_emoji_or_a_script_stay(text: str) -> None:
    assert without_invisible(text) == text


@pytest.mark.parametrize("text", ["a\u200db", "\u200cab", "ab\u200d", "a\u200d👩"])
def test_joiners_in_plain_words_go(text: str) -> None:
    assert without_invisible(text) == text.replace("\u200d", "").replace("\u200c", "")


@given(st.text() | st.text("aé👩 \u200b\u200c\u200d\u00a0\u2003"))
def test_once_is_enough(text: str) -> None:
    once = without_invisible(text)
    assert without_invisible(once) == once
