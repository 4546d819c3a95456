"""The last day as a picture: how much was said, how fast it was answered, how late it came."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from statistics import median

from lunabot.admin.services import Services
from lunabot.charts.canvas import Picture
from lunabot.charts.series import Panel, series
from lunabot.memory import pulse
from lunabot.memory.pulse import HOUR_MS, Answered

_HOURS = 24


async def take(services: Services, now: int) -> Callable[[], Picture]:
    """Look up the hours up to now (Luna's clock, milliseconds); return what draws them."""
    hours = range(now // HOUR_MS - _HOURS + 1, now // HOUR_MS + 1)
    since, search = hours[0] * HOUR_MS, services.memory.archive.search
    counts = await search(pulse.messages_by_hour, since)
    answers = await search(pulse.answered, since, services.own_accounts())
    return partial(draw, hours, counts, answers, services.account.server_now() - now)


def draw(
    hours: range, counts: Mapping[int, int], answers: Iterable[Answered], ahead_ms: int
) -> Picture:
    """Draw hours, counted from 1970; the server's clock is so many milliseconds ahead."""
    waits: dict[int, list[float]] = {}
    lags: dict[int, list[float]] = {}
    for each in answers:
        received, hour = each.received + ahead_ms, each.received // HOUR_MS
        waits.setdefault(hour, []).append(max(0, each.shown - received) / 1000)
        lags.setdefault(hour, []).append(max(0, received - each.asked) / 1000)
    return series(
        "The last 24 hours",
        "by hours of UTC; of times, the median",
        [f"{hour % 24:02}" if hour % 6 == 0 else "" for hour in hours],
        [
            Panel(
                "Messages an hour", [counts.get(each, 0) for each in hours], _count, columns=True
            ),
            Panel("From a question to its answer", _medians(hours, waits), duration),
            Panel("Until a question reached me", _medians(hours, lags), duration),
        ],
    )


def duration(seconds: float) -> str:
    """Return a time in the unit that fits."""
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds:.3g} s"


def _medians(hours: Iterable[int], values: Mapping[int, list[float]]) -> list[float | None]:
    return [median(values[hour]) if hour in values else None for hour in hours]


def _count(value: float) -> str:
    return f"{value:,.1f}".removesuffix(".0")
