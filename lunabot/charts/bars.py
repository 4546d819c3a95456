"""Bars that lie below each other, each with its name above it: what was most?"""

from collections.abc import Sequence
from dataclasses import dataclass

from lunabot.charts.canvas import (
    COLOURS,
    FAINT,
    MARGIN,
    RULE,
    SMALL,
    TEXT,
    TITLE,
    WIDTH,
    Canvas,
    Picture,
    drawable,
)

_HEAD = 120
_ROW = 88
_BAR = 26


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its name, how long it is, and what stands behind the name.

    `otherwise` is what it is called where the font has no letters for its name.
    """

    name: str
    value: float
    shown: str
    otherwise: str = ""

    def called(self, number: int) -> str:
        """Return its name as it can be drawn: if there is none, its number in the list below."""
        return drawable(self.name, drawable(self.otherwise, f"no. {number} of the list"))


def bars(title: str, subtitle: str, items: Sequence[Bar]) -> Picture:
    """Draw bars in the order given; ten are enough for a phone.

    What has no name that can be drawn is called by its number.
    """
    canvas = Canvas(_HEAD + _ROW * len(items) + MARGIN)
    head(canvas, title, subtitle)
    most = max([item.value for item in items], default=0) or 1
    for number, item in enumerate(items):
        _row(canvas, _HEAD + number * _ROW, number + 1, item, item.value / most)
    return canvas.picture()


def head(canvas: Canvas, title: str, subtitle: str) -> None:
    """Write what the picture shows."""
    room = WIDTH - 2 * MARGIN
    title, subtitle = drawable(title, "(named in the text)"), drawable(subtitle, "")
    canvas.write(MARGIN, 42, canvas.fitting(title, room, TITLE), size=TITLE)
    canvas.write(MARGIN, 86, canvas.fitting(subtitle, room, SMALL), size=SMALL, ink=FAINT)


def _row(canvas: Canvas, top: int, number: int, item: Bar, share: float) -> None:
    shown = drawable(item.shown, "")
    room = WIDTH - 2 * MARGIN - canvas.width_of(shown) - MARGIN
    name = canvas.fitting(item.called(number), room)
    canvas.write(MARGIN, top + TEXT / 2, name)
    canvas.write(WIDTH - MARGIN, top + TEXT / 2, shown, side="right", ink=FAINT)
    left, bar_top = MARGIN, top + 40
    canvas.box(left, bar_top, WIDTH - MARGIN, bar_top + _BAR, RULE)
    length = max(share * (WIDTH - 2 * MARGIN), 3 if item.value else 0)
    canvas.box(left, bar_top, left + length, bar_top + _BAR, COLOURS[0])
