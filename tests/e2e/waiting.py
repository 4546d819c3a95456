"""Waiting for what a test expects, never for a time."""

import asyncio
import time
from collections.abc import Awaitable, Callable

Condition = Callable[[], bool | Awaitable[bool]]


async def until(condition: Condition, timeout_s: float, what: str, pause_s: float = 0.05) -> None:
    """Return as soon as the condition holds; asked every `pause_s`.

    AssertionError, which says `what` did not come, when `timeout_s` is over.
    """
    end = time.monotonic() + timeout_s
    while True:
        answer = condition()
        if answer if isinstance(answer, bool) else await answer:
            return
        assert time.monotonic() < end, f"not in {timeout_s} s: {what}"
        await asyncio.sleep(pause_s)
