"""Calls to a homeserver that is slow, overloaded, broken, elsewhere or not one at all."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from multidict import CIMultiDict

from lunabot.errors import Refused, WorldError
from lunabot.homeserver.http import HomeserverClient, Passing, expect, interpret
from tests.unit.homeserver.conftest import free_port

PAGE = b"<html><h1>502 Bad Gateway</h1></html>"
Answer = Callable[[], web.StreamResponse | Awaitable[web.StreamResponse]]


def json_answer(body: object, status: int = 200, **headers: str) -> Answer:
    return lambda: web.json_response(body, status=status, headers=headers)


def page(status: int) -> Answer:
    return lambda: web.Response(status=status, body=PAGE, content_type="text/html")


async def broken_connection() -> web.StreamResponse:
    raise ConnectionError


class Scripted:
    """A server that gives the answers it was told, the last one again and again."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.requests: list[tuple[str, str, str | None, Any]] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.json() if request.can_read_body else None
        authorization = request.headers.get("Authorization")
        self.requests.append((request.method, request.raw_path, authorization, body))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        response = answer()
        return response if isinstance(response, web.StreamResponse) else await response

    @asynccontextmanager
    async def client(
        self, patience_s: float = 30, attempt_timeout_s: float = 5
    ) -> AsyncIterator[HomeserverClient]:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self.handle)
        async with TestServer(application) as server, aiohttp.ClientSession() as session:
            url = str(server.make_url("/"))
            yield HomeserverClient(
                url, session, patience_s=patience_s, attempt_timeout_s=attempt_timeout_s
            )


async def test_a_call_sends_what_it_is_given() -> None:
    server = Scripted(json_answer({"ok": True}))
    async with server.client() as http:
        path = "/_matrix/client/v3/rooms/%21a%3Ab/send"
        answer = await http.call("PUT", path, body={"a": 1}, params={"q": "ü"}, token="secret")
    assert answer == {"ok": True}
    assert server.requests == [("PUT", f"{path}?q=%C3%BC", "Bearer secret", {"a": 1})]


async def test_a_call_without_a_token_has_no_authorization() -> None:
    server = Scripted(json_answer({}))
    async with server.client() as http:
        assert await http.call("GET", "/_matrix/client/versions") == {}
    assert server.requests == [("GET", "/_matrix/client/versions", None, None)]


@pytest.mark.parametrize(
    "trouble",
    [
        json_answer({"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 5}, 429),
        json_answer({"errcode": "M_LIMIT_EXCEEDED"}, 429, **{"Retry-After": "0"}),
        json_answer({"errcode": "M_UNKNOWN"}, 500),
        page(429),
        page(502),
        page(503),
        page(200),
        json_answer(["a", "list"]),
        broken_connection,
    ],
)
async def test_what_may_pass_is_tried_again(trouble: Answer) -> None:
    server = Scripted(trouble, json_answer({"ok": True}))
    async with server.client() as http:
        assert await http.call("POST", "/x", body={"a": 1}) == {"ok": True}
    assert server.requests == [("POST", "/x", None, {"a": 1})] * 2


async def test_a_server_that_does_not_answer_in_time_is_asked_again() -> None:
    server = Scripted(json_answer({"ok": True}))
    async with server.client(attempt_timeout_s=0.5) as http, slow_once(server):
        assert await http.call("GET", "/x") == {"ok": True}
    assert len(server.requests) == 2


@asynccontextmanager
async def slow_once(server: Scripted) -> AsyncIterator[None]:
    """Let the first answer wait until the end of the test."""
    over = asyncio.Event()

    async def late() -> web.StreamResponse:
        await over.wait()
        return web.json_response({"late": True})

    server.answers.insert(0, late)
    yield
    over.set()


@pytest.mark.parametrize("status", [500, 502])
async def test_patience_ends(status: int) -> None:
    server = Scripted(page(status))
    async with server.client(patience_s=0.5) as http:
        with pytest.raises(WorldError, match=f"does not answer as it should: HTTP status {status}"):
            await http.call("GET", "/x", token="secret")
    assert len(server.requests) > 1


async def test_a_longer_wait_than_patience_allows_is_not_waited() -> None:
    server = Scripted(json_answer({"retry_after_ms": 3_600_000}, 429))
    async with server.client() as http:
        with pytest.raises(WorldError, match="too many requests"):
            await http.call("GET", "/x")
    assert len(server.requests) == 1


async def test_nobody_listens() -> None:
    async with aiohttp.ClientSession() as session:
        http = HomeserverClient(f"http://127.0.0.1:{free_port()}", session, patience_s=0.1)
        with pytest.raises(WorldError, match="no connection") as caught:
            await http.call("GET", "/x", token="secret")
    assert "secret" not in str(caught.value)


async def test_a_refusal_is_final_and_has_its_code() -> None:
    server = Scripted(json_answer({"errcode": "M_FORBIDDEN", "error": "Not you"}, 403))
    async with server.client() as http:
        with pytest.raises(Refused, match=r"^Not you$") as caught:
            await http.call("GET", "/x")
    assert caught.value.errcode == "M_FORBIDDEN"
    assert len(server.requests) == 1


async def test_a_redirection_is_not_followed() -> None:
    """It could lead the token to anybody, and turn a POST into a GET."""

    def elsewhere() -> web.Response:
        return web.Response(status=301, headers={"Location": "https://matrix.example/"})

    server = Scripted(elsewhere)
    async with server.client() as http:
        with pytest.raises(WorldError, match=r"https://matrix\.example/: set homeserver\.url"):
            await http.call("POST", "/x", body={}, token="secret")
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "headers", "content", "meaning"),
    [
        (200, {}, b"{}", {}),
        (200, {}, b"", Passing("the answer is not a JSON object")),
        (200, {}, b"null", Passing("the answer is not a JSON object")),
        (200, {}, b"\xff\xfe", Passing("the answer is not a JSON object")),
        (429, {}, b'{"retry_after_ms": 1500}', Passing("too many requests", 1.5)),
        (429, {"retry-after": "2"}, b'{"retry_after_ms": 1500}', Passing("too many requests", 2)),
        (429, {}, b'{"retry_after_ms": "soon"}', Passing("too many requests")),
        (429, {}, PAGE, Passing("too many requests")),
        (503, {"Retry-After": "4"}, PAGE, Passing("HTTP status 503", 4)),
        (524, {}, b"{}", Passing("HTTP status 524")),
    ],
)
def test_what_an_answer_means(
    status: int, headers: dict[str, str], content: bytes, meaning: object
) -> None:
    assert interpret(status, CIMultiDict(headers), content) == meaning


@pytest.mark.parametrize(
    ("content", "errcode", "message"),
    [
        (b'{"errcode": "M_NOT_FOUND", "error": "No room"}', "M_NOT_FOUND", "No room"),
        (b'{"errcode": "M_NOT_FOUND"}', "M_NOT_FOUND", "HTTP status 404"),
        (PAGE, "M_UNKNOWN", "HTTP status 404 from something that is no homeserver: .*url"),
    ],
)
def test_what_a_refusal_means(content: bytes, errcode: str, message: str) -> None:
    with pytest.raises(Refused, match=f"^{message}$") as caught:
        interpret(404, {}, content)
    assert caught.value.errcode == errcode


def test_an_answer_must_hold_what_is_expected() -> None:
    assert expect({"a": "b"}, "a", str) == "b"
    for answer in ({}, {"a": 1}, {"a": None}):
        with pytest.raises(WorldError, match="has no 'a'"):
            expect(answer, "a", str)
