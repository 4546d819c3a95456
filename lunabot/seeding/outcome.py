"""What became of one thing that the seed names, and all of it in words."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["made", "changed", "different", "there", "failed"]
_MARKS: dict[Kind, str] = {"made": "✅", "changed": "✏️", "different": "⚠️", "failed": "❌"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One account, room, persona or membership: made now, there already, or neither.

    `password` tells whether its password was made anew.
    """

    kind: Kind
    line: str
    password: bool = False


def told(outcomes: Sequence[Outcome]) -> str:
    """Return a count of each kind, and a line for whatever was not simply there."""
    counts = Counter(outcome.kind for outcome in outcomes)
    if counts.keys() <= {"there"}:
        return f"**All of it is there already** ({counts['there']:,}). I have changed nothing."
    kinds: tuple[Kind, ...] = ("made", "changed", "different", "failed", "there")
    head = ", ".join(f"{counts[kind]:,} {_said(kind)}" for kind in kinds if counts[kind])
    lines = [f"- {_MARKS[each.kind]} {each.line}" for each in outcomes if each.kind != "there"]
    return "\n".join([f"**{head}**\n", *lines])


def _said(kind: Kind) -> str:
    return "there already" if kind == "there" else kind
