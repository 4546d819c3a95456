"""What a request to the fake homeserver may meet in place of its service."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from aiohttp import web

Serve = Callable[[], Any]


class Script(Protocol):
    """What a request meets; `serve` does what was asked and returns the JSON of the answer."""

    async def play(self, http: web.Request, serve: Serve) -> web.StreamResponse: ...


@dataclass(frozen=True, slots=True)
class Status:
    """An answer in place of the service: a string goes out as HTML, anything else as JSON."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    async def play(self, http: web.Request, serve: Serve) -> web.StreamResponse:
        if isinstance(self.body, str):
            return web.Response(status=self.status, text=self.body, content_type="text/html")
        return web.json_response(self.body, status=self.status, headers=self.headers)


@dataclass(frozen=True, slots=True)
class Reset:
    """The connection is reset before the server did anything."""

    async def play(self, http: web.Request, serve: Serve) -> web.StreamResponse:
        return _cut(http)


@dataclass(frozen=True, slots=True)
class Lost:
    """The server does what was asked, and the answer is lost: whole, or its second half."""

    half: bool = False

    async def play(self, http: web.Request, serve: Serve) -> web.StreamResponse:
        body = json.dumps(serve()).encode()
        if not self.half:
            return _cut(http)
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        response.content_length = len(body)
        await response.prepare(http)
        await response.write(body[: len(body) // 2])
        return _cut(http)


@dataclass(frozen=True, slots=True)
class Held:
    """The answer comes once the event is set."""

    until: asyncio.Event

    async def play(self, http: web.Request, serve: Serve) -> web.StreamResponse:
        await self.until.wait()
        return web.json_response(serve())


def _cut(http: web.Request) -> web.Response:
    if http.transport is not None:
        http.transport.abort()
    return web.Response()
