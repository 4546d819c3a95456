"""The part of a long message that says most about a question. Pure."""

import re
from collections import Counter as Tally
from collections.abc import Collection, Sequence

from lunabot.prompt.tokens import Counter

_WORD = re.compile(r"\w+")


def words(text: str) -> frozenset[str]:
    """Return the words of a text as `passage` looks for them."""
    return frozenset(word.casefold() for word in _WORD.findall(text))


def passage(text: str, wanted: Collection[str], limit: int, counter: Counter) -> str:
    """Return the text, or at most `limit` tokens of it from where most `wanted` words are.

    "…" stands where something is missing. Without any of the words it is the beginning. Empty
    where nothing fits.
    """
    total = counter.count(text)
    if total <= max(limit, 0):
        return text
    found = [
        (match.start(), word)
        for match in _WORD.finditer(text)
        if (word := match.group().casefold()) in wanted
    ]
    width = len(text) * limit // total
    while width > 0:
        short = _piece(text, _start(text, found, width), width)
        size = counter.count(short)
        if size <= limit:
            return short
        width = min(width - 1, width * limit // size)
    return ""


def _start(text: str, found: Sequence[tuple[int, str]], width: int) -> int:
    """Return the place of a word from which `width` characters hold the most of what was found.

    A quarter of them stands in front of it.
    """
    lead = width // 4
    most, best, first = 0, 0, 0
    inside: Tally[str] = Tally()
    for place, word in found:
        inside[word] += 1
        while place - found[first][0] > width - lead:
            inside[found[first][1]] -= 1
            first += 1
        different = len(+inside)
        if different > most:
            most, best = different, found[first][0]
    start = max(min(best - lead, len(text) - width), 0)
    return text.find(" ", start, best) + 1 or start if start else 0


def _piece(text: str, start: int, width: int) -> str:
    """Return so many characters of a text, up to the end of a word, and what shows that."""
    end = start + width
    if end < len(text):
        space = text.rfind(" ", start + width // 2, end)
        end = space if space > 0 else end
    piece = text[start:end].strip()
    return ("… " if start else "") + piece + (" …" if end < len(text) else "")
