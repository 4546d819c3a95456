"""The window of recent messages: it grows from its anchor, and begins anew with half."""

from collections.abc import Sequence

import pytest

from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId
from lunabot.prompt.transcript import Transcript
from lunabot.prompt.window import Opening, Window, window
from tests.unit.prompt.conversations import ALICE, LUNA, NAMES, say


class Words:
    """A counter with tokens of its own: words."""

    def count(self, text: str) -> int:
        return len(text.split())


def opened(
    messages: Sequence[Message],
    tokens: int,
    anchor: str | None = None,
    *,
    longest: int = 1_000,
    own_words: bool = False,
) -> Window:
    transcript = Transcript(messages, me=LUNA, names=NAMES)
    opening = Opening(tokens, longest, EventId(anchor) if anchor else None, own_words=own_words)
    return window(transcript, messages, opening, Words())


def numbers(found: Window) -> list[int]:
    return [int(line.text.split()[1]) for line in found.section.lines]


# Ten words each, the name among them.
_SAID = [say(number, ALICE, f"{number} " + "word " * 8) for number in range(20)]


@pytest.mark.parametrize(
    ("tokens", "anchor", "first", "grows"),
    [
        (1_000, None, 0, False),
        (100, None, 10, False),
        (0, None, 20, False),
        (1_000, "$0", 0, False),
        (1_000, "$8", 8, True),
        (120, "$8", 8, True),
        (100, "$8", 15, True),
        (119, "$8", 15, True),
        (9, "$8", 20, True),
        (1_000, "$gone", 10, True),
        (50, "$gone", 18, True),
    ],
)
def test_where_it_begins(tokens: int, anchor: str | None, first: int, grows: bool) -> None:
    found = opened(_SAID, tokens, anchor)
    assert numbers(found) == list(range(first, 20))
    assert found.section.tokens == 10 * (20 - first)
    assert found.anchor == (f"${first}" if first < 20 else None)
    assert found.grows == grows and found.section.complete == (first == 0)
    assert found.section.chosen == tuple(f"${number}" for number in range(first, 20))


def test_it_says_what_it_left_out() -> None:
    section = opened(_SAID, 100).section
    assert section.note == "10 of 20 messages"
    assert section.left_out == "10 older ones: the window begins after them"
    assert opened(_SAID, 1_000).section.left_out == ""


def test_the_newest_message_stays_though_it_is_more_than_half() -> None:
    said = [say(0, ALICE, "0"), say(1, ALICE, "1"), say(2, ALICE, "2 " + "word " * 50)]
    assert numbers(opened(said, 60, "$gone")) == [2]


def test_a_message_too_long_for_it_is_cut() -> None:
    said = [say(0, ALICE, "0 " + "word " * 300), say(1, ALICE, "1")]
    found = opened(said, 200, longest=100)
    assert numbers(found) == [0, 1]
    assert "tokens left out …]" in found.section.lines[0].text
    assert found.section.tokens <= 102 and found.section.chosen == ("$1",)
    assert found.section.note == "2 of 2 messages, 1 cut" and not found.section.complete


def test_own_words_stand_first_only_below_something() -> None:
    said = [say(0, LUNA, "hello 0"), say(1, ALICE, "1")]
    alone, below = opened(said, 100), opened(said, 100, own_words=True)
    assert (numbers(alone), numbers(below)) == ([1], [0, 1])
    assert alone.anchor == below.anchor == "$0"
    assert alone.messages == {"$1"} and alone.section.complete
    assert below.section.tokens == alone.section.tokens + 6
