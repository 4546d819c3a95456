"""Answers being written, which whoever asked may stop."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from lunabot.dispatch.writing import Writing
from lunabot.matrix.events import Reaction
from lunabot.matrix.ids import UserId


class Stops:
    """Knows what is being written, and by which scope it can be ended."""

    def __init__(self) -> None:
        self._running: list[tuple[Writing, asyncio.Timeout]] = []

    @contextmanager
    def watch(self, writing: Writing) -> Iterator[asyncio.Timeout]:
        """Give the scope in which an answer is written: it expires when that is stopped."""
        entry = (writing, asyncio.timeout(None))
        self._running.append(entry)
        try:
            yield entry[1]
        finally:
            self._running.remove(entry)

    def stop(self, account: UserId, reaction: Reaction) -> bool:
        """End what an account writes, if the reaction is on it and by one who asked for it."""
        for writing, scope in self._running:
            asked = {question.message.event_id for question in writing.questions}
            askers = {question.message.sender for question in writing.questions}
            is_meant = reaction.target in asked.union(writing.parts)
            if writing.account.user_id == account and is_meant and reaction.sender in askers:
                scope.reschedule(asyncio.get_running_loop().time())
                return True
        return False
