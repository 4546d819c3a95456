"""What a command sees of the work on holes while that goes on in the background."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from lunabot.dispatch.ground import events_before
from lunabot.errors import WorldError
from lunabot.matrix.history import Page
from lunabot.memory.holes import Hole

_SILENCE_S = 120.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the fetching is: of `messages` that were read in `seconds`, `new` were not known.

    `left` is about how many events the room at work still has, where that is known.
    """

    rooms_done: int = 0
    rooms: int = 0
    messages: int = 0
    new: int = 0
    seconds: float = 0.0
    left: int | None = None

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.messages / self.seconds if self.seconds else 0.0

    @property
    def seconds_left(self) -> float | None:
        """How long the room at work still takes, where that is known."""
        return self.left / self.rate if self.left is not None and self.rate else None


Report = Callable[[Progress], Awaitable[None]]


class Watch:
    """Follows the work on some holes until all are closed."""

    def __init__(self, holes: Iterable[Hole]) -> None:
        self._open = {hole.id for hole in holes}
        self._rooms = len(self._open)
        self._started = asyncio.get_running_loop().time()
        self._messages = self._new = 0
        self._left: int | None = None
        self._trouble: WorldError | None = None
        self._changed = asyncio.Event()

    def stored(self, hole: Hole, page: Page, new: int) -> None:
        """Hear that a page of a hole was stored, of which so many messages were new."""
        self._changed.set()
        if hole.id not in self._open:
            return
        self._messages += len(page.messages)
        self._new += new
        self._left = events_before(page.before) if page.before else None
        if page.before is None:
            self._open.remove(hole.id)

    def failed(self, hole: Hole, error: WorldError) -> None:
        """Hear that the work on a hole waits for better times."""
        if hole.id in self._open:
            self._trouble = error
            self._changed.set()

    @property
    def progress(self) -> Progress:
        """How far it is now."""
        seconds = asyncio.get_running_loop().time() - self._started
        done = self._rooms - len(self._open)
        return Progress(done, self._rooms, self._messages, self._new, seconds, self._left)

    async def follow(self, report: Report) -> Progress:
        """Report what changes until all is fetched, and return what came of it.

        Raises `WorldError` with the trouble there is; the work goes on without being watched.
        """
        while self._open:
            try:
                async with asyncio.timeout(_SILENCE_S):
                    await self._changed.wait()
            except TimeoutError:
                raise _going_on(f"nothing has come for {_SILENCE_S:.0f} s") from None
            self._changed.clear()
            if self._trouble:
                raise _going_on(str(self._trouble)) from self._trouble
            await report(self.progress)
        return self.progress


def _going_on(trouble: str) -> WorldError:
    return WorldError(f"{trouble}. I go on by myself when that works again.")
