"""From a sync to what is to be done about it: stored first, then handed out, each event once."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from lunabot.dispatch.queue import Question, RoomQueues
from lunabot.matrix.account import Account
from lunabot.matrix.batch import SyncBatch
from lunabot.matrix.events import Message, Reaction
from lunabot.matrix.ids import UserId
from lunabot.matrix.transaction import transaction_id
from lunabot.memory.ledger import Debt
from lunabot.memory.memory import Memory


class Commands(Protocol):
    """Who takes the commands out of what people write."""

    def claims(self, message: Message) -> bool:
        """Tell whether a message is not conversation: a command, or a stranger's in that room."""

    def run(self, message: Message) -> None:
        """Start what a claimed message asks for."""

    def reacted(self, seer: UserId, reaction: Reaction) -> None:
        """Hear of a reaction that an account saw; it may come again after a crash."""


Decide = Callable[[Account, Message], Sequence[UserId]]
"""Who answers a message, in which order, as one account sees the room it is in."""


@dataclass(frozen=True, slots=True)
class Inbox:
    """Takes what the accounts' syncs bring. Events known already change nothing.

    Whichever account brings a message first, it is decided then who answers, and the debts of all
    are recorded. One whose account is not running (`accounts` are those that are) stays owed.
    """

    accounts: Mapping[UserId, Account]
    memory: Memory
    queues: RoomQueues
    commands: Commands
    decide: Decide

    async def take(self, batch: SyncBatch, *, starting: bool = False) -> None:
        """Store a batch together with its token, then hand out its questions and commands.

        Raises `WorldError` where it could not be stored; nothing was handed out then. With
        `starting` questions are only recorded: `settle_debts` hands out all that is owed.
        """
        account = self.accounts[batch.account]
        messages = [event for event in batch.events if isinstance(event, Message)]
        claimed = {each.event_id for each in messages if self.commands.claims(each)}
        questions = [
            Question(user, each)
            for each in messages
            if each.event_id not in claimed
            for user in self.decide(account, each)
        ]
        debts = [_debt(question) for question in questions]
        new = await self.memory.record_sync(batch.account, batch.token, batch.events, debts)
        for message in messages:
            if message.event_id in new & claimed:
                self.commands.run(message)
        for event in batch.events:
            if isinstance(event, Reaction):
                self.commands.reacted(batch.account, event)
        for question in questions:
            ready = question.account in self.accounts and not starting
            if ready and question.message.event_id in new:
                self.queues.put(question)

    async def take_history(self, batch: SyncBatch) -> None:
        """Store a batch of which nothing is to be answered; raises `WorldError`."""
        await self.memory.record_sync(batch.account, batch.token, batch.events)

    async def settle_debts(self, account: Account, backlog_ms: int) -> int:
        """Queue, in order, all that an account owes; return how many were too old.

        A debt whose question is no longer known (redacted, purged) is dropped.
        """
        owed = [debt.event_id for debt in await self.memory.archive.owed(account.user_id)]
        asked = await self.memory.archive.messages(owed)
        oldest = account.server_now() - backlog_ms
        gone = [event_id for event_id in owed if event_id not in asked]
        late = [event_id for event_id, each in asked.items() if each.timestamp < oldest]
        await self.memory.archive.record_unanswered(account.user_id, gone, "ignored")
        await self.memory.archive.record_unanswered(account.user_id, late, "missed")
        for event_id in owed:
            if event_id not in (*gone, *late):
                self.queues.put(Question(account.user_id, asked[event_id]))
        return len(late)


def _debt(question: Question) -> Debt:
    message = question.message
    return Debt(
        question.account,
        message.event_id,
        message.room_id,
        int(time.time() * 1000),
        transaction_id(question.account, message.event_id, "answer 1"),
    )
