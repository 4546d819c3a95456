"""Long answers as parts: nothing lost, code blocks whole, each within its limit."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunabot.matrix.ids import EventId
from lunabot.matrix.markdown import edit_content, render, render_parts, split, text_content
from lunabot.matrix.splitting import MESSAGE_BYTES

_WORDS = "some words of a sentence. " * 8
_CODE = "```python\n" + "".join(f"line_{number} = {number}\n" for number in range(200)) + "```"


def size(markdown: str) -> int:
    rendered = render(markdown)
    shown = (rendered.body, rendered.formatted_body)
    return len(json.dumps(shown, ensure_ascii=False).encode())


def test_what_fits_stays_whole() -> None:
    assert split("**hi**\n\nthere") == ["**hi**\n\nthere"]
    assert split("\n\n") == split("") == []


def test_parts_end_between_paragraphs() -> None:
    paragraphs = [f"{number}: {_WORDS.strip()}" for number in range(20)]
    parts = split("\n\n".join(paragraphs), 1_000)
    assert len(parts) > 4
    assert "\n\n".join(parts).split("\n\n") == paragraphs


def test_a_parted_code_block_is_closed_and_opened_with_its_language() -> None:
    parts = split(f"Look:\n\n{_CODE}\n\nThat is it.", 2_000)
    assert len(parts) > 3
    assert parts[0].startswith("Look:\n\n```python\n")
    assert all(part.startswith("```python\nline_") for part in parts[1:])
    assert all(part.endswith("\n```") for part in parts[:-1])
    assert parts[-1].endswith("```\n\nThat is it.")
    code = [line for part in parts for line in part.split("\n") if line.startswith("line_")]
    assert code == _CODE.split("\n")[1:-1]


def test_a_block_in_a_quotation_keeps_its_prefix() -> None:
    lines = "".join(f"> line {number}\n" for number in range(200))
    parts = split(f"> ```\n{lines}> ```", 1_000)
    assert len(parts) > 2
    assert all(part.startswith("> ```\n> line") and part.endswith("\n> ```") for part in parts)


def test_a_block_is_not_begun_where_nothing_of_it_fits() -> None:
    for length in range(400, 500):
        parts = split("x" * length + f"\n{_CODE}", 512)
        assert not any("```python\n```" in part for part in parts)


@pytest.mark.parametrize("text", ["a" * 60_000, "😀" * 15_000, "&" * 30_000, "word " * 10_000])
def test_nothing_is_lost_of_texts_without_paragraphs(text: str) -> None:
    parts = split(text)
    assert len(parts) > 1 and all(size(part) <= MESSAGE_BYTES for part in parts)
    assert "".join(parts).replace(" ", "") == text.replace(" ", "")


_PIECES = st.sampled_from(
    [
        "```py\n",
        "```\n",
        "~~~~\n",
        "    ",
        "> ",
        "- ",
        "\n",
        "\n\n",
        "word ",
        "**b**",
        "é😀",
        '&<"',
        "|a|b|\n",
        "|-|-|\n",
    ]
)


@given(st.lists(st.tuples(_PIECES, st.integers(1, 40)), max_size=12), st.integers(512, 2_000))
def test_any_text_is_split_within_the_limit(pieces: list[tuple[str, int]], limit: int) -> None:
    text = "".join(piece * times for piece, times in pieces)
    parts = split(text, limit)
    assert all(part.strip() and size(part) <= limit for part in parts)
    joined, whole = "".join(parts), text
    for letter in "wordbé😀&<":
        assert joined.count(letter) >= whole.count(letter)
    assert [rendered.body for rendered in render_parts(text, limit)] == [
        render(part).body for part in parts
    ]


def test_an_encrypted_edit_of_a_full_part_is_within_an_event() -> None:
    part = max(split('**word** & "more"\n' * 2_500), key=size)
    edit = edit_content(EventId("$" + "x" * 43), text_content(part, thread=EventId("$" + "y" * 43)))
    encrypted = len(json.dumps(edit, ensure_ascii=False).encode()) * 4 / 3
    assert 45_000 < encrypted < 65_536 - 1_500


def test_too_small_parts_are_refused() -> None:
    with pytest.raises(ValueError, match="too small"):
        split("hi", 511)
