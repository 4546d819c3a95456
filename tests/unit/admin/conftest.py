"""Admin rooms for the tests that need one."""

from collections.abc import AsyncIterator

import pytest

from lunabot.memory.memory import Memory
from tests.fake_account import FakeAccount
from tests.unit.admin.house import House
from tests.unit.admin.snowmen import AskingHouse, World


@pytest.fixture
async def house(account: FakeAccount, memory: Memory) -> AsyncIterator[House]:
    opened = House(account, memory)
    yield opened
    await opened.room.tasks.close()


@pytest.fixture
async def asking(account: FakeAccount, memory: Memory) -> AsyncIterator[AskingHouse]:
    """A room in which a command asks before it destroys."""
    opened = AskingHouse(account, memory, World())
    yield opened
    await opened.room.close(0)
