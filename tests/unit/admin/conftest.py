"""An admin room for the tests that need one."""

from collections.abc import AsyncIterator

import pytest

from lunabot.memory.memory import Memory
from tests.fake_account import FakeAccount
from tests.unit.admin.house import House


@pytest.fixture
async def house(account: FakeAccount, memory: Memory) -> AsyncIterator[House]:
    opened = House(account, memory)
    yield opened
    await opened.room.tasks.close()
