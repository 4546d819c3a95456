"""An inbox of Luna's and an owl's accounts, and whatever it hands out."""

import asyncio
from collections.abc import Sequence

from lunabot.dispatch.inbox import Inbox
from lunabot.dispatch.queue import Question, RoomQueues
from lunabot.dispatch.scene import Scene
from lunabot.matrix.account import Account
from lunabot.matrix.batch import SyncBatch
from lunabot.matrix.events import Message, Reaction, Redaction, RoomEvent
from lunabot.matrix.ids import EventId, UserId
from lunabot.memory.memory import Memory
from tests.fake_account import FakeAccount
from tests.unit.dispatch.people import ADA, LUNA, OWL

HOUR_MS = 3_600_000


class Hall:
    """What it hands out is in `asked`, and is not answered."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.luna, self.owl = FakeAccount(LUNA), FakeAccount(OWL)
        self.commands: list[str] = []
        self.talk: list[str] = []
        self.reactions: list[tuple[UserId, str]] = []
        self.taps: list[tuple[UserId, str]] = []
        self.asked: list[tuple[UserId, str]] = []
        self.scene = Scene()
        self.answering: tuple[UserId, ...] = (LUNA,)
        self.queues = RoomQueues(self._note)
        self.accounts: dict[UserId, Account] = {LUNA: self.luna, OWL: self.owl}
        self.inbox = Inbox(
            self.accounts,
            memory,
            self.queues,
            self,
            self._decide,
            self._reacted,
            lambda: {LUNA, OWL},
        )

    def claims(self, message: Message) -> bool:
        return message.sender not in {LUNA, OWL} and message.body.startswith("!")

    def run(self, message: Message) -> None:
        self.commands.append(message.body)

    def overheard(self, message: Message) -> None:
        self.talk.append(message.body)

    def reacted(self, seer: UserId, reaction: Reaction) -> None:
        self.reactions.append((seer, reaction.key))

    def _reacted(self, seer: UserId, reaction: Reaction | Redaction) -> None:
        what = reaction.key if isinstance(reaction, Reaction) else reaction.target
        self.taps.append((seer, what))

    async def take(
        self, *events: RoomEvent, token: str = "s1", account: UserId = LUNA, starting: bool = False
    ) -> None:
        seer = {LUNA: self.luna, OWL: self.owl}[account]
        await self.inbox.take(seer, SyncBatch(account, token, events), starting=starting)
        await self.settle()

    async def settle(self) -> None:
        """Let run what is ready: the queues' workers, which wait for nothing here."""
        for _ in range(20):
            await asyncio.sleep(0)

    async def owed(self, account: UserId = LUNA) -> list[EventId]:
        return [debt.event_id for debt in await self.memory.archive.owed(account)]

    def _decide(
        self,
        seer: Account,
        message: Message,
        scene: Scene,
        *,
        at_any_age: bool = False,
    ) -> tuple[UserId, ...]:
        self.scene = scene
        is_new = message.timestamp > seer.server_now() - HOUR_MS
        return self.answering if message.sender == ADA and (is_new or at_any_age) else ()

    async def _note(self, questions: Sequence[Question]) -> None:
        self.asked += [(each.account, each.message.body) for each in questions]
