"""From what happens to what is to be done about it: stored first, then handed out, each once."""

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from lunabot.dispatch.debts import Debts
from lunabot.dispatch.ground import Ground
from lunabot.dispatch.queue import Question, RoomQueues
from lunabot.dispatch.scene import Scene, joined_then
from lunabot.matrix.account import Account
from lunabot.matrix.batch import SyncBatch
from lunabot.matrix.events import Message, Reaction, Redaction, RoomEvent
from lunabot.matrix.ids import EventId, UserId
from lunabot.memory.ledger import Debt
from lunabot.memory.memory import Memory


class Commands(Protocol):
    """Who takes the commands out of what people write."""

    def claims(self, message: Message) -> bool:
        """Tell whether a message is not conversation: a command, or a stranger's in that room."""

    def run(self, message: Message) -> None:
        """Start what a claimed message asks for."""

    def overheard(self, message: Message) -> None:
        """Hear a message that is conversation: one that spells a command is noted as an attempt."""

    def reacted(self, seer: UserId, reaction: Reaction) -> None:
        """Hear of a reaction that an account saw; it may come again after a crash."""


class Decide(Protocol):
    """Who answers a message, in which order, as one account sees the room it is in."""

    def __call__(
        self,
        seer: Account,
        message: Message,
        scene: Scene,
        *,
        at_any_age: bool = False,
    ) -> Sequence[UserId]:
        """Look it up in the `scene`. With `at_any_age` it counts however old it is."""


@dataclass(frozen=True, slots=True)
class Owed:
    """What an account came to owe while it was away: questions to be answered, and too old ones."""

    queued: tuple[Message, ...] = ()
    late: tuple[Message, ...] = ()


@dataclass
class Inbox:
    """Takes what the accounts' syncs bring. Events known already change nothing.

    Whichever account brings a message first, it is decided then who answers, and the debts of all
    are recorded. One whose account is not running (`accounts` are those that are) stays owed.
    What Luna's accounts say, all of them (`own`), is heard from themselves (`said`), so an answer
    that is still growing is answered by nobody.
    """

    accounts: Mapping[UserId, Account]
    memory: Memory
    queues: RoomQueues
    commands: Commands
    decide: Decide
    reactions: Callable[[UserId, Reaction | Redaction], None]
    own: Callable[[], Collection[UserId]]
    debts: Debts = field(init=False)

    def __post_init__(self) -> None:
        self.debts = Debts(self.accounts, self.memory, self.queues, self.own)

    async def take(self, account: Account, batch: SyncBatch, *, starting: bool = False) -> None:
        """Store an account's batch together with its token, then hand out what it asks for.

        Raises `WorldError` where it could not be stored; nothing was handed out then. With
        `starting` what the account owes is only recorded: `settle_debts` hands that out.
        """
        events = [event for event in batch.events if not self.is_growth(event)]
        messages = [event for event in events if isinstance(event, Message)]
        # What is too old to be answered after an absence is at least counted.
        joined = joined_then(events, account.joined_members)
        scene = Scene(await self._replied_to(messages), joined)
        claimed, questions = self._sorted(account, messages, scene, at_any_age=starting)
        # An answer that a crash kept from being noted is heard of from its echo.
        echoes = [_whole(each) for each in messages if starting and each.sender == batch.account]
        follow_ups = self._questions(account, [each for each in echoes if each.answers], scene)
        recorded = await self.memory.record_sync(
            batch.account, batch.token, events, _debts(questions), _debts(follow_ups), batch.gaps
        )
        self._run(messages, claimed, recorded.new)
        for event in events:
            if isinstance(event, Reaction):
                self.commands.reacted(batch.account, event)
            if isinstance(event, Reaction | Redaction) and not starting:
                self.reactions(batch.account, event)
        if batch.gaps:
            await self._note_gaps(batch)
        away = batch.account if starting else None
        self._hand_out((*questions, *follow_ups), recorded.owed, away)

    async def take_found(self, account: Account, events: Sequence[RoomEvent]) -> int:
        """Store what no sync brought; return how much was new.

        Its questions are only recorded: `settle_debts` hands them out, in order, when all is read.
        """
        messages = [event for event in events if isinstance(event, Message)]
        scene = Scene(await self._replied_to(messages))
        claimed, questions = self._sorted(account, messages, scene)
        recorded = await self.memory.record_found(events, _debts(questions))
        self._run(messages, claimed, recorded.new)
        return len(recorded.new)

    async def take_history(self, batch: SyncBatch) -> None:
        """Store a batch of which nothing is to be answered; raises `WorldError`."""
        await self.memory.record_sync(batch.account, batch.token, batch.events)

    async def said(self, account: Account, message: Message) -> None:
        """Store what an account has said, and hand it to those of the others who answer it.

        What it answers is settled. Raises `WorldError` where it could not be stored.
        """
        finished = [] if message.unfinished else [_whole(message)]
        scene = Scene(await self._replied_to(finished))
        questions = self._questions(account, finished, scene)
        recorded = await self.memory.record_own(message, _debts(questions))
        grown = {message.replaces} if message.replaces else frozenset[EventId]()
        self._run(finished, (), recorded.new | grown)  # unless its echo was faster
        self._hand_out(questions, recorded.owed)

    async def settle_debts(self, account: Account, backlog_ms: int) -> Owed:
        """Hand out what is owed and need not wait; return what an account owes: see `Debts`."""
        return Owed(*await self.debts.settle(account, backlog_ms))

    def hear_late(self, account: Account, batch: SyncBatch, backlog_ms: int) -> None:
        """Hear of the taps in the batch an account started with, unless they are too old.

        For when its debts are handed out: what is in line can be stopped.
        """
        oldest = account.server_now() - backlog_ms
        for event in batch.events:
            if isinstance(event, Reaction) and event.timestamp >= oldest:
                self.reactions(batch.account, event)

    async def _replied_to(self, messages: Sequence[Message]) -> dict[EventId, Message]:
        """Return what messages reply to: each other, or what was said before, however long ago."""
        replied_to = {each.in_reply_to for each in messages if each.in_reply_to}
        if not replied_to:
            return {}
        known = await self.memory.archive.messages(replied_to)
        return known | {each.event_id: each for each in messages}

    def _sorted(
        self,
        account: Account,
        messages: Iterable[Message],
        scene: Scene,
        *,
        at_any_age: bool = False,
    ) -> tuple[list[Message], list[Question]]:
        """Return which messages are commands, and what is to be answered of the others."""
        claimed, heard, own = [], [], self.own()
        for message in messages:
            if self.commands.claims(message):
                claimed.append(message)
            elif message.sender not in own:
                heard.append(message)
        return claimed, self._questions(account, heard, scene, at_any_age=at_any_age)

    def _run(
        self, messages: Iterable[Message], claimed: Collection[Message], new: Collection[EventId]
    ) -> None:
        for message in messages:
            if message.event_id in new:
                hear = self.commands.run if message in claimed else self.commands.overheard
                hear(message)

    def _questions(
        self,
        account: Account,
        messages: Iterable[Message],
        scene: Scene,
        *,
        at_any_age: bool = False,
    ) -> list[Question]:
        return [
            Question(user, each)
            for each in messages
            for user in self.decide(account, each, scene, at_any_age=at_any_age)
        ]

    def _hand_out(
        self, questions: Iterable[Question], owed: Iterable[Debt], away: UserId | None = None
    ) -> None:
        """Queue what may be answered at once; `settle_debts` takes up the rest.

        What is asked of an account that is still `away` it takes up when that is back, and with it
        what others were asked after that.
        """
        new = {(debt.account, debt.event_id) for debt in owed}
        for question in questions:
            room_id = question.message.room_id
            if question.key not in new or self.debts.waits(room_id):
                continue
            if question.account == away:
                self.debts.hold(room_id)
            elif question.account in self.accounts:
                self.queues.put(question)
            else:
                self.debts.note_absent(room_id)

    async def _note_gaps(self, batch: SyncBatch) -> None:
        for gap in batch.gaps:
            if isinstance(gap, Ground):
                self.debts.note_over(batch.account, gap.room_id, gap.since)
        await self.debts.look_at_gaps()

    def is_growth(self, event: object) -> bool:
        """Tell an edit by which an answer grows: each holds all of it, and the last is kept."""
        if not isinstance(event, Message):
            return False
        return event.unfinished and event.replaces is not None and event.sender in self.own()


def _whole(message: Message) -> Message:
    """Return what a message is when it has grown by an edit: the one that was edited."""
    return replace(message, event_id=message.replaces or message.event_id, replaces=None)


def _debts(questions: Iterable[Question]) -> list[Debt]:
    now = int(time.time() * 1000)
    return [
        Debt(each.account, each.message.event_id, each.message.room_id, now) for each in questions
    ]
