"""The model client: completions from any OpenAI-compatible endpoint, patiently."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from lunabot.llm.completion import Completion
from lunabot.llm.connection import Connection
from lunabot.llm.dialect import Dialect
from lunabot.llm.errors import Endpoint, ModelError, Refusal
from lunabot.llm.tools import Tool
from lunabot.llm.turns import ChatTurn
from lunabot.retries import Patience

logger = logging.getLogger(__name__)

_PROBE = [ChatTurn("user", "ping")]
_PROBE_TOKENS = 16


class ModelClient:
    """Asks one endpoint for completions, not too many at a time.

    Failures that may pass (no connection, no answer in time, 408, 409, 429, 5xx, half an answer)
    are tried again with back-off for `retry_total_s` seconds in all, or `timeout_s` if that is
    longer; one attempt takes at most `timeout_s`. What only a person can mend (a refused key, an
    unknown model, no credit) fails at once. `max_tokens` bounds a completion. At most
    `max_concurrent` attempts are under way; waiting for a place counts against no limit.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        model: str,
        *,
        temperature: float,
        timeout_s: float,
        max_tokens: int,
        max_concurrent: int,
        retry_total_s: float = 90.0,
        first_pause_s: float = 0.5,
    ) -> None:
        self._endpoint = Endpoint(base_url, api_key.strip())
        self._connection = Connection(self._endpoint)
        self._model = model
        self._temperature = temperature
        self._timeout_s = timeout_s
        self._max_tokens = max_tokens
        self._retry_total_s = max(retry_total_s, timeout_s)
        self._first_pause_s = first_pause_s
        self._places = asyncio.Semaphore(max_concurrent)
        self._dialects: dict[str, Dialect] = {}

    @property
    def model(self) -> str:
        """The model that is asked where a call names no other."""
        return self._model

    @property
    def host(self) -> str:
        """Host (and port) of the endpoint, for people."""
        return self._endpoint.host

    async def complete(
        self, messages: Sequence[ChatTurn], *, model: str | None = None, tools: Sequence[Tool] = ()
    ) -> Completion:
        """Return the model's next turn, never an empty one; `ModelError` where there is none.

        It may call one of `tools`, unless it was found to know none.
        """
        patience = self._patience(self._retry_total_s)
        completion = await self._persist(
            messages, model or self._model, self._max_tokens, patience, tools
        )
        return self._spoken(completion)

    async def stream(
        self, messages: Sequence[ChatTurn], *, model: str | None = None, tools: Sequence[Tool] = ()
    ) -> AsyncGenerator[str | Completion]:
        """Yield the model's next turn piece by piece as it grows, then the whole as a `Completion`.

        Failures before the first piece are retried as in `complete`; a later one ends the stream
        with a `ModelError`. `timeout_s` bounds the wait for each piece. Wrap it in `aclosing` where
        it may be left early: its place is taken until it is closed.
        """
        model = model or self._model
        patience = self._patience(self._retry_total_s)
        begun = False
        while True:
            async with self._places:
                try:
                    body = self._body(messages, model, self._max_tokens, tools, stream=True)
                    with patience.attempt() as limit_s:
                        pieces = self._connection.streamed(body, model, limit_s)
                        async with aclosing(pieces):
                            async for piece in pieces:
                                begun = True
                                yield piece if isinstance(piece, str) else self._spoken(piece)
                    return
                except ModelError as error:
                    failure = error
            if begun:
                raise failure
            await self._recover(failure, model, patience)

    async def check(self) -> None:
        """Find out whether the endpoint answers and knows the model.

        A model that its list does not name (or an endpoint without a list) is asked for a word:
        some know more than they list. Raises `ModelError`, which names the setting to change.
        """
        try:
            names = await self._connection.model_names(self._timeout_s)
        except Refusal as refusal:
            if refusal.status not in (404, 405):
                raise
            names = []
        if self._model not in names:
            patience = self._patience(self._timeout_s)
            await self._persist(_PROBE, self._model, _PROBE_TOKENS, patience)

    async def close(self) -> None:
        """Close the connections. Calls still under way fail: end them first."""
        await self._connection.close()

    async def _persist(
        self,
        messages: Sequence[ChatTurn],
        model: str,
        max_tokens: int,
        patience: Patience,
        tools: Sequence[Tool] = (),
    ) -> Completion:
        while True:
            async with self._places:
                try:
                    body = self._body(messages, model, max_tokens, tools)
                    with patience.attempt() as limit_s:
                        return await self._connection.whole(body, model, limit_s)
                except ModelError as error:
                    failure = error
            await self._recover(failure, model, patience)

    async def _recover(self, failure: ModelError, model: str, patience: Patience) -> None:
        """Return when it is time for another attempt; raise the failure where there is none."""
        dialect = self._dialects.get(model, Dialect())
        if isinstance(failure, Refusal) and (adapted := dialect.adapted_to(failure)) != dialect:
            self._dialects[model] = adapted
            return
        logger.warning("no answer from model %s: %s", model, failure)
        if not failure.passing or not await patience.pause(failure.retry_after_s):
            raise failure

    def _patience(self, total_s: float) -> Patience:
        return Patience(total_s, self._timeout_s, self._first_pause_s)

    def _body(
        self,
        messages: Sequence[ChatTurn],
        model: str,
        max_tokens: int,
        tools: Sequence[Tool],
        *,
        stream: bool = False,
    ) -> dict[str, object]:
        dialect = self._dialects.get(model, Dialect())
        return dialect.body(
            model,
            messages,
            temperature=self._temperature,
            max_tokens=max_tokens,
            tools=tools,
            stream=stream,
        )

    def _spoken(self, completion: Completion) -> Completion:
        if not completion.text and not completion.tool_calls:
            raise self._endpoint.silent(completion.model, completion.finish_reason)
        return completion
