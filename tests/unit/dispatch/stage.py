"""A room in which Luna's accounts answer as far as the loop guard allows, at any speed."""

import itertools
from collections.abc import Sequence

from lunabot.config import LoopsSettings
from lunabot.dispatch.guard import Guard
from lunabot.dispatch.queue import Question
from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, UserId
from lunabot.memory.ledger import Debt
from lunabot.memory.memory import Memory
from tests.fake_account import FakeAccount, Sent
from tests.unit.dispatch.people import ADA, BOB, LUNA, OWL, ROOM

_START = 1_000_000


class _Actor(FakeAccount):
    """An account on the stage's clock."""

    def __init__(self, user_id: UserId, stage: "Stage") -> None:
        super().__init__(user_id)
        self._stage = stage

    def server_now(self) -> int:
        return self._stage.now


class Stage:
    """The server's time is `now`, in milliseconds; it goes on by a tenth of a second a message."""

    def __init__(self, memory: Memory, *members: UserId) -> None:
        self.memory = memory
        self.now = _START
        self.settings = LoopsSettings()
        self.told: list[str] = []
        self.accounts = {user: _Actor(user, self) for user in (LUNA, OWL)}
        for account in self.accounts.values():
            account.enter(ROOM, *(members or (ADA, BOB, LUNA, OWL))).name = "Trails"
        self.guard = Guard(lambda: self.settings, lambda: {LUNA, OWL}, memory, self.told.append)
        self._numbers = itertools.count(1)

    async def says(
        self, sender: UserId, *asked: UserId, answering: Message | None = None
    ) -> Message:
        """Let somebody ask some accounts something, or nobody, perhaps in answer to a question."""
        self.now += 100
        answers = (answering.event_id,) if answering else ()
        event_id = EventId(f"$say-{next(self._numbers)}")
        message = Message(event_id, ROOM, sender, self.now, "well?", answers=answers)
        debts = [Debt(user, message.event_id, ROOM, self.now) for user in asked]
        await self.memory.record_sync(sender, "s1", [message], debts)
        return message

    async def allows(self, account: UserId, *messages: Message) -> bool:
        questions = [Question(account, message) for message in messages]
        return await self.guard.allows(self.accounts[account], questions)

    async def exchange(self, order: Sequence[UserId], asker: UserId = ADA) -> int:
        """Let accounts answer in this order, the first one the asker, each then the one before.

        Return how many answered before one was stopped.
        """
        message = await self.says(asker, order[0])
        for number, account in enumerate(order):
            if not await self.allows(account, message):
                return number
            following = order[number + 1 : number + 2]
            message = await self.says(account, *following, answering=message)
        return len(order)

    async def talk(self, person: UserId, questions: int, pause_ms: int = 0) -> int:
        """Let a person ask Luna so often, each time after her answer; return what she answered."""
        answered = 0
        for _ in range(questions):
            self.now += pause_ms
            if await self.allows(LUNA, await self.says(person, LUNA)):
                answered += 1
                await self.says(LUNA)
        return answered

    @property
    def notices(self) -> list[Sent]:
        """What was said in the room about pauses, each event once."""
        sent = [sent for account in self.accounts.values() for sent in account.sent]
        return list({each.event_id: each for each in sent}.values())

    async def owed(self, account: UserId) -> int:
        return len(await self.memory.archive.owed(account))
