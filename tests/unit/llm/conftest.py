"""A fake model, and clients that ask it without long pauses."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from lunabot.llm.client import ModelClient
from tests.fake_model import FakeModel

MakeClient = Callable[..., ModelClient]


@pytest.fixture
async def model() -> AsyncIterator[FakeModel]:
    async with FakeModel() as model:
        yield model


@pytest.fixture
async def make_client(model: FakeModel) -> AsyncIterator[MakeClient]:
    """Make clients of the fake model, closed at the end; arguments replace the usual ones."""
    closing: list[Callable[[], Awaitable[None]]] = []

    def make(
        base_url: str = model.base_url, api_key: str = "sk-test-12345", **changes: Any
    ) -> ModelClient:
        usual: dict[str, Any] = {
            "model": "fake",
            "temperature": 0.5,
            "timeout_s": 5,
            "max_tokens": 100,
            "max_concurrent": 4,
            "retry_total_s": 5,
            "first_pause_s": 0.001,
        }
        client = ModelClient(base_url, api_key, **(usual | changes))
        closing.append(client.close)
        return client

    yield make
    for close in closing:
        await close()


@pytest.fixture
def client(make_client: MakeClient) -> ModelClient:
    return make_client()
