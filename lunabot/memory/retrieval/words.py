"""A text as the words it is found by, in any script.

The full text holds exactly these words. A change here needs a migration that rebuilds the index:
``INSERT INTO message_index (message_index) VALUES ('rebuild')``.
"""

import re
import unicodedata

from lunabot.matrix.text import fold

_LENGTH = 40  # what is longer is no word
STEM = 5
"""Letters of a word that are enough of it."""
# Marks are part of words in Hebrew, Arabic, the Indic and the South-East Asian scripts.
_MARKED = "\u0591-\u05c7\u064b-\u065f\u0670\u0900-\u0963\u0966-\u109f\u1780-\u17d3"
_SYMBOL = "\u2190-\u2bff\U0001f000-\U0001f3fa\U0001f400-\U0001faff"  # not the tones of skin
_WORD = re.compile(rf"(?:[^\W_]|[{_MARKED}])+|[{_SYMBOL}]")
_ASCII_WORD = re.compile(r"[a-z0-9]+")
# Scripts without spaces, and Korean, whose particles are part of the word.
_IDEOGRAPHIC = "\u3005\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\U00020000-\U0003ffff"
_ALPHABETIC = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
_RUN = re.compile(rf"[{_IDEOGRAPHIC}]+|[{_ALPHABETIC}]+|[^{_IDEOGRAPHIC}{_ALPHABETIC}]+")
_RUN_OF_IDEOGRAPHS = re.compile(f"[{_IDEOGRAPHIC}]")
_RUN_OF_LETTERS = re.compile(f"[{_ALPHABETIC}]")
_HAN = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]")
_ACCENT = re.compile("[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670]")


def words(text: str) -> list[str]:
    """Return the words of a text in their order, folded: without case, width and accents.

    Scripts without spaces are cut into overlapping pieces of two characters (three where letters
    are an alphabet's; single ideographs, too), as Lucene's CJKBigramFilter does. Of words beyond
    ASCII the first five letters count, which serves inflected languages nearly as well as a
    stemmer of their own (McNamee and Mayfield 2004, "Character N-Gram Tokenization for European
    Language Text Retrieval"); those in ASCII are stemmed by the index itself.
    """
    folded = _without_accents(fold(text))
    if folded.isascii():
        return [word[:_LENGTH] for word in _ASCII_WORD.findall(folded)]
    return [piece for word in _WORD.findall(folded) for piece in _pieces(word)]


def _without_accents(text: str) -> str:
    if text.isascii():
        return text
    chunks = (text[start : start + 256] for start in range(0, len(text), 256))  # see `fold`
    return "".join(
        unicodedata.normalize("NFC", _ACCENT.sub("", unicodedata.normalize("NFD", chunk)))
        for chunk in chunks
    )


def _pieces(word: str) -> list[str]:
    if word.isascii():
        return [word[:_LENGTH]]
    return [piece for run in _RUN.findall(word) for piece in _cut(run)]


def _cut(run: str) -> list[str]:
    if _RUN_OF_IDEOGRAPHS.match(run):
        return _overlapping(run, 2) + (_HAN.findall(run) if len(run) > 1 else [])
    if _RUN_OF_LETTERS.match(run):
        return _overlapping(run, 3)
    return [run[:_LENGTH] if run.isascii() else run[:STEM]]


def _overlapping(run: str, size: int) -> list[str]:
    return [run[start : start + size] for start in range(max(len(run) - size + 1, 1))]
