"""What may be purged: how much there is, and how it goes."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from lunabot.admin.wording import counted
from lunabot.memory.archive import Counts

Report = Callable[[str], Awaitable[None]]
"""Hears how far long work is."""


@dataclass(frozen=True, slots=True)
class Holdings:
    """What would go, in Markdown: a `head`, what it holds in `lines`, and what `stays`.

    `fingerprint` is another one when what would go is (see `Plan`).
    """

    head: str
    lines: Sequence[str]
    stays: str
    fingerprint: str


class Scope(Protocol):
    """Something that may be purged."""

    async def look(self) -> Holdings | None:
        """Return what would go; None where there is nothing. Changes nothing."""

    async def empty(self, report: Report) -> str:
        """Take it and return what was there before and is after; raises `WorldError`."""


def size(counts: Counts) -> str:
    """Return how large the archive is."""
    return f"{counted(counts.messages, 'message')} in {counts.size / 1_000_000:,.1f} MB"
