"""An account on a fake homeserver."""

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
