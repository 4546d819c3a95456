"""Long lists, a page at a time: a phone shows some forty lines well."""

from collections.abc import Sequence
from typing import Final, TypeVar

from lunabot.errors import UserMistake

PAGE: Final = 40

_T = TypeVar("_T")


def page_of(items: Sequence[_T], page: int, size: int = PAGE) -> Sequence[_T]:
    """Return a page of a list, counted from 1; raises `UserMistake` for one that is not there."""
    pages = max(1, -(-len(items) // size))
    if not 1 <= page <= pages:
        raise UserMistake(f"There is no page {page}: {_pages(pages)}.")
    return items[(page - 1) * size : page * size]


def turning(page: int, *, more: bool) -> str:
    """Return the line below a page that says how to go on; empty where this is all."""
    if more:
        return f"\n\nPage {page}: `--page {page + 1}` goes on."
    return f"\n\nPage {page}, the last." if page > 1 else ""


def _pages(number: int) -> str:
    return "there is one only" if number == 1 else f"there are {number}"
