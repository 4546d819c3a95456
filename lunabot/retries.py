"""When to ask again: back-off with jitter, within a budget of time, not before told to."""

import asyncio
import logging
import math
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import monotonic

logger = logging.getLogger(__name__)

_LONGEST_PAUSE_S = 8.0


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Read how long to wait, in seconds, from ``retry-after-ms`` or ``Retry-After``.

    The latter is a number of seconds or a date (RFC 9110, 10.2.3). Nonsense counts as not said.
    """
    for name, unit_s in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            wait_s = float(headers.get(name, "")) * unit_s
        except ValueError:
            continue
        return max(0.0, wait_s) if math.isfinite(wait_s) else None
    try:
        date = parsedate_to_datetime(headers.get("retry-after", ""))
    except ValueError:
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - datetime.now(UTC)).total_seconds())


def back_off_s(failures: int, first_s: float, draw: float) -> float:
    """Return the pause after the n-th failure (from 1): it doubles up to 8 s.

    `draw`, from 0 to 1, spreads callers that failed together over the pause's second half
    ("equal jitter", M. Brooker, *Exponential Backoff and Jitter*, 2015).
    """
    pause_s = min(first_s * 2.0 ** min(failures - 1, 30), _LONGEST_PAUSE_S)
    return pause_s * (0.5 + draw / 2)


class Patience:
    """The time that one call may take in all: attempts and pauses, but not waiting for a place."""

    def __init__(self, total_s: float, attempt_s: float, first_pause_s: float) -> None:
        self._left_s = total_s
        self._attempt_s = attempt_s
        self._first_pause_s = first_pause_s
        self._failures = 0

    @contextmanager
    def attempt(self) -> Iterator[float]:
        """Give the attempt its time limit, in seconds, and count the time it takes."""
        started = monotonic()
        try:
            yield min(self._attempt_s, self._left_s)
        finally:
            self._left_s -= monotonic() - started

    async def pause(self, asked_s: float | None) -> bool:
        """Sleep before the next attempt, at least `asked_s`; at once False when out of time."""
        self._failures += 1
        pause_s = back_off_s(self._failures, self._first_pause_s, random.random())
        pause_s += asked_s or 0.0
        self._left_s -= pause_s
        if self._left_s <= 0:
            return False
        logger.info("asking again in %.1f s", pause_s)
        await asyncio.sleep(pause_s)
        return True
