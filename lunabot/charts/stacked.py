"""One bar of several parts, with a line for each below it: what is the whole made of?"""

from collections.abc import Sequence

from lunabot.charts.bars import Bar, head
from lunabot.charts.canvas import (
    COLOURS,
    FAINT,
    MARGIN,
    RULE,
    TEXT,
    WIDTH,
    Canvas,
    Picture,
    drawable,
)

_TOP = 124
_BAR = 80
_ROW = 54
_SQUARE = 30


def stacked(title: str, subtitle: str, parts: Sequence[Bar], rest: Bar | None = None) -> Picture:
    """Draw parts in the order given, and behind them, in grey, the rest of the whole."""
    shown = [*parts, *([rest] if rest else [])]
    colours = [COLOURS[number % len(COLOURS)] for number in range(len(parts))] + [RULE]
    canvas = Canvas(_TOP + _BAR + 40 + _ROW * len(shown) + MARGIN // 2)
    head(canvas, title, subtitle)
    whole = sum(part.value for part in shown) or 1
    left: float = MARGIN
    for part, colour in zip(shown, colours, strict=False):
        right = left + part.value / whole * (WIDTH - 2 * MARGIN)
        canvas.box(round(left), _TOP, round(right), _TOP + _BAR, colour)
        left = right
    for number, (part, colour) in enumerate(zip(shown, colours, strict=False)):
        _entry(canvas, _TOP + _BAR + 40 + number * _ROW, number + 1, part, colour)
    return canvas.picture()


def _entry(canvas: Canvas, top: int, number: int, part: Bar, colour: str) -> None:
    middle, shown = top + _SQUARE / 2, drawable(part.shown, "")
    canvas.box(MARGIN, top, MARGIN + _SQUARE, top + _SQUARE, colour)
    room = WIDTH - 3 * MARGIN - _SQUARE - canvas.width_of(shown)
    name = canvas.fitting(part.called(number), room, TEXT)
    canvas.write(MARGIN + _SQUARE + 16, middle, name)
    canvas.write(WIDTH - MARGIN, middle, shown, side="right", ink=FAINT)
