"""Storing what must not be passed over, however long the disk stays full."""

import asyncio
from collections.abc import Awaitable, Callable

from lunabot.errors import WorldError
from lunabot.problems import Problems

_PAUSE_S = 5.0


async def until_stored(store: Callable[[], Awaitable[None]], problems: Problems) -> None:
    """Store something, again and again until that works; it is a problem as long as it does not."""
    while True:
        try:
            await store()
        except WorldError as error:
            problems.report("archive", str(error))
            await asyncio.sleep(_PAUSE_S)
            continue
        problems.solve("archive")
        return
