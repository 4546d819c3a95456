"""A village for tests of what brings personas and takes them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lunabot.memory.memory import Memory
from tests.fake_homeserver import FakeHomeserver
from tests.unit.personas.village import Village


@pytest.fixture
async def village(home: FakeHomeserver, memory: Memory, tmp_path: Path) -> AsyncIterator[Village]:
    async with Village(home, memory, tmp_path) as opened:
        yield opened
