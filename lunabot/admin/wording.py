"""How answers repeat what somebody typed, and list what there is."""

import re
from collections.abc import Sequence

from lunabot.matrix.text import inline_code

_SHOWN = 40


def code(text: str, longest: int = _SHOWN) -> str:
    """Return typed text as inline code in Markdown: one line, cut where it is long."""
    line = " ".join(text.split())
    return inline_code(line[:longest] + "…" if len(line) > longest else line)


def bullets(head: str, lines: Sequence[str]) -> str:
    """Return a list in Markdown below its head; empty where there are no lines."""
    return "\n".join([f"**{head}**\n", *(f"- {line}" for line in lines)]) if lines else ""


def counted(count: int, noun: str) -> str:
    """Return a number and what it counts: 1 chapter, 2 chapters."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def sized(count: int) -> str:
    """Return a number of bytes as people read it: 12.5 kB, 3.1 MB."""
    return f"{count / 1e6:,.1f} MB" if count >= 1e5 else f"{count / 1e3:.1f} kB"


def fenced(text: str) -> str:
    """Return a text as a block of code in Markdown (CommonMark, "Fenced code blocks")."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{text}\n{fence}"
