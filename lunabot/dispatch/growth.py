"""A long answer while it is being written: it appears early and grows by edits."""

import asyncio
import contextlib
import logging
from types import TracebackType
from typing import Self

from lunabot.config import AnswersSettings
from lunabot.dispatch.writing import Writing
from lunabot.errors import LunaError

log = logging.getLogger(__name__)


class Growth:
    """Shows `text` in the room from some seconds on, and again whenever there is more of it.

    A context: left in order, it waits for what is being sent; left by a cancellation, it does not.
    What cannot be shown on the way is left to the end, when the whole is sent. What takes the place
    of an answer is not shown before that, either: a crash would leave neither.
    """

    def __init__(self, writing: Writing, pace: AnswersSettings) -> None:
        self.text = ""
        self._writing = writing
        self._pace = pace
        self._ended = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._grow())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        if isinstance(error, asyncio.CancelledError):
            self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    @property
    def is_seen(self) -> bool:
        """Whether something of the answer is in the room, so that it has to come to an end."""
        return bool(self.text and self._writing.parts) and not self._writing.is_replacement

    async def _grow(self) -> None:
        pause, shown = self._pace.grow_after_s, ""
        while not await self._has_ended(pause):
            if self.text == shown or self._writing.is_replacement:
                continue
            pause, shown = self._pace.edit_every_s, self.text
            try:
                await self._writing.grow(shown)
            except LunaError as error:
                log.warning("an answer does not grow: %s", error)

    async def _has_ended(self, within_s: float) -> bool:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), within_s)
        return self._ended.is_set()
