"""How answers repeat what was typed, count, and quote: rules without exceptions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from lunabot.admin.wording import bullets, code, counted, fenced, sized


@pytest.mark.parametrize(
    ("count", "told"),
    [(0, "0 chapters"), (1, "1 chapter"), (2, "2 chapters"), (1200, "1,200 chapters")],
)
def test_one_is_not_many(count: int, told: str) -> None:
    assert counted(count, "chapter") == told


@pytest.mark.parametrize(
    ("size", "told"),
    [(0, "0.0 kB"), (12_500, "12.5 kB"), (99_900, "99.9 kB"), (3_100_000, "3.1 MB")],
)
def test_sizes_are_read_at_a_glance(size: int, told: str) -> None:
    assert sized(size) == told


def test_a_list_of_nothing_is_nothing() -> None:
    assert bullets("Rooms", []) == ""
    assert bullets("Rooms", ["trails", "lake"]) == "**Rooms**\n\n- trails\n- lake"


@given(st.text())
def test_what_was_typed_stays_one_piece_of_code(text: str) -> None:
    [token] = MarkdownIt().parseInline(f"a {code(text)} b")
    kinds = [child.type for child in token.children or []]
    expected = ["text", "code_inline", "text"] if text.split() else ["text"]
    assert kinds == expected
    assert len(code(text)) <= 43


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="`\n")))
def test_no_text_leaves_its_block(text: str) -> None:
    tokens = MarkdownIt().parse(fenced(text))
    assert [token.type for token in tokens] == ["fence"]
