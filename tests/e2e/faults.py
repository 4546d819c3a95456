"""What can go wrong between a client and its homeserver, one request at a time."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.e2e.waiting import until

Forward = Callable[[], Awaitable[web.Response]]
Behaviour = Callable[[web.Request, Forward], Awaitable[web.Response]]


def cut() -> Behaviour:
    """The connection is cut before the server sees the request."""

    async def behave(request: web.Request, forward: Forward) -> web.Response:
        return _cut(request)

    return behave


def lost_answer() -> Behaviour:
    """The server does what it is asked; then the connection is cut in place of the answer.

    aiohttp by itself repeats a GET or PUT once when a kept connection is cut so: a fault that shall
    reach the caller needs ``times=2``, or none.
    """

    async def behave(request: web.Request, forward: Forward) -> web.Response:
        await forward()
        return _cut(request)

    return behave


def hold(release: asyncio.Event) -> Behaviour:
    """The request waits in the proxy until `release` is set, then goes on to the server."""

    async def behave(request: web.Request, forward: Forward) -> web.Response:
        await release.wait()
        return await forward()

    return behave


def late_answer(release: asyncio.Event) -> Behaviour:
    """The server does what it is asked; its answer waits in the proxy until `release` is set."""

    async def behave(request: web.Request, forward: Forward) -> web.Response:
        answer = await forward()
        await release.wait()
        return answer

    return behave


def refusal(status: int, errcode: str, **more: Any) -> Behaviour:
    """A Matrix error, such as 429 M_LIMIT_EXCEEDED with ``retry_after_ms=200``."""

    async def behave(request: web.Request, forward: Forward) -> web.Response:
        return web.json_response({"errcode": errcode, "error": "scripted", **more}, status=status)

    return behave


def html(status: int = 502) -> Behaviour:
    """The page of a reverse proxy whose server is gone."""
    return text("<html><body><h1>Bad Gateway</h1></body></html>", status, "text/html")


def text(body: str, status: int = 200, content_type: str = "application/json") -> Behaviour:
    """Any text, such as half a JSON object that calls itself JSON."""

    async def behave(request: web.Request, forward: Forward) -> web.Response:
        return web.Response(text=body, status=status, content_type=content_type)

    return behave


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


@dataclass(eq=False)
class Fault:
    """What happens to the next `remaining` requests (None: to all) that its pattern fits."""

    pattern: re.Pattern[str]
    behaviour: Behaviour
    method: str | None
    remaining: int | None
    hits: int = 0

    def fits(self, request: web.Request) -> bool:
        """Tell whether the request meets the fault."""
        return (
            self.remaining != 0
            and self.method in (None, request.method)
            and self.pattern.search(request.raw_path) is not None
        )

    async def meet(self, request: web.Request, forward: Forward) -> web.Response:
        """Answer the request in the fault's way."""
        self.hits += 1
        if self.remaining is not None:
            self.remaining -= 1
        return await self.behaviour(request, forward)

    async def met(self, times: int = 1, timeout_s: float = 10) -> None:
        """Return once so many requests have met the fault."""
        what = f"{times} requests for {self.pattern.pattern} (there were {self.hits})"
        await until(lambda: self.hits >= times, timeout_s, what)
