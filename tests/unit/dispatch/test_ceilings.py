"""The ceilings on a real memory: who is not answered any more, and who is told of it."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from lunabot.config import LimitsSettings
from lunabot.dispatch.ceilings import Ceilings
from lunabot.dispatch.queue import Question
from lunabot.dispatch.spending import DAY_MS
from lunabot.errors import Refused
from lunabot.matrix.ids import EventId, UserId
from lunabot.matrix.transaction import transaction_id
from lunabot.memory import usage
from lunabot.memory.ledger import Debt
from lunabot.memory.memory import Memory
from lunabot.memory.usage import Usage
from tests.fake_account import FakeAccount, Sent
from tests.unit.dispatch.people import ADA, BOB, LUNA, OWL, ROOM, said

LIMIT = {"person_tokens": 1000}


class Till:
    """An account that is asked and spends, at a time that stands still."""

    def __init__(self, memory: Memory, **limits: int) -> None:
        self.memory = memory
        self.settings = LimitsSettings(**limits)
        self.told: list[str] = []
        self.now = 20_000 * DAY_MS
        self.luna = FakeAccount(LUNA)
        self.ceilings = Ceilings(
            lambda: self.settings, lambda: {LUNA, OWL}, memory, self.told.append, lambda: self.now
        )

    async def spend(self, tokens: int, asker: UserId = ADA) -> None:
        spent = Usage(self.now, ROOM, LUNA, asker, "small", tokens, 0)
        await self.memory.archive.record_usage(spent)

    async def asks(self, sender: UserId = ADA) -> Question:
        message = said("well?", sender)
        debt = Debt(LUNA, message.event_id, ROOM, message.timestamp)
        await self.memory.record_sync(LUNA, "s1", [message], [debt])
        return Question(LUNA, message)

    async def allows(self, *senders: UserId) -> bool:
        questions = [await self.asks(sender) for sender in senders or (ADA,)]
        return await self.ceilings.allows(self.luna, questions)

    async def owed(self) -> int:
        return len(await self.memory.archive.owed(LUNA))

    @property
    def notices(self) -> Sequence[Sent]:
        return self.luna.sent


async def test_without_limits_nothing_is_looked_up(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    till = Till(memory)
    await till.spend(1_000_000)
    monkeypatch.delattr(usage, "newer")
    assert await till.allows()


async def test_below_80_percent_nothing_is_said(memory: Memory) -> None:
    till = Till(memory, **LIMIT)
    await till.spend(799)
    assert await till.allows()
    assert till.told == []


async def test_at_80_percent_the_administrators_are_warned_once(memory: Memory) -> None:
    till = Till(memory, **LIMIT)
    await till.spend(800)
    assert await till.allows()
    await till.spend(100)
    assert await till.allows()
    assert till.told == [
        f"⚠️ 800 of today's 1,000 tokens of the person `{ADA}` are spent (`limits.person_tokens`)."
    ]
    assert till.notices == []


async def test_at_100_percent_a_notice_takes_the_place_of_the_answer(memory: Memory) -> None:
    till = Till(memory, **LIMIT)
    await till.spend(1200)
    question = await till.asks()
    assert not await till.ceilings.allows(till.luna, [question])
    [notice] = till.notices
    assert notice.body.startswith("Today's limit for answers to one person is reached.")
    assert notice.content["msgtype"] == "m.notice"
    relation = notice.content["m.relates_to"]["m.in_reply_to"]
    assert relation == {"event_id": question.message.event_id}
    assert notice.transaction_id == transaction_id(LUNA, question.message.event_id, "ceiling")
    [line] = till.told
    assert line.startswith(f"🛑 1,200 of today's 1,000 tokens of the person `{ADA}` are spent:")
    assert await till.owed() == 0


async def test_after_that_there_is_silence_until_the_next_day(memory: Memory) -> None:
    till = Till(memory, **LIMIT)
    await till.spend(1000)
    for _ in range(3):
        assert not await till.allows()
    assert len(till.notices) == len(till.told) == 1
    till.now += DAY_MS
    assert await till.allows()
    await till.spend(1000)
    assert not await till.allows()
    assert len(till.notices) == len(till.told) == 2


async def test_a_restart_says_nothing_again_and_forgets_nothing(tmp_path: Path) -> None:
    for _ in range(2):
        memory = await Memory.open(tmp_path / "db.json", tmp_path / "archive.db")
        till = Till(memory, **LIMIT)
        await till.spend(500)
        await till.spend(500)
        assert not await till.allows()
        said = len(till.notices), len(till.told)
        await memory.close()
    assert said == (0, 0)


async def test_a_limit_that_is_raised_counts_at_once(memory: Memory) -> None:
    till = Till(memory, **LIMIT)
    await till.spend(1000)
    assert not await till.allows()
    till.settings = LimitsSettings(person_tokens=1100)
    assert await till.allows()
    assert "1,000 of today's 1,100" in till.told[-1]


async def test_what_was_spent_is_counted_once_however_many_ask(memory: Memory) -> None:
    till = Till(memory, **LIMIT)
    for _ in range(7):
        await till.spend(100)
        assert await till.allows()
    assert till.told == []


async def test_others_are_answered_still(memory: Memory) -> None:
    till = Till(memory, **LIMIT)
    await till.spend(1000)
    assert await till.allows(BOB)
    assert await till.allows(ADA, BOB)
    assert await till.allows(OWL)
    assert not await till.allows(ADA)


@pytest.mark.parametrize("key", ["persona_tokens", "room_tokens", "daily_tokens"])
async def test_other_limits_stop_everybody(memory: Memory, key: str) -> None:
    till = Till(memory, **{key: 1000})
    await till.spend(1000)
    assert not await till.allows(BOB)
    assert not await till.allows(OWL)
    assert len(till.notices) == 1
    assert f"`limits.{key}`" in till.told[0]


async def test_what_completes_an_answer_is_allowed_but_not_a_new_one(memory: Memory) -> None:
    till = Till(memory, **LIMIT)
    await till.spend(1000)
    message, part = (await till.asks()).message, (EventId("$part"),)
    assert await till.ceilings.allows(till.luna, [Question(LUNA, message, part)])
    again = Question(LUNA, message, part, again=True)
    assert not await till.ceilings.allows(till.luna, [again])


async def test_a_notice_that_cannot_be_sent_is_sent_the_next_time(memory: Memory) -> None:
    till = Till(memory, **LIMIT)
    await till.spend(1000)
    till.luna.failure = Refused("M_FORBIDDEN", "no")
    assert not await till.allows()
    assert await till.owed() == 0
    till.luna.failure = None
    assert not await till.allows()
    assert len(till.notices) == len(till.told) == 1
