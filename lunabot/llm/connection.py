"""One exchange with an OpenAI-compatible endpoint, through the `openai` package.

Measured, and why it is built so (prompts of 42 turns, 20 calls at a time):

- The package's typed ``create()`` takes 13-17 ms of CPU a call, most of it in walking through the
  messages. Its generic ``post()`` takes 2.5 ms, and 1.2 ms on the aiohttp transport.
- Its import takes 0.6 s and 20 MB, its TLS context 0.1 s. Both happen in a worker thread at the
  first use, so that the event loop goes on and commands without a model do not pay for it.
"""

import asyncio
import ipaddress
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp

from lunabot.llm.completion import (
    Completion,
    Gathering,
    Unreadable,
    read_completion,
    read_model_names,
)
from lunabot.llm.errors import Endpoint, ModelError

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_COMPLETIONS = "/chat/completions"
_CONNECT_TIMEOUT_S = 10.0
_NO_KEY = "none"  # the package insists on a key; servers without keys do not look at it


class Connection:
    """Sends each request once. Whatever fails is a `ModelError` in the endpoint's words."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._opening = asyncio.Lock()
        self._client: AsyncOpenAI | None = None

    async def model_names(self, limit_s: float) -> list[str]:
        """Return the models that the endpoint lists."""
        client = await self._open()
        with self._explained(""):
            async with asyncio.timeout(limit_s):
                return read_model_names(await client.get("/models", cast_to=bytes))

    async def whole(self, body: Mapping[str, object], model: str, limit_s: float) -> Completion:
        """Ask for a completion in one piece; its text may be empty."""
        client = await self._open()
        with self._explained(model):
            async with asyncio.timeout(limit_s):
                answer = await client.post(_COMPLETIONS, cast_to=bytes, body=body)
            return read_completion(answer, model)

    async def streamed(
        self, body: Mapping[str, object], model: str, limit_s: float
    ) -> AsyncGenerator[str | Completion]:
        """Ask for a streamed completion; yield its texts, then the whole, whose text may be empty.

        `limit_s` bounds the wait for the answer to begin, and again for each chunk of it.
        """
        from openai import AsyncStream

        gathering = Gathering(model)
        client = await self._open()
        with self._explained(model):
            async with asyncio.timeout(limit_s):
                chunks = await client.post(
                    _COMPLETIONS,
                    cast_to=object,
                    body=body,
                    stream=True,
                    stream_cls=AsyncStream[object],
                )
            async with chunks:
                while (chunk := await _next(chunks, limit_s)) is not None:
                    if text := gathering.take(chunk):
                        yield text
        if gathering.finish_reason is None:
            raise self._endpoint.broken_off()
        yield gathering.completion()

    async def close(self) -> None:
        """Close all connections. Exchanges still under way fail: end them first."""
        if self._client is not None:
            await self._client.close()

    @contextmanager
    def _explained(self, model: str) -> Iterator[None]:
        """Turn what the libraries raise into a `ModelError`, without their texts and requests."""
        import openai

        try:
            yield
            return
        except TimeoutError:
            failure: ModelError = self._endpoint.late()
        except openai.APIStatusError as error:
            status, headers = error.status_code, error.response.headers
            failure = self._endpoint.refusal(status, headers, error.body, model)
        except (openai.APIConnectionError, aiohttp.ClientError):
            failure = self._endpoint.unreachable()
        except openai.APIError:  # an error event within a stream
            failure = self._endpoint.broken_off()
        except (Unreadable, ValueError, RecursionError):  # no JSON, too long a number, too deep
            failure = self._endpoint.garbled()
        raise failure from None

    async def _open(self) -> "AsyncOpenAI":
        async with self._opening:
            if self._client is None:
                self._client = await asyncio.to_thread(_build, self._endpoint)
        return self._client


def _build(endpoint: Endpoint) -> "AsyncOpenAI":
    import openai

    if not (endpoint.api_key.isascii() and endpoint.api_key.isprintable()):
        raise ModelError("llm.api_key has characters that no key has: set it anew")
    # A proxy named in the environment is for the world outside: it cannot reach this machine.
    transport = openai.DefaultAioHttpClient(trust_env=not _is_loopback(endpoint.base_url))
    return openai.AsyncOpenAI(
        base_url=endpoint.base_url,
        api_key=endpoint.api_key or _NO_KEY,
        timeout=openai.Timeout(None, connect=_CONNECT_TIMEOUT_S),
        max_retries=0,
        http_client=transport,
    )


async def _next(chunks: AsyncIterator[object], limit_s: float) -> object | None:
    async with asyncio.timeout(limit_s):
        return await anext(chunks, None)


def _is_loopback(base_url: str) -> bool:
    host = urlsplit(base_url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
