"""An account on a fake homeserver, and the pauses it makes, which nobody waits for."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lunabot.matrix.account import Account
from tests.fake_homeserver import FakeHomeserver


@pytest.fixture
async def live(home: FakeHomeserver, tmp_path: Path) -> AsyncIterator[Account]:
    account = Account(home.url, home.session, tmp_path / "crypto")
    yield account
    await account.close()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the account, and nio below it, would have slept, in seconds."""
    made: list[float] = []
    sleep = asyncio.sleep

    async def note(seconds: float) -> None:
        made.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", note)
    return made
