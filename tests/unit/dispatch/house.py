"""Luna's account, her model and her memory, with questions that she owes an answer."""

from collections.abc import Sequence
from typing import Any

from lunabot.config import AnswersSettings
from lunabot.dispatch.answering import Answering
from lunabot.dispatch.attention import Attention
from lunabot.dispatch.queue import Question
from lunabot.dispatch.stops import Stops
from lunabot.llm.client import ModelClient
from lunabot.llm.tools import Tool
from lunabot.matrix.account import Account
from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, UserId
from lunabot.memory.ledger import Debt
from lunabot.memory.memory import Memory
from lunabot.prompt.builder import Prompt, build
from lunabot.prompt.material import Material
from lunabot.prompt.shares import Limits
from lunabot.prompt.tokens import ByteBound
from tests.fake_account import FakeAccount
from tests.fake_model import FakeModel
from tests.unit.dispatch.people import ADA, LUNA, OWL, ROOM, Troupe, said


class Prompts:
    """Builds the prompts of a house, as it wants them; a word is a token."""

    def __init__(self, house: "House") -> None:
        self._house = house

    async def __call__(
        self, account: Account, questions: Sequence[Question], tools: Sequence[Tool] = ()
    ) -> Prompt:
        return self._house.prompt(account, questions)

    async def tokens(self, text: str) -> int:
        return len(text.split())


class House:
    """While `trouble` is set, building a prompt raises it; with `ends` the account ends there."""

    def __init__(self, memory: Memory, model: FakeModel, client: ModelClient) -> None:
        self.memory = memory
        self.model = model
        self.luna = FakeAccount(LUNA)
        self.luna.enter(ROOM, ADA)
        self.told: list[str] = []
        self.trouble: Exception | None = None
        self.ends = False
        self.allowed = True
        self.addressed: tuple[UserId, ...] = ()
        self.pace = AnswersSettings()
        self.stops = Stops()
        self.attention = Attention()
        self.accounts: dict[UserId, Account] = {LUNA: self.luna, OWL: FakeAccount(OWL)}
        self.answer = Answering(
            self.accounts,
            Troupe(),
            Prompts(self),
            lambda: client,
            memory,
            self.attention,
            self._allows,
            self._said,
            lambda account, message: self.addressed,
            lambda: self.pace,
            self.stops,
            self.told.append,
        )

    async def _allows(self, account: Account, questions: Sequence[Question]) -> bool:
        return self.allowed

    async def _said(self, account: Account, message: Message) -> None:
        await self.memory.record_own(message)

    def prompt(self, account: Account, questions: Sequence[Question]) -> Prompt:
        if self.ends:
            self.accounts.clear()
        if self.trouble:
            raise self.trouble
        recent = self.memory.state.recent(questions[-1].message.room_id)
        material = Material("You are Luna.", recent, account.user_id, names={})
        return build(material, Limits(8000, 1000), counter=ByteBound())

    async def ask(self, body: str = "a moon?", account: UserId = LUNA, **more: Any) -> Question:
        """Record a message as it is recorded by the inbox, and return the question."""
        message = said(body, **more)
        debt = Debt(account, message.event_id, ROOM, message.timestamp)
        await self.memory.record_sync(account, "s1", [message], [debt])
        return Question(account, message)

    async def owed(self) -> list[EventId]:
        return [debt.event_id for debt in await self.memory.archive.owed(LUNA)]

    async def answered(self, question: Question) -> bool:
        return "sent" in await self.memory.archive.outcomes([question.message.event_id])

    @property
    def bodies(self) -> list[str]:
        return [sent.body for sent in self.luna.sent]
