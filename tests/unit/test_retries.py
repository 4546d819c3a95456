"""When to ask again."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunabot.retries import Patience, back_off_s, retry_after_s


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after": "-3"}, 0),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 -0000"}, 0),
    ],
)
def test_how_long_an_endpoint_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(headers) == seconds


def test_a_date_to_wait_for() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert retry_after_s({"retry-after": date}) == pytest.approx(60, abs=5)


@given(st.text(max_size=40))
def test_no_header_is_a_bug(value: str) -> None:
    seconds = retry_after_s({"retry-after": value, "retry-after-ms": value})
    assert seconds is None or seconds >= 0


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_pauses_double_within_bounds(failures: int, draw: float) -> None:
    pause_s = back_off_s(failures, 0.5, draw)
    longest_s = min(8.0, 0.5 * 2 ** min(failures - 1, 10))
    assert longest_s / 2 <= pause_s <= longest_s


async def test_patience_ends() -> None:
    patience = Patience(total_s=1, attempt_s=0.6, first_pause_s=0.001)
    with patience.attempt() as limit_s:
        assert limit_s == 0.6
    assert await patience.pause(None)
    assert not await patience.pause(2)


async def test_the_last_attempt_gets_what_is_left() -> None:
    patience = Patience(total_s=0.5, attempt_s=0.45, first_pause_s=0.001)
    assert await patience.pause(0.1)
    with patience.attempt() as limit_s:
        assert 0.3 < limit_s <= 0.4
