"""An owner for tasks that nobody awaits: none is lost, none fails unseen, all end with it."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from lunabot.errors import new_reference

log = logging.getLogger(__name__)


class Tasks:
    """Holds running tasks until they end or `close` cancels them; logs what they raise."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run something in a task of its own."""
        task = asyncio.create_task(self._logged(work, name), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self, grace_s: float = 0) -> None:
        """Wait for what runs, at most the grace in seconds, and cancel the rest."""
        running = list(self._tasks)
        if not running:
            return
        _, late = await asyncio.wait(running, timeout=grace_s)
        while late:
            for task in late:
                task.cancel()  # which may be lost in a library (python/cpython#86296)
            _, late = await asyncio.wait(late, timeout=1)

    async def _logged(self, work: Coroutine[Any, Any, None], name: str) -> None:
        try:
            await work
        except Exception:
            log.exception("%s failed, reference %s", name, new_reference())
