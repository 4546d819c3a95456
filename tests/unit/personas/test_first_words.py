"""What a new persona says first: in character, where it was summoned to, and remembered."""

from collections.abc import AsyncIterator

import pytest

from lunabot.dispatch.cast import Character
from lunabot.errors import Refused, WorldError
from lunabot.llm.client import ModelClient
from lunabot.memory.memory import Memory
from lunabot.personas.company import Company
from lunabot.personas.first_words import FirstWords
from tests.fake_account import FakeAccount
from tests.fake_model import Answer, FakeModel, Status
from tests.unit.personas.characters import CLASSROOM, TEACHER, teacher
from tests.unit.personas.village import LUNA


@pytest.fixture
async def model() -> AsyncIterator[FakeModel]:
    async with FakeModel() as server:
        yield server


@pytest.fixture
async def words(model: FakeModel, memory: Memory) -> AsyncIterator[FirstWords]:
    client = ModelClient(
        model.base_url,
        "key",
        "fake",
        temperature=0.5,
        timeout_s=5,
        max_tokens=100,
        max_concurrent=1,
        retry_total_s=5,
    )
    company = Company(lambda: Character(LUNA, ("Luna",), "You are Luna."))
    company.put(teacher(model="big"))
    yield FirstWords(lambda: client, company, memory, _length)
    await client.close()


async def _length(text: str) -> int:
    return len(text)


async def test_what_a_greeting_cost_is_noted(
    words: FirstWords, model: FakeModel, memory: Memory
) -> None:
    await words.say(FakeAccount(TEACHER), CLASSROOM)
    tokens = await memory.archive.tokens_since(0)
    assert tokens.keys() == {TEACHER} and tokens[TEACHER] > 0


async def test_a_greeting_in_character_is_said_and_remembered(
    words: FirstWords, model: FakeModel, memory: Memory
) -> None:
    account = FakeAccount(TEACHER)
    model.enqueue(Answer("Good *morning*, class."))
    await words.say(account, CLASSROOM)
    (request,) = model.requests
    assert "You teach history." in request.system
    assert request.model == "big"
    (sent,) = account.sent
    assert (sent.room_id, sent.body) == (CLASSROOM, "Good morning, class.")
    (remembered,) = memory.state.recent(CLASSROOM)
    assert (remembered.event_id, remembered.sender) == (sent.event_id, TEACHER)
    assert remembered.body == sent.body


async def test_without_words_nothing_is_said(
    words: FirstWords, model: FakeModel, memory: Memory
) -> None:
    account = FakeAccount(TEACHER)
    model.enqueue(Status(401))
    with pytest.raises(WorldError):
        await words.say(account, CLASSROOM)
    assert not account.sent
    assert not memory.state.recent(CLASSROOM)


async def test_what_nobody_hears_is_not_remembered(words: FirstWords, memory: Memory) -> None:
    account = FakeAccount(TEACHER)
    account.failure = Refused("M_FORBIDDEN", "not in the room")
    with pytest.raises(Refused):
        await words.say(account, CLASSROOM)
    assert not memory.state.recent(CLASSROOM)


async def test_one_that_is_gone_has_nothing_to_say(words: FirstWords) -> None:
    words.company.remove(TEACHER)
    with pytest.raises(KeyError):
        await words.say(FakeAccount(TEACHER), CLASSROOM)
