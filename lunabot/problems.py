"""What does not work just now, by the name of the part: told once, shown while it lasts."""

from collections.abc import Callable


class Problems:
    """A line for each part that is in trouble; `tell` hears of each new line once."""

    def __init__(self, tell: Callable[[str], None], known: dict[str, str] | None = None) -> None:
        self._tell = tell
        self._lines = dict(known or {})

    def report(self, part: str, problem: str, *, quietly: bool = False) -> None:
        """Note a problem; `quietly` where it is seen without being told."""
        news = self._lines.get(part) != problem
        self._lines[part] = problem
        if news and not quietly:
            self._tell(f"⚠️ **{part}**: {problem}")

    def solve(self, part: str) -> None:
        """Note that a part works (again)."""
        self._lines.pop(part, None)

    def of(self, part: str) -> str:
        """Return the problem of a part, empty where it works."""
        return self._lines.get(part, "")

    def lines(self) -> tuple[str, ...]:
        """Return all problems, in Markdown."""
        return tuple(f"**{part}**: {problem}" for part, problem in self._lines.items())
