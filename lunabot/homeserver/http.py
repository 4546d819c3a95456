"""Plain HTTP to the homeserver: one call, patient with the world and strict about the answer."""

import functools
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

import aiohttp
from yarl import URL

from lunabot.errors import Refused, WorldError
from lunabot.retries import Patience, retry_after_s

logger = logging.getLogger(__name__)

JsonObject: TypeAlias = dict[str, Any]
_Value = TypeVar("_Value")
_Request: TypeAlias = Callable[..., AbstractAsyncContextManager[aiohttp.ClientResponse]]

_FIRST_PAUSE_S = 0.25


@dataclass(frozen=True, slots=True)
class Passing:
    """A trouble that may pass: in which words, and the wait the server asked for, if it did."""

    what: str
    wait_s: float | None = None

    def __str__(self) -> str:
        return f"{self.what}, wait {self.wait_s:.0f} s" if self.wait_s else self.what


class HomeserverClient:
    """Calls the homeserver's HTTP API, whichever part of it: client, admin or media.

    What may pass (no connection, no answer in `attempt_timeout_s`, 429, 5xx, an answer that is not
    a JSON object) is tried again with growing pauses, never before the server allows it, for
    `patience_s` seconds in all. A call may therefore reach the server twice: give it paths that
    bear that, as Matrix' do.
    """

    def __init__(
        self,
        url: str,
        session: aiohttp.ClientSession,
        *,
        patience_s: float = 30,
        attempt_timeout_s: float = 15,
    ) -> None:
        self._url = url.rstrip("/")
        self._session = session
        self._patience_s = patience_s
        self._attempt_timeout_s = attempt_timeout_s

    async def call(
        self,
        method: str,
        path: str,
        *,
        body: JsonObject | None = None,
        params: Mapping[str, str] | None = None,
        token: str | None = None,
        patience_s: float | None = None,
    ) -> JsonObject:
        """Return the server's answer to one request; `path` is quoted already.

        `patience_s` is for a call that is to fail sooner, or later, than the others.

        Raises `Refused` when the server says no (4xx), and `WorldError` when patience is over or
        the address leads elsewhere. Neither ever holds the token or the body.
        """
        request = self._request(method, path, token, json=body, params=params)
        return await self._patiently(f"{method} {path}", request, _read_json, patience_s)

    async def upload(self, path: str, data: bytes, mimetype: str, token: str) -> JsonObject:
        """Return the server's answer to a file. Raises like `call`."""
        request = self._request("POST", path, token, data=data, mimetype=mimetype)
        return await self._patiently(f"POST {path}", request, _read_json)

    async def download(self, path: str, token: str, limit: int) -> bytes:
        """Return the content of a file of at most `limit` bytes, reading no more than that.

        Raises like `call`, and `Refused` (``M_TOO_LARGE``) for a larger file.
        """

        async def read(response: aiohttp.ClientResponse) -> bytes | Passing:
            if response.status != 200:
                interpret(response.status, response.headers, await response.read())
                return Passing(f"HTTP status {response.status}")
            return await _read_limited(response.content, limit)

        request = self._request("GET", path, token)
        return await self._patiently(f"GET {path}", request, read)

    def _request(
        self, method: str, path: str, token: str | None, *, mimetype: str = "", **content: Any
    ) -> _Request:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return functools.partial(
            self._session.request,
            method,
            URL(self._url + path, encoded=True),
            headers=headers | ({"Content-Type": mimetype} if mimetype else {}),
            allow_redirects=False,
            **content,
        )

    async def _patiently(
        self,
        what: str,
        request: _Request,
        read: Callable[[aiohttp.ClientResponse], Awaitable[_Value | Passing]],
        patience_s: float | None = None,
    ) -> _Value:
        patience = Patience(patience_s or self._patience_s, self._attempt_timeout_s, _FIRST_PAUSE_S)
        while True:
            with patience.attempt() as timeout_s:
                answer = await _attempt(request, read, timeout_s)
            if not isinstance(answer, Passing):
                return answer
            logger.info("%s: %s", what, answer.what)
            if not await patience.pause(answer.wait_s):
                raise WorldError(
                    f"The homeserver at {self._url} does not answer as it should: {answer}"
                )


async def _attempt(
    request: _Request,
    read: Callable[[aiohttp.ClientResponse], Awaitable[_Value | Passing]],
    timeout_s: float,
) -> _Value | Passing:
    try:
        async with request(timeout=aiohttp.ClientTimeout(total=timeout_s)) as response:
            return await read(response)
    except TimeoutError:
        return Passing(f"no answer in {timeout_s:.0f} s")
    except aiohttp.ClientError as error:
        return Passing(f"no connection ({error})")


async def _read_json(response: aiohttp.ClientResponse) -> JsonObject | Passing:
    return interpret(response.status, response.headers, await response.read())


async def _read_limited(stream: aiohttp.StreamReader, limit: int) -> bytes:
    content = bytearray()
    async for chunk in stream.iter_any():
        content += chunk
        if len(content) > limit:
            raise Refused("M_TOO_LARGE", f"the file is larger than {limit / 1e6:.1f} MB")
    return bytes(content)


def interpret(status: int, headers: Mapping[str, str], content: bytes) -> JsonObject | Passing:
    """Return what an answer means: its JSON object, or the trouble that may pass.

    Raises `Refused` for a 4xx and `WorldError` for a redirection. (Client-server API, "Standard
    error response" and "Rate limiting".)
    """
    answer = _json_object(content)
    if status == 429:
        return Passing("too many requests", _allowed_after_s(headers, answer or {}))
    if status >= 500:
        return Passing(f"HTTP status {status}", retry_after_s(headers))
    if status >= 400:
        if answer is None:  # a proxy, or another service
            what = f"HTTP status {status} from something that is no homeserver: see homeserver.url"
            raise Refused("M_UNKNOWN", what)
        message = str(answer.get("error", f"HTTP status {status}"))
        raise Refused(str(answer.get("errcode", "M_UNKNOWN")), message)
    if status >= 300:
        raise WorldError(
            f"The homeserver's address leads on to {headers.get('Location')}: set homeserver.url"
        )
    return Passing("the answer is not a JSON object") if answer is None else answer


def expect(answer: JsonObject, key: str, kind: type[_Value]) -> _Value:
    """Return a value that an answer must hold; raises `WorldError` when it does not."""
    value = answer.get(key)
    if not isinstance(value, kind):
        raise WorldError(f"The homeserver's answer has no {key!r}: is it a Matrix server?")
    return value


def _json_object(content: bytes) -> JsonObject | None:
    try:
        value = json.loads(content)
    except ValueError:  # undecodable text too
        return None
    return value if isinstance(value, dict) else None


def _allowed_after_s(headers: Mapping[str, str], answer: JsonObject) -> float | None:
    """Read the wait from the header, or from `retry_after_ms`, its forerunner (MSC4041)."""
    wait_ms = answer.get("retry_after_ms")
    if "Retry-After" in headers or not isinstance(wait_ms, int | float):
        return retry_after_s(headers)
    return wait_ms / 1000
