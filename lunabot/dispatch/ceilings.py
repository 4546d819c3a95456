"""The ceilings on what a day may cost: near one the administrators hear of it, at it none answers.

What was spent is read from the archive, each row once. What was said of it today is a small fact of
the state, so that a restart does not say it again.
"""

import logging
import sqlite3
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from lunabot.config import LimitsSettings
from lunabot.dispatch.ceiling_notice import for_administrators, for_the_room
from lunabot.dispatch.queue import Question
from lunabot.dispatch.spending import (
    DAY_MS,
    Ceiling,
    Spending,
    ceilings_over,
    stopping,
)
from lunabot.errors import WorldError
from lunabot.matrix.account import Account
from lunabot.matrix.events import Message
from lunabot.matrix.ids import UserId
from lunabot.matrix.markdown import text_content
from lunabot.matrix.transaction import transaction_id
from lunabot.memory import usage
from lunabot.memory.memory import Memory

log = logging.getLogger(__name__)

_TOLD = "ceilings_told"


def _clock() -> int:
    return int(time.time() * 1000)


@dataclass
class Ceilings:
    """The second door through which every answer goes; without limits it stands open.

    `own` are the user ids of Luna's accounts, which are no persons; `tell` says a line to the
    administrators; `now` is the time in milliseconds. What is being written while a ceiling is
    reached is finished: answers in work at the same time may go beyond it.
    """

    settings: Callable[[], LimitsSettings]
    own: Callable[[], Collection[UserId]]
    memory: Memory
    tell: Callable[[str], None]
    now: Callable[[], int] = _clock
    _spending: Spending = field(init=False, default_factory=lambda: Spending(0))
    _read: int = field(init=False, default=0)  # the number of the last row that was read

    async def allows(self, account: Account, questions: Sequence[Question]) -> bool:
        """Tell whether an account may answer questions, all of one room.

        If not, they are settled as ignored, and the room is told once a day. What completes an
        answer is allowed. Raises `WorldError` as the archive does.
        """
        if questions[0].parts and not questions[0].again:
            return True
        message = questions[-1].message
        askers = {question.message.sender for question in questions}
        people = askers.difference(self.own())
        over = ceilings_over(self.settings(), account.user_id, people, message.room_id)
        if not over:
            return True
        near = (await self._today()).near(over)
        for each in near:
            mark = f"{'full' if each.full else 'near'} {_name(each.ceiling)}"
            if not self._was_told(mark):
                self.tell(for_administrators(each))
                self._note(mark)
        full = stopping(near, len(askers))
        if full is None:
            return True
        await self._announce(account, message, full.ceiling)
        asked = [question.message.event_id for question in questions]
        await self.memory.archive.record_unanswered(account.user_id, asked, "ignored")
        return False

    async def _today(self) -> Spending:
        """Return what today has cost by now."""
        day = self.now() // DAY_MS
        if day != self._spending.day:
            self._spending = Spending(day)
        rows = await self.memory.archive.search(usage.newer, self._read, day * DAY_MS)
        for number, row in rows:
            if number > self._read:  # else another answer has read it meanwhile
                self._read = number
                self._spending.add(row)
        return self._spending

    async def _announce(self, account: Account, message: Message, ceiling: Ceiling) -> None:
        """Tell the room, after a crash perhaps again: it is the same event. A failure only shows in
        the log."""
        mark = f"notice {message.room_id} {_name(ceiling)}"
        if self._was_told(mark):
            return
        notice = text_content(
            for_the_room(ceiling),
            msgtype="m.notice",
            in_reply_to=message.event_id,
            thread=message.thread,
        )
        transaction = transaction_id(account.user_id, message.event_id, "ceiling")
        try:
            await account.send(message.room_id, notice, transaction)
        except WorldError as error:
            log.warning("%s could not be told of a limit: %s", message.room_id, error)
        else:
            self._note(mark)

    def _told(self) -> list[str]:
        """Return what was told today, after the day itself."""
        day = str(self.now() // DAY_MS)
        told = (self.memory.state.fact(_TOLD) or "").split("\n")
        return told if told[0] == day else [day]

    def _was_told(self, mark: str) -> bool:
        return mark in self._told()

    def _note(self, mark: str) -> None:
        self.memory.state.set_fact(_TOLD, "\n".join([*self._told(), mark]))


def _name(ceiling: Ceiling) -> str:
    """Return what makes it another ceiling: one that was raised is told of anew."""
    return f"{ceiling.kind} {ceiling.subject} {ceiling.most}"


def spending_of(connection: sqlite3.Connection, day: int) -> Spending:
    """Return what a day (UTC, counted from 1970) has cost; on a thread of the archive's."""
    spending = Spending(day)
    for _, row in usage.newer(connection, 0, day * DAY_MS):
        spending.add(row)
    return spending
