"""The model the settings ask for, the local one, or one that says why there is none."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from lunabot.config import ContextSettings, LlmSettings, Settings
from lunabot.errors import Misconfigured
from lunabot.llm import source
from lunabot.llm.absent import NoModel
from lunabot.llm.errors import ModelError
from lunabot.llm.source import ModelSource
from lunabot.llm.turns import ChatTurn
from lunabot.tasks import Tasks
from tests.fake_model import FakeModel

KEY = "sk-secret-12345"
HELLO = [ChatTurn("user", "hello")]


class LocalStandIn:
    """What `ModelSource` uses of a `LocalModel`, in front of a fake model and without a process."""

    context_window = 4096
    slots = 2
    api_key = KEY
    model = "fake"
    fails: Misconfigured | None = None

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.is_toy = True
        self.life: list[str] = []

    async def start(self) -> None:
        if self.fails:
            raise self.fails
        self.life.append("started")

    async def watch(self) -> None:
        self.life.append("watched")
        await asyncio.Event().wait()

    async def stop(self) -> None:
        self.life.append("stopped")


@pytest.fixture
async def tasks() -> AsyncIterator[Tasks]:
    running = Tasks()
    yield running
    await running.close()


@pytest.fixture
async def models(tasks: Tasks) -> AsyncIterator[ModelSource]:
    opened = ModelSource(tasks)
    yield opened
    await opened.close()


@pytest.fixture
def local(model: FakeModel, monkeypatch: pytest.MonkeyPatch) -> LocalStandIn:
    stand_in = LocalStandIn(model.base_url)
    monkeypatch.setattr(source, "LocalModel", lambda *_: stand_in)
    return stand_in


def endpoint(served: FakeModel, **changes: Any) -> Settings:
    usual: dict[str, Any] = {
        "base_url": served.base_url,
        "api_key": SecretStr(KEY),
        "model": "fake",
    }
    return Settings(llm=LlmSettings(**(usual | changes)), context=ContextSettings(reply_tokens=77))


async def test_an_endpoint_is_asked_as_the_settings_say(
    models: ModelSource, model: FakeModel
) -> None:
    chosen = await models.open(endpoint(model, temperature=1.5))
    await chosen.check()
    assert (await chosen.complete(HELLO)).text == "echo: hello"
    [request] = model.requests
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert (request.model, request.body["temperature"]) == ("fake", 1.5)
    assert 77 in request.body.values()
    assert (chosen.model, chosen.host) == ("fake", model.base_url.split("/")[2])
    assert not models.is_toy


async def test_an_answer_under_way_ends_with_the_model_it_was_asked_of(
    models: ModelSource, model: FakeModel
) -> None:
    before = await models.open(endpoint(model, model="old"))
    after = await models.open(endpoint(model, model="new"))
    assert (await before.complete(HELLO)).text == (await after.complete(HELLO)).text
    assert [request.model for request in model.requests] == ["old", "new"]


async def test_without_an_endpoint_the_local_model_runs_once(
    models: ModelSource, tasks: Tasks, local: LocalStandIn, tmp_path: Path
) -> None:
    settings = Settings().placed(tmp_path)
    first = await models.open(settings)
    assert (await first.complete(HELLO)).text == "echo: hello"
    await models.open(settings)
    assert local.life == ["started", "watched"]
    assert len(tasks) == 1
    assert models.is_toy
    await models.close()
    assert local.life[-1] == "stopped"


async def test_a_local_model_has_a_small_window(
    models: ModelSource, model: FakeModel, local: LocalStandIn, tmp_path: Path
) -> None:
    settings = Settings().placed(tmp_path)
    assert models.context(settings) == settings.context
    client = await models.open(settings)
    limits = models.context(settings)
    assert limits.budget_tokens * 2.3 <= local.context_window
    assert 0 < limits.reply_tokens < limits.budget_tokens
    await client.complete(HELLO)
    assert limits.reply_tokens in model.requests[-1].body.values()
    small = Settings(context=ContextSettings(budget_tokens=200, reply_tokens=20)).placed(tmp_path)
    assert models.context(small) == small.context
    chosen = endpoint(model)
    assert models.context(chosen) == chosen.context


def test_a_local_model_slows_down_with_a_second_call(models: ModelSource, model: FakeModel) -> None:
    assert models.places(Settings()) == 1
    chosen = endpoint(model)
    assert models.places(chosen) == chosen.llm.max_concurrent


async def test_a_local_model_that_cannot_run_says_so_when_asked(
    models: ModelSource, local: LocalStandIn, tmp_path: Path
) -> None:
    local.fails = Misconfigured("the weights are missing")
    chosen = await models.open(Settings().placed(tmp_path))
    assert isinstance(chosen, NoModel)
    with pytest.raises(ModelError, match="the weights are missing"):
        await chosen.complete(HELLO)
    assert not models.is_toy
    local.fails = None
    assert (await (await models.open(Settings().placed(tmp_path))).complete(HELLO)).text


async def test_closing_what_was_never_opened(tasks: Tasks) -> None:
    await ModelSource(tasks).close()
    assert len(tasks) == 0
