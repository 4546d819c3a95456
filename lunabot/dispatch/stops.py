"""Answers being written, which end when whoever asked stops them or takes the question back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from lunabot.dispatch.writing import Writing
from lunabot.matrix.events import Reaction
from lunabot.matrix.ids import EventId, UserId


class Stops:
    """Knows what is being written, and by which scope it can be ended."""

    def __init__(self) -> None:
        self._running: list[tuple[Writing, asyncio.Timeout]] = []

    @asynccontextmanager
    async def watch(self, writing: Writing) -> AsyncIterator[asyncio.Timeout]:
        """Write an answer within this scope: it expires, with a TimeoutError, when that ends."""
        async with asyncio.timeout(None) as scope:
            entry = (writing, scope)
            self._running.append(entry)
            try:
                yield scope
            finally:
                self._running.remove(entry)

    def stop(self, account: UserId, reaction: Reaction) -> bool:
        """End what an account writes, if the reaction is on it and by one who asked for it."""
        for writing, scope in self._running:
            askers = {question.message.sender for question in writing.questions}
            is_meant = reaction.target in _asked(writing).union(writing.parts)
            if writing.account.user_id == account and is_meant and reaction.sender in askers:
                _expire(scope)
                return True
        return False

    def taken_back(self, question: EventId) -> None:
        """End what is being written in answer to a message."""
        for writing, scope in self._running:
            if question in _asked(writing):
                _expire(scope)


def _asked(writing: Writing) -> set[EventId]:
    return {question.message.event_id for question in writing.questions}


def _expire(scope: asyncio.Timeout) -> None:
    if not scope.expired():
        scope.reschedule(asyncio.get_running_loop().time())
