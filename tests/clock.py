"""The event loop's time, moved by hand: what waits seconds is tested without waiting."""

import asyncio

_STEP_S = 0.05
_TURNS = 10  # of the loop, after each step: enough for a few tasks that wake each other


class Clock:
    """The time of a running loop, which stands still but for `forward`."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._now = loop.time()
        loop.time = lambda: self._now  # type: ignore[method-assign]

    async def forward(self, seconds: float) -> None:
        """Let so many seconds pass, and whatever they wake run."""
        until = self._now + seconds
        while self._now < until:
            self._now = min(self._now + _STEP_S, until)
            await self.settle()

    async def settle(self) -> None:
        """Let run what is ready now."""
        for _ in range(_TURNS):
            await asyncio.sleep(0)
