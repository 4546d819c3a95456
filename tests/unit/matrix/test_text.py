"""Text of strangers: what is visible, what is the same name, what a reply quotes."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunabot.matrix.text import fold, visible, without_reply_fallback

_ANY = st.text(st.characters(codec=None))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("a\r\nb\rc\u2028d\x85e", "a\nb\nc\nd\ne"),
        ("\0a\x1bb\x7f", "ab"),
        ("\u202eevil\u2066", "evil"),
        ("z\u200be\u00adr\ufeffo", "zero"),
        ("L\u200du\u200dna", "Luna"),
        ("👩\u200d👧 می\u200cخواهم", "👩\u200d👧 می\u200cخواهم"),
        ("あ\u200d\u200d\u200dあ", "あ\u200dあ"),
        ("tag\U000e0041s", "tags"),
        ("\ud800", ""),
        ("\u0600٣", "\u0600٣"),
    ],
)
def test_visible(text: str, expected: str) -> None:
    assert visible(text) == expected


@given(_ANY)
def test_what_is_visible_stays(text: str) -> None:
    seen = visible(text)
    assert visible(seen) == seen
    assert all(
        unicodedata.category(character) not in ("Cc", "Cs") or character in "\t\n"
        for character in seen
    )
    seen.encode()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("LUNA", "luna"),
        ("Straße", "STRASSE"),
        ("ｌｕｎａ", "Luna"),
        ("e\u0301", "É"),
        ("lu\u200bna", "luna"),
    ],
)
def test_names_that_look_the_same_fold_the_same(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@given(_ANY)
def test_folding_twice_changes_nothing(text: str) -> None:
    short = text[:100]  # longer ones are folded in pieces
    assert fold(fold(short)) == fold(short)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("> <@a:b> hello\n> there\n\nyes", "yes"),
        ("> * <@a:b> waves\n\nyes\n\nno", "yes\n\nno"),
        ("> <@a:b> hello\nyes", "yes"),
        ("> a quotation of my own\n\nyes", "> a quotation of my own\n\nyes"),
        ("yes", "yes"),
        ("> <@a:b> hello", ""),
    ],
)
def test_without_reply_fallback(body: str, expected: str) -> None:
    assert without_reply_fallback(body) == expected
