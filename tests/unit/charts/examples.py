"""The pictures of docs/pictures, from fixed figures: ``python -m tests.unit.charts.examples``."""

from collections.abc import Mapping
from pathlib import Path

from lunabot.charts.bars import Bar, bars
from lunabot.charts.canvas import Picture
from lunabot.charts.series import Panel, series
from lunabot.charts.stacked import stacked

FOLDER = Path(__file__).parents[3] / "docs" / "pictures"

_SPENT = (
    ("Trail scouts", 412_300, 0.11),
    ("Küche", 188_040, 0.05),
    ("Classroom: history of the long nineteenth century", 96_700, 0.03),
    ("数学", 20_100, 0.01),
    ("Кухня", 10_600, 0.00),
    ("others", 9_800, 0.00),
)
_ALIASES = {"数学": "#maths"}
_PARTS = (
    ("system prompt", 310),
    ("lenses", 620),
    ("chapters", 980),
    ("notes", 140),
    ("recent messages", 2_850),
    ("found messages", 410),
    ("question", 36),
)
_MESSAGES = [0, 0, 0, 0, 1, 3, 9, 24, 41, 37, 30, 18, 22, 44, 51, 39, 20, 12, 8, 15, 11, 6, 2, 0]
_WAITED = [None, None, None, None, 1.1, 1.4, 1.2, 2.0, 3.1, 2.7, 2.2, 1.9]
_WAITED += [1.6, 3.4, 4.2, 3.0, 2.1, 1.8, 1.5, 1.7, 1.6, 1.4, 1.2, None]
_LAG = [None if each is None else 0.05 + each / 60 for each in _WAITED]


def pictures() -> Mapping[str, Picture]:
    """Return all of them, by the names of their files."""
    usage = [
        Bar(name, tokens, f"{tokens:,} ({money:.2f} USD)", _ALIASES.get(name, ""))
        for name, tokens, money in _SPENT
    ]
    parts = [
        Bar(name, tokens, f"{tokens:,} ({100 * tokens / 5_346:.0f} %)") for name, tokens in _PARTS
    ]
    ticks = [f"{hour:02}" if hour % 6 == 0 else "" for hour in range(24)]
    return {
        "usage.png": bars(
            "Tokens by room", "since 2026-05-16 (UTC): 737,540 tokens in 312 calls, 0.20 USD", usage
        ),
        "context.png": stacked(
            "Trails", "the next prompt: 5,346 of 7,000 tokens", parts, Bar("free", 1_654, "1,654")
        ),
        "health.png": series(
            "The last 24 hours",
            "by hours of UTC; of times, the median",
            ticks,
            [
                Panel("Messages an hour", _MESSAGES, lambda value: f"{value:g}", columns=True),
                Panel("From a question to its answer", _WAITED, lambda value: f"{value:g} s"),
                Panel("Until a question reached me", _LAG, lambda value: f"{value:g} s"),
            ],
        ),
    }


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, picture in pictures().items():
        (FOLDER / name).write_bytes(picture.png)
