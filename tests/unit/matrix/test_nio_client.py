"""What is read from a response besides its JSON."""

import time
from datetime import UTC, datetime
from email.utils import format_datetime
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunabot.matrix.nio_client import clock_offset_ms


def stamped(at: float) -> Any:
    """Return a response with this moment in its ``Date`` header."""
    date = format_datetime(datetime.fromtimestamp(at, UTC), usegmt=True)
    return SimpleNamespace(transport_response=SimpleNamespace(headers={"Date": date}))


@given(
    ahead_s=st.just(0) | st.integers(-86_400, 86_400),
    poll_s=st.floats(0, 35),
    when=st.floats(0, 1),
)
def test_a_long_poll_makes_no_clock_slow(ahead_s: int, poll_s: float, when: float) -> None:
    """Whether the server stamps a response when it is asked or when it answers."""
    now = time.time()
    offset = clock_offset_ms(stamped(now - (1 - when) * poll_s + ahead_s), poll_s) / 1000
    if ahead_s == 0:
        assert offset == 0
    assert offset == pytest.approx(ahead_s, abs=poll_s + 3)


@pytest.mark.parametrize("date", ["", "yesterday", "Thu, 99 Foo 2026 00:00:00 GMT"])
def test_without_a_sound_date_the_clocks_agree(date: str) -> None:
    response: Any = SimpleNamespace(transport_response=SimpleNamespace(headers={"Date": date}))
    assert clock_offset_ms(response, 0) == 0
