"""A scripted stand-in for an OpenAI-compatible model server, for tests in and out of the process.

    async with FakeModel() as model:
        model.enqueue(Status(429, headers={"Retry-After": "0"}), Answer("hi"), Hang(), Reset())
        ...                                     # whatever asks `model.base_url`
        assert model.requests[-1].last_user == "hello"
        await model.wait_for(lambda request: "hello" in request.last_user)

Each request to ``/v1/chat/completions``, streamed or not, meets the next enqueued script; when none
is left, `reply` makes one of the request: by default the last user message after "echo: ".
``/v1/models`` and ``/v1/models/{id}`` answer for `models`: configure one of them (``llm.model:
fake``), as a check of any other sends a completion request of its own. It listens on a free
loopback port, so that a Luna in a process of its own can be told its `base_url`, too.
"""

import asyncio
import base64
import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Protocol, Self

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Request:
    """What reached the model: the JSON body and the headers of one call."""

    body: dict[str, Any]
    headers: Mapping[str, str]

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The conversation as it was sent: dictionaries with `role` and `content`."""
        return list(self.body.get("messages", []))

    @property
    def model(self) -> str:
        return str(self.body.get("model", ""))

    @property
    def stream(self) -> bool:
        return bool(self.body.get("stream"))

    @property
    def system(self) -> str:
        """All system turns, joined by blank lines."""
        return "\n\n".join(self._contents("system"))

    @property
    def last_user(self) -> str:
        """The newest user turn, or ""."""
        return next(reversed(self._contents("user")), "")

    @property
    def images(self) -> list[bytes]:
        """All images that came as ``data:`` addresses, in order."""
        return [
            base64.b64decode(part["image_url"]["url"].partition(",")[2])
            for turn in self.messages
            if isinstance(turn["content"], list)
            for part in turn["content"]
            if part["type"] == "image_url"
        ]

    def _contents(self, role: str) -> list[str]:
        return [said(turn["content"]) for turn in self.messages if turn.get("role") == role]


def said(content: object) -> str:
    """Return the text of a turn's content, which may have several parts."""
    if isinstance(content, list):
        return "\n".join(part["text"] for part in content if part["type"] == "text")
    return str(content)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One HTTP request that a script plays its answer to."""

    http: web.Request
    request: Request
    number: int
    closing: asyncio.Event

    def head(self, kind: str) -> dict[str, Any]:
        return {"id": f"c{self.number}", "object": kind, "created": 1, "model": self.request.model}

    async def open_stream(self) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(self.http)
        return response

    def chunk(self, choices: Sequence[Any], usage: Mapping[str, int] | None = None) -> bytes:
        """One server-sent event; with `usage` it is the last one, which has no choices."""
        body = self.head("chat.completion.chunk") | {"choices": list(choices)}
        if usage is not None:
            body["usage"] = dict(usage)
        return f"data: {json.dumps(body)}\n\n".encode()

    def delta(self, text: str) -> bytes:
        return self.chunk([{"index": 0, "delta": {"role": "assistant", "content": text}}])

    def cut(self) -> web.StreamResponse:
        """Reset the TCP connection; what is returned goes nowhere."""
        if self.http.transport is not None:
            self.http.transport.abort()
        return web.Response()


class Script(Protocol):
    """What a request meets."""

    async def play(self, exchange: Exchange) -> web.StreamResponse: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """A proper completion of `text`, whole or streamed in pieces of `piece` characters.

    It comes `delay_s` seconds late and not before `hold` is set; `pause_s` seconds lie between
    streamed pieces. `usage=False` leaves the token counts out (as some servers do); else a token
    is a word.
    """

    text: str
    delay_s: float = 0
    hold: asyncio.Event | None = None
    finish_reason: str | None = "stop"
    usage: bool = True
    piece: int = 12
    pause_s: float = 0

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        await asyncio.sleep(self.delay_s)
        if self.hold is not None:
            await self.hold.wait()
        if exchange.request.stream:
            return await self._stream(exchange)
        message = {"role": "assistant", "content": self.text}
        choice = {"index": 0, "finish_reason": self.finish_reason, "message": message}
        body = exchange.head("chat.completion") | {"choices": [choice]}
        if self.usage:
            body["usage"] = self._count(exchange.request)
        return web.json_response(body)

    async def _stream(self, exchange: Exchange) -> web.StreamResponse:
        response = await exchange.open_stream()
        for start in range(0, len(self.text), self.piece):
            await response.write(exchange.delta(self.text[start : start + self.piece]))
            if self.pause_s:
                await asyncio.sleep(self.pause_s)
        last = {"index": 0, "delta": {}, "finish_reason": self.finish_reason}
        await response.write(exchange.chunk([last]))
        if self.usage and (exchange.request.body.get("stream_options") or {}).get("include_usage"):
            await response.write(exchange.chunk([], self._count(exchange.request)))
        await response.write(b"data: [DONE]\n\n")
        await response.write_eof()
        return response

    def _count(self, request: Request) -> dict[str, int]:
        prompt = sum(len(said(turn["content"]).split()) for turn in request.messages)
        completion = len(self.text.split())
        return {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
        }


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A completion without a text that calls tools: pairs of a name and what is written behind it.

    Streamed, the arguments come in two pieces.
    """

    calls: tuple[tuple[str, str], ...]

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        if exchange.request.stream:
            return await self._stream(exchange)
        calls = [self._part(number, name, text) for number, (name, text) in enumerate(self.calls)]
        message = {"role": "assistant", "content": None, "tool_calls": calls}
        choice = {"index": 0, "finish_reason": "tool_calls", "message": message}
        return web.json_response(exchange.head("chat.completion") | {"choices": [choice]})

    async def _stream(self, exchange: Exchange) -> web.StreamResponse:
        response = await exchange.open_stream()
        for number, (name, text) in enumerate(self.calls):
            half = len(text) // 2
            for part in (self._part(number, name, text[:half]), self._rest(number, text[half:])):
                delta = {"tool_calls": [part]}
                await response.write(exchange.chunk([{"index": 0, "delta": delta}]))
        last = {"index": 0, "delta": {}, "finish_reason": "tool_calls"}
        await response.write(exchange.chunk([last]))
        await response.write(b"data: [DONE]\n\n")
        await response.write_eof()
        return response

    def _part(self, number: int, name: str, text: str) -> dict[str, Any]:
        function = {"name": name, "arguments": text}
        return {"index": number, "id": f"call-{number}", "type": "function", "function": function}

    def _rest(self, number: int, text: str) -> dict[str, Any]:
        return {"index": number, "function": {"arguments": text}}


@dataclass(frozen=True, slots=True)
class Status:
    """Any HTTP answer: a mapping goes out as JSON, a string as it stands, None as an API error."""

    status: int
    body: Mapping[str, Any] | str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        if isinstance(self.body, str):
            return web.Response(status=self.status, text=self.body, headers=self.headers)
        body = self.body or {"error": {"message": f"scripted {self.status}", "type": "scripted"}}
        return web.json_response(body, status=self.status, headers=self.headers)


@dataclass(frozen=True, slots=True)
class Hang:
    """No answer, ever: the connection stays open until the client or the test has had enough."""

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        await exchange.closing.wait()
        return exchange.cut()


@dataclass(frozen=True, slots=True)
class Reset:
    """The connection is reset; a streamed answer first brings the text `after`."""

    after: str = ""

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        if self.after and exchange.request.stream:
            response = await exchange.open_stream()
            await response.write(exchange.delta(self.after))
        return exchange.cut()


@dataclass(frozen=True, slots=True)
class HalfJson:
    """Status 200 and the first half of a JSON body, or of a streamed answer's first event."""

    async def play(self, exchange: Exchange) -> web.StreamResponse:
        half = '{"id": "c1", "object": "chat.completion", "choices": [{"index": 0, "mess'
        if not exchange.request.stream:
            return web.Response(text=half, content_type="application/json")
        return web.Response(text=f"data: {half}\n\n", content_type="text/event-stream")


def echo(request: Request) -> Script:
    """The default answer: the last user message after "echo: "."""
    return Answer(f"echo: {request.last_user}")


class FakeModel:
    """The server; an asynchronous context manager. With `api_key`, other keys meet a 401."""

    def __init__(
        self,
        reply: Callable[[Request], Script] = echo,
        *,
        models: Sequence[str] = ("fake",),
        api_key: str | None = None,
    ) -> None:
        self.reply = reply
        self.models = list(models)
        self.requests: list[Request] = []
        self.base_url = ""
        self.most_at_once = 0
        self._api_key = api_key
        self._scripts: deque[Script] = deque()
        self._at_once = 0
        self._seen = asyncio.Condition()
        self._closing = asyncio.Event()
        self._runner: web.AppRunner | None = None

    def enqueue(self, *scripts: Script) -> None:
        """Let the next requests meet these, one each, in this order."""
        self._scripts.extend(scripts)

    async def wait_for(
        self, predicate: Callable[[Request], bool], timeout_s: float = 10
    ) -> Request:
        """Return the first request, past or to come, that fits; TimeoutError when none does."""

        def found() -> Request | None:
            return next((request for request in self.requests if predicate(request)), None)

        async with asyncio.timeout(timeout_s), self._seen:
            await self._seen.wait_for(found)
        request = found()
        assert request is not None
        return request

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 << 20)
        app.router.add_post("/v1/chat/completions", self._complete)
        app.router.add_get("/v1/models", self._list_models)
        app.router.add_get("/v1/models/{id:.+}", self._show_model)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.base_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._closing.set()
        assert self._runner is not None
        await self._runner.cleanup()

    async def _complete(self, http: web.Request) -> web.StreamResponse:
        if refusal := self._refusal(http):
            return refusal
        request = Request(await http.json(), dict(http.headers))
        async with self._seen:
            self.requests.append(request)
            self._seen.notify_all()
        script = self._scripts.popleft() if self._scripts else self.reply(request)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            return await script.play(Exchange(http, request, len(self.requests), self._closing))
        finally:
            self._at_once -= 1

    async def _list_models(self, http: web.Request) -> web.Response:
        data = [{"id": name, "object": "model"} for name in self.models]
        return self._refusal(http) or web.json_response({"object": "list", "data": data})

    async def _show_model(self, http: web.Request) -> web.Response:
        name = http.match_info["id"]
        if refusal := self._refusal(http):
            return refusal
        if name in self.models:
            return web.json_response({"id": name, "object": "model"})
        error = {"message": f"The model {name} does not exist", "code": "model_not_found"}
        return web.json_response({"error": error}, status=404)

    def _refusal(self, http: web.Request) -> web.Response | None:
        if self._api_key is None or http.headers.get("Authorization") == f"Bearer {self._api_key}":
            return None
        error = {"message": "Incorrect API key provided", "code": "invalid_api_key"}
        return web.json_response({"error": error}, status=401)
