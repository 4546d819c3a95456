"""The picture of the last day: which figures go into which hour."""

from collections.abc import Sequence
from typing import Any

import pytest

from lunabot.admin import pulse
from lunabot.charts.canvas import Picture
from lunabot.charts.series import Panel
from lunabot.memory.memory import Memory
from lunabot.memory.pulse import HOUR_MS, Answered
from tests.fake_account import FakeAccount
from tests.fake_services import services

HOURS = range(400_000, 400_024)  # the first one begins at 16:00
START = HOURS[0] * HOUR_MS


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Sequence[str], Sequence[Panel]]]:
    """The ticks and panels of the pictures that were drawn."""
    found: list[tuple[Sequence[str], Sequence[Panel]]] = []

    def series(title: str, subtitle: str, ticks: Sequence[str], panels: Sequence[Panel]) -> Picture:
        found.append((ticks, panels))
        return Picture(b"", 1, 1)

    monkeypatch.setattr(pulse, "series", series)
    return found


def answer(hour: int, lag_ms: int, wait_ms: int, *, ahead_ms: int = 0) -> Answered:
    """Return an answer to what was received in an hour, by a server whose clock is ahead."""
    received = START + hour * HOUR_MS + 100_000
    return Answered(received - lag_ms + ahead_ms, received, received + wait_ms + ahead_ms)


def test_each_hour_shows_its_count_and_its_medians(drawn: list[Any]) -> None:
    answers = [
        answer(2, 40, 1_000),
        answer(2, 60, 2_000),
        answer(2, 5_000, 90_000),
        answer(23, 10, 500),
    ]
    pulse.draw(HOURS, {HOURS[0]: 7, HOURS[23]: 1}, answers, 0)
    [(ticks, (messages, waits, lags))] = drawn
    assert [tick for tick in ticks if tick] == ["18", "00", "06", "12"]
    assert (messages.values[0], messages.values[1], messages.values[23]) == (7, 0, 1)
    assert (waits.values[2], waits.values[3], waits.values[23]) == (2.0, None, 0.5)
    assert (lags.values[2], lags.values[3], lags.values[23]) == (0.06, None, 0.01)


def test_clocks_that_differ_do_not_show(drawn: list[Any]) -> None:
    pulse.draw(HOURS, {}, [answer(1, 50, 700, ahead_ms=30_000)], 30_000)
    [(_, (_, waits, lags))] = drawn
    assert (waits.values[1], lags.values[1]) == (0.7, 0.05)


def test_nothing_takes_less_than_no_time(drawn: list[Any]) -> None:
    pulse.draw(HOURS, {}, [answer(1, -50, -700)], 0)
    [(_, (_, waits, lags))] = drawn
    assert (waits.values[1], lags.values[1]) == (0, 0)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0 s"), (0.0123, "0.0123 s"), (2.5, "2.5 s"), (90, "1.5 min"), (9_000, "2.5 h")],
)
def test_times_are_shown_in_the_unit_that_fits(seconds: float, shown: str) -> None:
    assert pulse.duration(seconds) == shown


async def test_a_house_in_which_nothing_happened(account: FakeAccount, memory: Memory) -> None:
    draw = await pulse.take(services(account, memory), START)
    assert draw().width <= 1_000
