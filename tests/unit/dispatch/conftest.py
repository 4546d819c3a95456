"""A fake model, a client of it, and a Luna who answers with it."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from lunabot.llm.client import ModelClient
from lunabot.memory.memory import Memory
from tests.fake_homeserver import FakeHomeserver
from tests.fake_model import FakeModel
from tests.unit.dispatch.hall import Hall
from tests.unit.dispatch.house import House
from tests.unit.dispatch.library import Library

KEY = "sk-secret-12345"


@pytest.fixture
async def model() -> AsyncIterator[FakeModel]:
    async with FakeModel() as server:
        yield server


@pytest.fixture
async def client(model: FakeModel) -> AsyncIterator[ModelClient]:
    opened = ModelClient(
        model.base_url,
        KEY,
        "fake",
        temperature=0.5,
        timeout_s=5,
        max_tokens=100,
        max_concurrent=4,
        retry_total_s=5,
        first_pause_s=0.001,
    )
    yield opened
    await opened.close()


@pytest.fixture
async def house(memory: Memory, model: FakeModel, client: ModelClient) -> AsyncIterator[House]:
    opened = House(memory, model, client)
    yield opened
    await opened.attention.close()


@pytest.fixture
async def library(home: FakeHomeserver, memory: Memory) -> AsyncIterator[Library]:
    async with aiohttp.ClientSession() as session:
        opened = Library(home, memory, session)
        yield opened
        await opened.stop()


@pytest.fixture
async def hall(memory: Memory) -> AsyncIterator[Hall]:
    opened = Hall(memory)
    yield opened
    await opened.queues.close(0)
