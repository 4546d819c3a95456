"""Commands with a homeserver to ask."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from lunabot.memory.memory import Memory
from tests.fake_account import FakeAccount
from tests.fake_homeserver import FakeHomeserver
from tests.unit.skills.running import House


@pytest.fixture
async def house(account: FakeAccount, memory: Memory, home: FakeHomeserver) -> AsyncIterator[House]:
    async with aiohttp.ClientSession() as session:
        yield House(account, memory, home, session)
