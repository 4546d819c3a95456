"""What stands behind a verb, split by its declaration into words, options and a tail.

Words and options come first, in any order. Quotes of every kind group; an apostrophe inside a
word is none. ``--key value``, ``--key=value``, ``—key value`` and ``key=value`` are equal; a lone
``--`` ends the options. The tail, where a verb takes one, is what follows its last word, or else
its first line, up to the end of the message: it is taken as it was typed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final

from lunabot.admin.grammar import normalise_verb
from lunabot.admin.wording import code
from lunabot.errors import UserMistake

GIVEN: Final = "yes"
_MOST_QUOTES = 1_000  # in a word; each costs a microsecond or two, and an event holds 15,000
_OPENING = "\"“”„'‘’‚«"
_DASHED = re.compile(r"(?:--|[–—]-?)(?P<key>[^\W\d_][^\s=]*)(?P<equals>=)?")
_ASSIGNED = re.compile(r"(?P<key>[^\W\d_][\w-]*)(?P<equals>=)")
_END_OF_OPTIONS = re.compile(r"(?:--|[–—])(?=\s|$)")
_RUN = re.compile(rf"[^\s=,]*+(?:[=,](?![{_OPENING}])[^\s=,]*+)*[=,]?")  # up to a quote that opens
_SPACE = re.compile(r"\s*")
_ESCAPED = re.compile(r"\\([\\\"“”'‘’»])")
_SPECIAL = re.compile(r"^$|\s|=|^[-–—]|(?:^|,)[" + _OPENING + "]")


def _quoted(closing: str) -> re.Pattern[str]:
    """Match up to the closing quote: the first that no letter follows, so ``'don't stop'``.

    Not possessive: Python before 3.11.3 loses such groups with assertions in them (gh-101955).
    """
    return re.compile(
        rf".(?P<text>(?:\\.|[^\\{closing}]|[{closing}](?=\w))*)[{closing}](?!\w)", re.DOTALL
    )


_DOUBLE, _SINGLE, _ANGLE = _quoted('"“”'), _quoted("'‘’"), _quoted("»")
_QUOTED = {**dict.fromkeys('"“”„', _DOUBLE), **dict.fromkeys("'‘’‚", _SINGLE), "«": _ANGLE}


@dataclass(frozen=True, slots=True)
class Shape:
    """What has to be known of a declaration to split: flags are the options without a value.

    `words` is how many there can be at most.
    """

    words: int = 0
    options: frozenset[str] = frozenset()
    flags: frozenset[str] = frozenset()
    tail: bool = False


@dataclass(frozen=True, slots=True)
class Arguments:
    """Arguments as they were typed, quotes resolved. A flag without a value is `GIVEN`."""

    words: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    tail: str = ""


def split_arguments(text: str, shape: Shape) -> Arguments:
    """Split the text behind a verb.

    Raises `UserMistake` for open quotes, wrong options and words that are too many.
    """
    cursor = _Cursor(text)
    words: list[str] = []
    options: dict[str, str] = {}
    options_ended = False
    while True:
        first_line = "\n" not in cursor.take(_SPACE)[0]
        if cursor.at_end or (shape.tail and not first_line):
            break
        if not options_ended and cursor.matches(_END_OF_OPTIONS):
            cursor.take(_END_OF_OPTIONS)
            options_ended = True
        elif not options_ended and (key := _option_at(cursor, shape)):
            if key in options:
                raise UserMistake(f"`--{key}` is given twice.")
            options[key] = _option_value(cursor, key, shape)
        elif len(words) < shape.words:
            words.append(cursor.take_word())
        elif shape.tail:
            break
        else:
            hint = " Several words are one in “quotes”." if shape.words else ""
            raise UserMistake(f"{code(cursor.rest())} is more than it takes.{hint}")
    return Arguments(tuple(words), options, cursor.rest() if shape.tail else "")


def join_arguments(arguments: Arguments) -> str:
    """Return the text that `split_arguments` reads as these very arguments."""
    head = [quote(word) for word in arguments.words]
    for key, value in arguments.options.items():
        head.append(f"--{key}={quote(value)}")
    return " ".join(head) + (f"\n{_quote_tail(arguments.tail)}" if arguments.tail else "")


def quote(word: str) -> str:
    """Return a word as it has to be typed to be one word, and no option."""
    return _in_quotes(word) if _SPECIAL.search(word) else word


def _quote_tail(tail: str) -> str:
    return _in_quotes(tail) if tail != tail.strip() or tail[0] in _QUOTED else tail


def _in_quotes(text: str) -> str:
    return '"' + re.sub(r"[\\\"“”]", r"\\\g<0>", text) + '"'


def _option_at(cursor: "_Cursor", shape: Shape) -> str | None:
    """Return the option that starts here, normalised, or None where a word does."""
    known = shape.options | shape.flags
    if match := cursor.matches(_DASHED):
        key = normalise_verb(match["key"])
        if key not in known:
            raise UserMistake(_unknown_option(key, known))
        return key
    match = cursor.matches(_ASSIGNED)
    key = normalise_verb(match["key"]) if match else ""
    return key if key in known else None


def _option_value(cursor: "_Cursor", key: str, shape: Shape) -> str:
    match = cursor.take(_DASHED if cursor.matches(_DASHED) else _ASSIGNED)
    if match["equals"]:
        return cursor.take_word()
    if key in shape.flags:
        return GIVEN
    same_line = "\n" not in cursor.take(_SPACE)[0]
    if cursor.at_end or not same_line or cursor.matches(_DASHED):
        raise UserMistake(f"`--{key}` needs a value.")
    return cursor.take_word()


def _unknown_option(key: str, known: frozenset[str]) -> str:
    nearest = get_close_matches(key, known, 1)
    hint = f" Did you mean `--{nearest[0]}`?" if nearest else ""
    return f"There is no option {code(f'--{key}')}.{hint} A text that starts so goes after `--`."


class _Cursor:
    """A place in a text that moves forward."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0

    @property
    def at_end(self) -> bool:
        return self._position == len(self._text)

    def matches(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        return pattern.match(self._text, self._position)

    def take(self, pattern: re.Pattern[str]) -> re.Match[str]:
        """Move behind a pattern that matches here."""
        match = self.matches(pattern)
        assert match, pattern
        self._position = match.end()
        return match

    def take_word(self) -> str:
        """Move behind the word that starts here and return it without its quotes."""
        start, parts = self._position, []
        while not self.at_end and not (character := self._text[self._position]).isspace():
            opens = self._position == start or self._text[self._position - 1] in "=,"
            quotes = _QUOTED.get(character) if opens else None
            parts.append(self._take_quoted(quotes) if quotes else self.take(_RUN)[0])
            if len(parts) > 2 * _MOST_QUOTES:
                raise UserMistake(f"One word has over {_MOST_QUOTES:,} texts in quotes in it.")
        return "".join(parts)

    def rest(self) -> str:
        """Return what is left without the space around it, and without quotes around it all."""
        rest = self._text[self._position :].strip()
        match = _QUOTED[rest[0]].fullmatch(rest) if rest and rest[0] in _QUOTED else None
        return _unescaped(match) if match else rest

    def _take_quoted(self, pattern: re.Pattern[str]) -> str:
        match = self.matches(pattern)
        if not match:
            quoted = code(self._text[self._position + 1 :])
            raise UserMistake(f"The quote before {quoted} is never closed.")
        self._position = match.end()
        return _unescaped(match)


def _unescaped(match: re.Match[str]) -> str:
    return _ESCAPED.sub(r"\1", match["text"])
