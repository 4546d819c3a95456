"""One run of Luna's, from her syncs to her answers, on a memory that outlives it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from lunabot.config import AnswersSettings, ContextSettings, Settings
from lunabot.dispatch.answering import Answering
from lunabot.dispatch.attention import Attention
from lunabot.dispatch.deciding import Deciding
from lunabot.dispatch.inbox import Inbox
from lunabot.dispatch.prompting import Prompting
from lunabot.dispatch.queue import Question, RoomQueues
from lunabot.dispatch.reactions import Reactions
from lunabot.dispatch.sight import Sight
from lunabot.dispatch.stops import Stops
from lunabot.llm.client import ModelClient
from lunabot.matrix.account import Account
from lunabot.matrix.events import Message, Reaction
from lunabot.matrix.ids import UserId
from lunabot.memory.memory import Memory
from lunabot.prompt.tokens import Tokenizer
from lunabot.tasks import Tasks
from tests.fake_homeserver import FakeHomeserver
from tests.unit.dispatch.people import LUNA, Troupe, no_api, recall

_BACKLOG_MS = 3_600_000


class NoCommands:
    def claims(self, message: Message) -> bool:
        return False

    def run(self, message: Message) -> None:
        raise AssertionError

    def overheard(self, message: Message) -> None:
        pass

    def reacted(self, seer: UserId, reaction: Reaction) -> None:
        pass


class Life:
    """Her account, her inbox and her queues."""

    def __init__(self, account: Account, memory: Memory, client: ModelClient) -> None:
        self.account, self.memory = account, memory
        self.told: list[str] = []
        self.attention = Attention()
        cast = Troupe()
        prompting = Prompting(
            ContextSettings,
            cast,
            memory,
            Tokenizer("gpt-3.5-turbo"),
            lambda message: True,
            Sight(lambda: False, no_api),
            recall(memory),
        )
        accounts = {LUNA: account}
        stops, deciding = Stops(), Deciding(Settings, memory.state, cast)
        self.answering = Answering(
            accounts,
            cast,
            prompting,
            lambda: client,
            memory,
            self.attention,
            self._allows,
            self._said,
            deciding.addressed,
            AnswersSettings,
            stops,
            self.told.append,
        )
        self.queues = RoomQueues(self.answering)
        self.tasks = Tasks()
        reactions = Reactions(memory, self.queues, stops, self.tasks)
        self.inbox = Inbox(
            accounts, memory, self.queues, NoCommands(), deciding, reactions, lambda: {LUNA}
        )

    async def _allows(self, account: Account, questions: Sequence[Question]) -> bool:
        return True

    async def _said(self, account: Account, message: Message) -> None:
        await self.inbox.said(account, message)

    async def owed(self) -> int:
        return len(await self.memory.archive.owed(LUNA))

    async def settled(self) -> None:
        """Return once nothing stands in line and nothing is in work; nothing is taken any more."""
        await self.queues.close(10)


class House:
    """Where she lives: what stays as it is between two runs."""

    def __init__(
        self, home: FakeHomeserver, memory: Memory, client: ModelClient, folder: Path
    ) -> None:
        self._home, self._memory, self._client, self._folder = home, memory, client, folder

    @asynccontextmanager
    async def start(self) -> AsyncIterator[Life]:
        """Start her and, in the end, stop her at once."""
        account = Account(self._home.url, self._home.session, self._folder)
        life = Life(account, self._memory, self._client)
        token = await self._memory.archive.sync_token(LUNA)
        first = await account.sync_once(token, full_state=True)
        if token is None:
            await life.inbox.take_history(first)
        else:
            await life.inbox.take(account, first, starting=True)
        await life.inbox.settle_debts(account, _BACKLOG_MS)
        syncing = asyncio.create_task(
            account.sync_forever(first.token, partial(life.inbox.take, account), lambda error: None)
        )
        try:
            yield life
        finally:
            syncing.cancel()
            await asyncio.gather(syncing, return_exceptions=True)
            await life.queues.close(0)
            await life.tasks.close()
            await life.attention.close()
            await account.close()
