"""Values over time, one panel below the other: when was it high?"""

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lunabot.charts.bars import head
from lunabot.charts.canvas import (
    COLOURS,
    FAINT,
    MARGIN,
    RULE,
    SMALL,
    TEXT,
    WIDTH,
    Canvas,
    Picture,
    drawable,
)

_HEAD = 124
_PANEL = 320
_ABOVE = 54  # a panel's title
_BELOW = 70  # its times
_LEFT = 130  # its scale


@dataclass(frozen=True, slots=True)
class Panel:
    """One value over time: None where there was none. `written` puts a value into words.

    Counts are columns; what is measured is a line that breaks where nothing was.
    """

    title: str
    values: Sequence[float | None]
    written: Callable[[float], str]
    columns: bool = False


def series(title: str, subtitle: str, ticks: Sequence[str], panels: Sequence[Panel]) -> Picture:
    """Draw panels over the same moments; a tick that is empty is not written."""
    canvas = Canvas(_HEAD + _PANEL * len(panels))
    head(canvas, title, subtitle)
    for number, panel in enumerate(panels):
        _panel(canvas, _HEAD + number * _PANEL, panel, ticks, COLOURS[number % len(COLOURS)])
    return canvas.picture()


def ceiling_of(most: float) -> float:
    """Return a round number that is not below another one: one digit and a power of ten."""
    if most < sys.float_info.min:  # whose power of ten may be none
        return 1.0
    power = 10.0 ** math.floor(math.log10(most))
    return next(
        (step * power for step in (1, 2, 3, 4, 5, 6, 8) if step * power >= most), 10 * power
    )


def _panel(canvas: Canvas, top: int, panel: Panel, ticks: Sequence[str], colour: str) -> None:
    canvas.write(MARGIN, top + TEXT / 2, drawable(panel.title, ""))
    known = [value for value in panel.values if value is not None]
    if not known:
        canvas.write(_LEFT, top + _PANEL / 2, "nothing yet", ink=FAINT)
        return
    most = ceiling_of(max(known))
    high, low = top + _ABOVE + 16, top + _PANEL - _BELOW
    for share in (0, 0.5, 1):
        y = low - share * (low - high)
        canvas.line([(_LEFT, y), (WIDTH - MARGIN, y)], RULE)
        label = drawable(panel.written(share * most), "")
        canvas.write(_LEFT - 14, y, label, size=SMALL, ink=FAINT, side="right")
    step = (WIDTH - MARGIN - _LEFT) / len(panel.values)
    points = [
        (
            _LEFT + (number + 0.5) * step,
            None if value is None else low - value / most * (low - high),
        )
        for number, value in enumerate(panel.values)
    ]
    for (x, _), tick in zip(points, ticks, strict=True):
        canvas.write(x, low + 26, tick, size=SMALL, ink=FAINT, side="middle")
    if panel.columns:
        _columns(canvas, points, step, low, colour)
    else:
        _curve(canvas, points, colour)


def _columns(
    canvas: Canvas,
    points: Sequence[tuple[float, float | None]],
    step: float,
    low: float,
    colour: str,
) -> None:
    for x, y in points:
        if y is not None:
            canvas.box(round(x - 0.4 * step), round(y), round(x + 0.4 * step), low, colour)


def _curve(canvas: Canvas, points: Sequence[tuple[float, float | None]], colour: str) -> None:
    run: list[tuple[float, float]] = []
    for x, y in [*points, (0.0, None)]:
        if y is not None:
            run.append((x, y))
            canvas.dot(x, y, 6, colour)
            continue
        if len(run) > 1:
            canvas.line(run, colour, 5)
        run = []
