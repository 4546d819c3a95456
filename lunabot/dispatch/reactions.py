"""What people want of an answer: that it stops, that there is another one, or none any more."""

from dataclasses import dataclass, replace

from lunabot.dispatch.queue import Question, RoomQueues
from lunabot.dispatch.stops import Stops
from lunabot.matrix.events import Reaction, Redaction
from lunabot.matrix.ids import UserId
from lunabot.memory.memory import Memory
from lunabot.tasks import Tasks

STOP, AGAIN = "🛑", "🔁"
_VARIATION_SELECTORS = str.maketrans("", "", "\ufe0e\ufe0f")


@dataclass(frozen=True, slots=True)
class Reactions:
    """Hears reactions, and what is taken back.

    Only the reaction of somebody who asked counts, on the question or its answer.
    """

    memory: Memory
    queues: RoomQueues
    stops: Stops
    tasks: Tasks

    def __call__(self, seer: UserId, reaction: Reaction | Redaction) -> None:
        """Hear of what an account saw; a redaction has been stored."""
        if isinstance(reaction, Redaction):
            self.stops.taken_back(reaction.target)
            return
        key = reaction.key.translate(_VARIATION_SELECTORS)
        if key == STOP and not self.stops.stop(seer, reaction):
            if self.queues.withdraw(seer, reaction):
                self.tasks.start(self._ignore(seer, reaction), "withdrawal")
            else:
                self.tasks.start(self._stop_unheard(seer, reaction), "stop")
        elif key == AGAIN:
            self.tasks.start(self._again(seer, reaction), "another answer")

    async def _stop_unheard(self, seer: UserId, reaction: Reaction) -> None:
        """Stop an answer of which a sync has told that it is in the room, and not yet the server's
        response to whoever sent it."""
        for debt in await self.memory.archive.debts_about(reaction.room_id, reaction.target):
            if debt.account == seer:
                self.stops.stop(seer, replace(reaction, target=debt.event_id))

    async def _ignore(self, seer: UserId, reaction: Reaction) -> None:
        await self.memory.archive.record_unanswered(seer, [reaction.target], "ignored")

    async def _again(self, seer: UserId, reaction: Reaction) -> None:
        """Ask the questions of an answer once more; the new answer takes the place of the old."""
        debts = await self.memory.archive.debts_about(reaction.room_id, reaction.target)
        mine = [debt for debt in debts if debt.account == seer and debt.parts]
        asked = await self.memory.archive.messages([debt.event_id for debt in mine])
        if reaction.sender not in {message.sender for message in asked.values()}:
            return
        for debt in mine:
            if debt.event_id in asked:
                message = asked[debt.event_id]
                self.queues.put(Question(seer, message, debt.parts, again=True))
