"""The wish to stop, from whichever side it comes, and the reason given."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

_DONE_WITHIN_S = 5.0

_T = TypeVar("_T")


class Stopped(Exception):
    """A stop was asked for before the work was done; the work was cancelled."""


class Stopping:
    """Set once; a second signal ends the process at once, and its child processes with it."""

    def __init__(self) -> None:
        self.reason = ""
        self._again = False
        self._asked = asyncio.Event()
        self._had_signal = False

    @property
    def asked(self) -> bool:
        """Whether somebody has asked."""
        return self._asked.is_set()

    def request(self, reason: str, *, again: bool = False) -> None:
        """Ask Luna to stop; the first reason counts. To be called on her event loop.

        With `again` she is to begin anew in the same process, unless somebody asks for an end.
        """
        if not self.asked or (self._again and not again):
            self.reason, self._again = reason, again
            self._asked.set()

    def request_when_done(self, reason: str, *, again: bool = False) -> None:
        """Ask for it once the task that calls this has ended, or takes too long for that.

        So a command that stops her has its answer, though the server be slow.
        """
        request = partial(self.request, reason, again=again)
        timer = asyncio.get_running_loop().call_later(_DONE_WITHIN_S, request)

        def done(_: object) -> None:
            timer.cancel()
            request()

        if task := asyncio.current_task():
            task.add_done_callback(done)

    def begin_again(self) -> bool:
        """Return whether she is to begin anew; nothing is asked for then any more."""
        again, self._again = self._again, False
        if again:
            self.reason = ""
            self._asked.clear()
        return again

    async def wait(self) -> None:
        """Return once somebody has asked."""
        await self._asked.wait()

    async def unless_asked(self, work: Awaitable[_T]) -> _T:
        """Return what the work gives; cancel it and raise `Stopped` when a stop comes first."""
        working = asyncio.ensure_future(work)
        asked = asyncio.ensure_future(self.wait())
        try:
            await asyncio.wait([working, asked], return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                return working.result()
            raise Stopped
        finally:
            working.cancel()
            asked.cancel()
            await asyncio.gather(working, asked, return_exceptions=True)

    def on_signals(self, given_reason: Callable[[], str | None]) -> None:
        """Stop at SIGINT and SIGTERM, for the reason given beforehand or that of the signal."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._signalled, number, given_reason)

    def _signalled(self, number: signal.Signals, given_reason: Callable[[], str | None]) -> None:
        if self._had_signal:
            os._exit(128 + number)
        self._had_signal = True
        default = "Ctrl-C" if number == signal.SIGINT else "the system asked me to (SIGTERM)"
        self.request(given_reason() or default)
