"""One trait: its name, and the score or text that it may have.

A check returns what is kept, or raises `ValueError` with what is wrong and the fix.
"""

import difflib
import re
from collections.abc import Sequence

from lunabot.config.seed import BIG_FIVE
from lunabot.config.values import check_text, shown
from lunabot.matrix.text import visible

_MOST = 50
_NAME_LENGTH = 50
_TEXT_LENGTH = 500
_LETTERS = {name[0]: name for name in BIG_FIVE}
_SPELLED_ALIKE = 0.8  # what difflib gives "extroversion" is 0.92


def check_traits(given: Sequence[tuple[str, object]]) -> dict[str, int | str]:
    """Return traits by the names under which they are kept; all mistakes are told at once."""
    if len(given) > _MOST:
        raise ValueError(f"there are {len(given)} of them – keep the {_MOST} that matter most")
    traits: dict[str, int | str] = {}
    mistakes: list[str] = []
    for written, value in given:
        try:
            name = _name(written)
            if name in traits:
                raise ValueError(f"{name} is given twice – keep one")
            traits[name] = _value(name, value)
        except ValueError as error:
            mistakes.append(str(error))
    if mistakes:
        raise ValueError("; ".join(mistakes))
    return traits


def one_line(text: str) -> str:
    """Return a text on one line, without what cannot be seen."""
    return " ".join(visible(text).split())


def _name(written: str) -> str:
    """Return the name of a trait as it is kept: `O` and `Openness` are `openness`."""
    name = one_line(written)
    if not 0 < len(name) <= _NAME_LENGTH:
        raise ValueError(f"the name {shown(written)} does not have 1 to {_NAME_LENGTH} characters")
    lower = _LETTERS.get(name.lower(), name.lower())
    return lower if lower in BIG_FIVE else name


def _value(name: str, value: object) -> int | str:
    is_plain = isinstance(value, str | int | float) and not isinstance(value, bool)
    text = one_line(str(value)) if is_plain else ""
    is_score = bool(re.fullmatch(r"[0-9]{1,3}", text)) and int(text) <= 100
    if name in BIG_FIVE:
        if is_score:
            return int(text)
        raise ValueError(f"{shown(value)} is not a whole number from 0 to 100, as {name} needs")
    if is_score and (near := difflib.get_close_matches(name.lower(), BIG_FIVE, 1, _SPELLED_ALIKE)):
        raise ValueError(f"{shown(name)} is no trait with a score – did you mean {near[0]}?")
    if not 0 < len(text) <= _TEXT_LENGTH:
        raise ValueError(f"{shown(name)} needs a text of 1 to {_TEXT_LENGTH} characters")
    return check_text(text)
