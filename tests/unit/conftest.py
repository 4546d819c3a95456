"""What tests of several packages share."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from lunabot.memory.archive import Archive
from lunabot.memory.memory import Memory
from lunabot.memory.state import State
from tests.clock import Clock
from tests.fake_account import FakeAccount
from tests.fake_homeserver import FakeHomeserver


@pytest.fixture
async def clock() -> AsyncIterator[Clock]:
    """The loop's time, moved by hand."""
    loop = asyncio.get_running_loop()
    yield Clock(loop)
    del loop.time


@pytest.fixture
async def home() -> AsyncIterator[FakeHomeserver]:
    async with FakeHomeserver() as server:
        yield server


@pytest.fixture
def account() -> FakeAccount:
    return FakeAccount()


@pytest.fixture
async def memory() -> AsyncIterator[Memory]:
    """Both stores, in memory."""
    opened = Memory(await Archive.open(None), await State.open(None))
    yield opened
    await opened.close()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """All sleeps, in seconds: they are noted and take no time."""
    made: list[float] = []
    sleep = asyncio.sleep

    async def note(seconds: float) -> None:
        made.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", note)
    return made
