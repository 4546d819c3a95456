"""The model Luna asks: what the configuration names, or a small one she runs herself."""

from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

from lunabot.config import ContextSettings, Settings
from lunabot.errors import WorldError
from lunabot.llm.absent import NoModel
from lunabot.llm.client import ModelClient
from lunabot.llm.completion import Completion
from lunabot.llm.local import LocalModel
from lunabot.llm.tools import Tool
from lunabot.llm.turns import ChatTurn
from lunabot.tasks import Tasks

_PATIENCE = 1.5  # times the limit of one call: what a question may take with all attempts


class Model(Protocol):
    """Whatever completes a conversation."""

    @property
    def model(self) -> str:
        """The model's name."""

    @property
    def host(self) -> str:
        """Where it runs, for people."""

    async def complete(
        self, messages: Sequence[ChatTurn], *, model: str | None = None, tools: Sequence[Tool] = ()
    ) -> Completion:
        """Return the next turn, a text or calls of tools; raises `ModelError`."""

    def stream(
        self, messages: Sequence[ChatTurn], *, model: str | None = None, tools: Sequence[Tool] = ()
    ) -> AsyncGenerator[str | Completion]:
        """Yield the next turn piece by piece, then the whole; raises `ModelError`."""

    async def check(self) -> None:
        """Raise `ModelError` where it does not answer."""

    async def close(self) -> None:
        """Close its connections."""


class ModelSource:
    """Gives the model that the settings ask for; owns the local one's process.

    A model once given works until `close`: after a reload, answers under way end with the old one.
    """

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks
        self._given: list[Model] = []
        self._local: LocalModel | None = None

    @property
    def is_toy(self) -> bool:
        """Whether the model that comes with Luna is in use."""
        return self._local is not None and self._local.is_toy

    async def open(self, settings: Settings) -> Model:
        """Return a model; one that cannot be had is stood in for, and says why when asked."""
        model = await self._chosen(settings)
        self._given.append(model)
        return model

    def context(self, settings: Settings) -> ContextSettings:
        """Return the token limits that the model bears: a local one has a small window.

        Its own tokens are up to 2.3 times as many as ours (see `LocalModel`).
        """
        if self._local is None or settings.llm.is_configured:
            return settings.context
        budget = min(settings.context.budget_tokens, int(self._local.context_window / 2.3))
        reply = min(settings.context.reply_tokens, 256)
        return ContextSettings(budget_tokens=budget, reply_tokens=reply)

    def places(self, settings: Settings) -> int:
        """Return how many calls may run side by side without one slowing the others down."""
        return settings.llm.max_concurrent if settings.llm.is_configured else 1

    async def close(self) -> None:
        """Close the connections and stop the local model, if it runs."""
        for model in self._given:
            await model.close()
        if self._local:
            await self._local.stop()

    async def _chosen(self, settings: Settings) -> Model:
        if settings.llm.is_configured:
            llm = settings.llm
            key = llm.api_key.get_secret_value()
            return self._client(settings, llm.base_url, key, llm.model, llm.max_concurrent)
        try:
            local = await self._running(settings)
        except WorldError as error:
            return NoModel(str(error))
        return self._client(settings, local.base_url, local.api_key, local.model, local.slots)

    async def _running(self, settings: Settings) -> LocalModel:
        if self._local is None:
            local = LocalModel(settings.data / "local-model", settings.local_model_path)
            await local.start()
            self._local = local
            self._tasks.start(local.watch(), "local model")
        return self._local

    def _client(
        self, settings: Settings, base_url: str, api_key: str, model: str, max_concurrent: int
    ) -> ModelClient:
        return ModelClient(
            base_url,
            api_key,
            model,
            temperature=settings.llm.temperature,
            timeout_s=settings.llm.timeout_s,
            max_tokens=self.context(settings).reply_tokens,
            max_concurrent=max_concurrent,
            retry_total_s=_PATIENCE * settings.llm.timeout_s,
        )
