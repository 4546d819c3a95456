"""What must be stored however long the disk stays full, and what is told of a disk that fails."""

import asyncio
from collections.abc import Awaitable, Callable

from lunabot.errors import WorldError
from lunabot.memory.state import State
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


def watch_saves(state: State, problems: Problems) -> None:
    """Have it be a problem from now on when the state cannot be saved."""

    def hear(problem: str | None) -> None:
        if problem:
            problems.report("state", problem)
        else:
            problems.solve("state")

    state.report_to(hear)
