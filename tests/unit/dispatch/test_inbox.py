"""What a sync brings is stored first, then handed out, each event once."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Sequence

import pytest

from lunabot.dispatch.inbox import Inbox
from lunabot.dispatch.queue import Question, RoomQueues
from lunabot.errors import WorldError
from lunabot.matrix.account import Account
from lunabot.matrix.batch import Gap, SyncBatch
from lunabot.matrix.events import Message, Reaction, Redaction, RoomEvent
from lunabot.matrix.ids import EventId, UserId
from lunabot.memory.memory import Memory
from tests.fake_account import FakeAccount
from tests.unit.dispatch.people import ADA, LUNA, OTHER_ROOM, OWL, ROOM, said

HOUR_MS = 3_600_000


class House:
    """An inbox of Luna's and an owl's accounts, and whatever it hands out."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.luna, self.owl = FakeAccount(LUNA), FakeAccount(OWL)
        self.commands: list[str] = []
        self.talk: list[str] = []
        self.reactions: list[tuple[UserId, str]] = []
        self.taps: list[tuple[UserId, str]] = []
        self.asked: list[tuple[UserId, str]] = []
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
        return message.body.startswith("!")

    def run(self, message: Message) -> None:
        self.commands.append(message.body)

    def overheard(self, message: Message) -> None:
        self.talk.append(message.body)

    def reacted(self, seer: UserId, reaction: Reaction) -> None:
        self.reactions.append((seer, reaction.key))

    def _reacted(self, seer: UserId, reaction: Reaction) -> None:
        self.taps.append((seer, reaction.key))

    async def take(
        self, *events: RoomEvent, token: str = "s1", account: UserId = LUNA, starting: bool = False
    ) -> None:
        await self.inbox.take(SyncBatch(account, token, events), starting=starting)
        await self.settle()

    async def settle(self) -> None:
        """Let run what is ready: the queues' workers, which wait for nothing here."""
        for _ in range(20):
            await asyncio.sleep(0)

    async def owed(self, account: UserId = LUNA) -> list[EventId]:
        return [debt.event_id for debt in await self.memory.archive.owed(account)]

    def _decide(
        self, seer: Account, message: Message, *, at_any_age: bool = False
    ) -> tuple[UserId, ...]:
        is_new = message.timestamp > seer.server_now() - HOUR_MS
        return self.answering if message.sender == ADA and (is_new or at_any_age) else ()

    async def _note(self, questions: Sequence[Question]) -> None:
        self.asked += [(each.account, each.message.body) for each in questions]


@pytest.fixture
async def house(memory: Memory) -> AsyncIterator[House]:
    opened = House(memory)
    yield opened
    await opened.queues.close(0)


async def test_questions_commands_and_the_rest_each_go_their_way(house: House) -> None:
    await house.take(said("one"), said("!health"), said("mine", LUNA), said("two"))
    assert house.asked == [(LUNA, "one"), (LUNA, "two")]
    assert (house.commands, house.talk) == (["!health"], ["one", "mine", "two"])
    recent = house.memory.state.recent(ROOM)
    assert [message.body for message in recent] == ["one", "!health", "mine", "two"]
    assert await house.memory.archive.sync_token(LUNA) == "s1"


async def test_a_batch_that_comes_again_changes_nothing(house: House) -> None:
    question, command = said("one", event_id="$1"), said("!health", event_id="$2")
    await house.take(question, command)
    await house.take(question, command, token="s1")
    await house.take(command, said("two"), question, token="s2")
    assert house.asked == [(LUNA, "one"), (LUNA, "two")]
    assert (house.commands, house.talk) == (["!health"], ["one", "two"])


async def test_what_an_account_says_is_never_run_and_heard_once(house: House) -> None:
    spoken = said("!despawn me", LUNA, event_id="$1")
    await house.inbox.said(house.luna, spoken)
    await house.take(spoken)
    assert (house.commands, house.talk) == ([], ["!despawn me"])


async def test_what_two_accounts_see_is_asked_once(house: House) -> None:
    house.answering = (OWL, LUNA)
    question = said("Owl, Luna?", event_id="$1")
    await house.take(question, account=OWL)
    await house.take(question, account=LUNA)
    assert house.asked == [(OWL, "Owl, Luna?"), (LUNA, "Owl, Luna?")]
    assert await house.owed(OWL) == await house.owed(LUNA) == ["$1"]


async def test_a_question_to_an_account_that_does_not_run_is_owed(house: House) -> None:
    house.answering = (OWL,)
    del house.accounts[OWL]
    await house.take(said("Owl?", event_id="$1"))
    assert house.asked == []
    assert await house.owed(OWL) == ["$1"]


async def test_what_cannot_be_stored_is_not_handed_out(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> object:
        raise WorldError("the disk is full")

    question, command = said("one"), said("!health")
    with monkeypatch.context() as full, pytest.raises(WorldError, match="the disk is full"):
        full.setattr(house.memory.archive, "record_sync", fail)
        await house.take(question, command)
    assert (house.asked, house.commands) == ([], [])
    await house.take(question, command)
    assert (house.asked, house.commands) == ([(LUNA, "one")], ["!health"])


async def test_history_is_stored_and_nothing_is_answered(house: House) -> None:
    batch = SyncBatch(LUNA, "s1", (said("one"), said("!health")))
    await house.inbox.take_history(batch)
    await house.take(*batch.events, token="s2")
    assert (house.asked, house.commands) == ([], [])
    assert len(house.memory.state.recent(ROOM)) == 2
    assert await house.owed() == []


async def test_reactions_are_heard_of_each_time(house: House) -> None:
    reaction = Reaction(EventId("$r"), ROOM, ADA, 1, EventId("$1"), "✅")
    await house.take(reaction)
    await house.take(reaction)
    await house.take(reaction, starting=True)
    assert house.reactions == [(LUNA, "✅")] * 3
    assert house.taps == [(LUNA, "✅")] * 2


async def test_at_the_start_all_that_is_owed_is_asked_in_order(house: House) -> None:
    first, second = said("one", event_id="$1", ago_ms=2000), said("two", event_id="$2")
    other = said("elsewhere", room_id=OTHER_ROOM)
    await house.take(first, starting=True)
    await house.take(second, other, said("!health"), token="s2", starting=True)
    assert house.asked == []
    assert house.commands == ["!health"]
    owed = await house.inbox.settle_debts(house.luna, HOUR_MS)
    assert (owed.queued, owed.late) == ((first, second, other), ())
    await house.settle()
    assert [body for _, body in house.asked if body != "elsewhere"] == ["one", "two"]
    assert len(house.asked) == 3


async def test_one_that_starts_brings_others_what_they_are_asked(house: House) -> None:
    house.answering = (LUNA, OWL)
    await house.take(said("to both"), account=OWL, starting=True)
    assert house.asked == [(LUNA, "to both")]
    await house.inbox.settle_debts(house.owl, HOUR_MS)
    await house.settle()
    assert house.asked == [(LUNA, "to both"), (OWL, "to both")]


async def test_what_became_too_old_is_counted_and_missed(house: House) -> None:
    old = said("old", ago_ms=2 * HOUR_MS)
    await house.take(old, said("new", event_id="$new"), starting=True)
    assert (await house.inbox.settle_debts(house.luna, HOUR_MS)).late == (old,)
    await house.settle()
    assert house.asked == [(LUNA, "new")]
    assert await house.owed() == ["$new"]


async def test_what_was_taken_back_is_no_longer_owed_and_was_not_missed(house: House) -> None:
    await house.take(said("oops", event_id="$1"), said("fine", event_id="$2"), starting=True)
    redaction = Redaction(EventId("$r"), ROOM, ADA, 1, EventId("$1"))
    await house.take(redaction, token="s2", starting=True)
    assert (await house.inbox.settle_debts(house.luna, HOUR_MS)).late == ()
    await house.settle()
    assert house.asked == [(LUNA, "fine")]
    assert await house.owed() == ["$2"]


async def test_a_debt_is_asked_as_it_was_edited(house: House) -> None:
    question = said("wath?", event_id="$1")
    edit = dataclasses.replace(said("what?"), replaces=question.event_id)
    await house.take(question, starting=True)
    await house.take(edit, token="s2", starting=True)
    house.asked.clear()
    await house.inbox.settle_debts(house.luna, HOUR_MS)
    await house.settle()
    assert (LUNA, "what?") in house.asked


async def test_what_no_sync_brought_is_asked_once_when_all_was_read(house: House) -> None:
    later = (said("two", event_id="$2"), said("!health"), said("mine", LUNA))
    assert await house.inbox.take_found(house.luna, later) == 3
    assert await house.inbox.take_found(house.luna, later) == 0
    earlier = said("one", event_id="$1", ago_ms=2000)
    assert await house.inbox.take_found(house.luna, [earlier]) == 1
    await house.take(*later)
    assert house.asked == []
    await house.inbox.settle_debts(house.luna, HOUR_MS)
    await house.settle()
    assert house.asked == [(LUNA, "one"), (LUNA, "two")]
    assert house.commands == ["!health"]


async def test_a_room_with_a_gap_waits_for_what_is_in_it(house: House) -> None:
    asked = (said("one", event_id="$1"), said("two", event_id="$2", ago_ms=1000))
    gap = Gap(ROOM, "before", "s0")
    batch = SyncBatch(LUNA, "s1", (*asked, said("there", room_id=OTHER_ROOM)), gaps=(gap,))
    await house.inbox.take(batch, starting=True)
    owed = await house.inbox.settle_debts(house.luna, HOUR_MS)
    assert len(owed.queued) == 3
    await house.settle()
    assert house.asked == [(LUNA, "there")]
    answer = dataclasses.replace(said("yes", LUNA), answers=(EventId("$2"),))
    await house.inbox.take_found(house.luna, [answer])
    [hole] = await house.memory.archive.holes()
    await house.memory.archive.advance(hole, None)
    await house.inbox.settle_debts(house.luna, HOUR_MS)
    await house.settle()
    assert (LUNA, "one") in house.asked
    assert (LUNA, "two") not in house.asked


async def test_what_is_missing_is_noted_with_the_batch(house: House) -> None:
    gap = Gap(ROOM, "before", "s0")
    await house.inbox.take(SyncBatch(LUNA, "s1", gaps=(gap,)))
    [hole] = await house.memory.archive.holes()
    assert (hole.room_id, hole.account, hole.token, hole.until) == (ROOM, LUNA, "before", "s0")
