"""The loop guard: who talks in circles is paused, until somebody else speaks or time has passed.

What counts is read from the archive each time. Of its own the guard keeps only the pauses, in the
state, so that they outlive a restart.
"""

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from lunabot.config import LoopsSettings
from lunabot.dispatch.loops import Loop, Situation, find_loop, turns_needed
from lunabot.dispatch.pause_notice import for_administrators, for_the_room
from lunabot.dispatch.queue import Question
from lunabot.errors import WorldError
from lunabot.matrix.account import Account
from lunabot.matrix.events import Message
from lunabot.matrix.ids import RoomId, UserId
from lunabot.matrix.markdown import text_content
from lunabot.matrix.transaction import transaction_id
from lunabot.memory.memory import Memory
from lunabot.memory.pauses import Pause

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Guard:
    """The door through which every answer goes.

    `own` are the user ids of Luna's accounts; `tell` says a line to the administrators. What
    reads or writes the archive raises `WorldError`. A state that cannot be saved does not: the
    pause holds while the process lives.
    """

    settings: Callable[[], LoopsSettings]
    own: Callable[[], Collection[UserId]]
    memory: Memory
    tell: Callable[[str], None]

    async def allows(self, account: Account, questions: Sequence[Question]) -> bool:
        """Tell whether an account may answer questions, all of one room.

        If not, they are settled as ignored; when that begins a pause, the room and the
        administrators are told. What completes or replaces an answer is no new turn.
        """
        if questions[0].parts:
            return True
        pause = await self._pause(account, questions)
        if pause is None or account.user_id not in pause.concerned:
            return True
        asked = [question.message.event_id for question in questions]
        if pause.cause in asked and pause.silenced == account.user_id:
            await self._announce(account, pause, questions[-1].message)
        await self.memory.archive.record_unanswered(account.user_id, asked, "ignored")
        return False

    async def paused(self, now: int) -> tuple[Pause, ...]:
        """Return the pauses that are in force now (milliseconds of the server's clock)."""
        found = [await self._in_force(pause, now) for pause in self.memory.state.pauses]
        return tuple(pause for pause in found if pause)

    def resume(self, pause: Pause, at: int) -> None:
        """End a pause; what was said up to this moment (milliseconds) counts no more."""
        self.memory.state.pauses.clear(pause.room_id, max(pause.since, at))

    async def _pause(self, account: Account, questions: Sequence[Question]) -> Pause | None:
        """Return the pause that these questions fall into, or begin; end one they make an end of.

        Whoever asks ends a pause by it only if that is not the next turn of a loop.
        """
        question = questions[-1].message
        askers = frozenset(each.message.sender for each in questions)
        pause = self.memory.state.pauses.get(question.room_id)
        if pause:
            pause = await self._in_force(pause, account.server_now(), besides=askers)
        if loop := await self._loop(account, question.room_id, askers):
            if pause:
                return self._extend(pause, loop)
            return await self._begin(account, question, loop)
        if pause and any(self._ends(pause, asker) for asker in askers):
            self.resume(pause, question.timestamp)
            return None
        return pause

    async def _in_force(
        self, pause: Pause, now: int, besides: Collection[UserId] = ()
    ) -> Pause | None:
        """Return a pause, or end it: its time is over, or somebody spoke, `besides` these."""
        if pause.until <= now:
            self.resume(pause, pause.until)
            return None
        words = await self.memory.archive.last_words(pause.room_id, pause.since)
        ends = [
            timestamp
            for sender, timestamp in words.items()
            if sender not in besides and self._ends(pause, sender)
        ]
        if ends:
            self.resume(pause, max(ends))
            return None
        return pause

    def _ends(self, pause: Pause, sender: UserId) -> bool:
        """Tell whether what a sender says ends a pause. Luna's accounts speak when asked only, so
        that their words are no sign of life."""
        return sender not in pause.concerned and sender not in self.own()

    async def _loop(
        self, account: Account, room_id: RoomId, askers: frozenset[UserId]
    ) -> Loop | None:
        own, settings = self.own(), self.settings()
        turns = await self.memory.archive.turns(
            room_id,
            account.user_id,
            turns_needed(settings),
            since=self.memory.state.pauses.cleared_at(room_id),
            senders=() if askers.issubset(own) else askers | {account.user_id},
        )
        is_direct = account.joined_count(room_id) == 2
        return find_loop(Situation(turns, account.user_id, askers, own, is_direct), settings)

    def _extend(self, pause: Pause, loop: Loop) -> Pause:
        extended = replace(pause, concerned=pause.concerned | loop.concerned)
        if extended != pause:
            self.memory.state.pauses.put(extended)
        return extended

    async def _begin(self, account: Account, question: Message, loop: Loop) -> Pause:
        """Pause a room. It is on the disk before anybody is told."""
        cooldown_s = self.settings().cooldown_s
        pause = Pause(
            question.room_id,
            account.room_name(question.room_id),
            loop.layer,
            loop.reason,
            loop.concerned,
            since=question.timestamp,
            until=account.server_now() + cooldown_s * 1000,
            cause=question.event_id,
            silenced=account.user_id,
        )
        self.memory.state.pauses.put(pause)
        try:
            await self.memory.state.flush()
        except WorldError as error:
            log.warning("a pause is not saved yet: %s", error)
        self.tell(for_administrators(pause, cooldown_s))
        return pause

    async def _announce(self, account: Account, pause: Pause, question: Message) -> None:
        """Tell the room, after a crash perhaps again: it is the same event. A failure only shows in
        the log."""
        text = for_the_room(pause, self.settings().cooldown_s)
        notice = text_content(text, msgtype="m.notice", thread=question.thread)
        transaction = transaction_id(account.user_id, pause.cause, "pause")
        try:
            await account.send(pause.room_id, notice, transaction)
        except WorldError as error:
            log.warning("%s could not be told that it is paused: %s", pause.room_id, error)
