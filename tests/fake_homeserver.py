"""A scripted homeserver for tests of one account, in the process and without a database.

    async with FakeHomeserver() as home:
        home.bring(joined(ROOM, said(ADA, "hello")))      # what the next sync holds
        home.enqueue("send", Status(502, "<html>"), Lost())
        ...
        await home.wait_for(lambda: home.events)

Each request to a named endpoint (`ENDPOINTS`) meets the next script enqueued for it; when none is
left it is served as a homeserver would. Syncs are a journal: a token counts the batches that it
covers, so a client that comes back with an old one is brought the same again. `timelines` are the
rooms' events, oldest first, as they are read backwards; `positions` tells before how many of them a
token stands, which is the end for one that is not named. Other paths answer what `answers` has for
them, bytes as they stand. It listens on a free loopback port.
"""

import asyncio
import json
import re
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote

from aiohttp import web

from lunabot.errors import new_reference
from lunabot.matrix.ids import DeviceId, UserId
from lunabot.matrix.session import Session
from tests.homeserver_scripts import Script, Status

ME = UserId("@luna:localhost")
_V3 = r"/_matrix/client/v3"
ENDPOINTS = {
    "filter": rf"POST {_V3}/user/[^/]+/filter",
    "sync": rf"GET {_V3}/sync",
    "send": rf"PUT {_V3}/rooms/(?P<room>[^/]+)/send/(?P<type>[^/]+)/(?P<transaction>[^/]+)",
    "redact": rf"PUT {_V3}/rooms/(?P<room>[^/]+)/redact/(?P<event>[^/]+)/[^/]+",
    "typing": rf"PUT {_V3}/rooms/(?P<room>[^/]+)/typing/[^/]+",
    "receipt": rf"POST {_V3}/rooms/(?P<room>[^/]+)/receipt/m.read/(?P<event>[^/]+)",
    "messages": rf"GET {_V3}/rooms/(?P<room>[^/]+)/messages",
    "members": rf"GET {_V3}/rooms/[^/]+/joined_members",
    "join": rf"POST {_V3}/join/(?P<room>[^/]+)",
    "upload": r"POST /_matrix/media/v3/upload",
    "to_device": rf"PUT {_V3}/sendToDevice/(?P<type>[^/]+)/[^/]+",
    "keys_upload": rf"POST {_V3}/keys/upload",
    "keys_query": rf"POST {_V3}/keys/query",
    "keys_claim": rf"POST {_V3}/keys/claim",
    "identity": rf"POST {_V3}/keys/device_signing/upload",
    "signatures": rf"POST {_V3}/keys/signatures/upload",
}


@dataclass(frozen=True, slots=True)
class Request:
    """What reached the server: `parts` are named pieces of the path, `body` is JSON if it can."""

    endpoint: str
    path: str
    token: str
    parts: Mapping[str, str]
    query: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class SentEvent:
    """An event that came to be, once for each transaction id."""

    event_id: str
    room_id: str
    type: str
    transaction_id: str
    content: dict[str, Any]


class FakeHomeserver:
    """The server; an asynchronous context manager."""

    def __init__(self) -> None:
        self.url = ""
        self.session = Session(ME, DeviceId("DEVICE"), f"token-{new_reference()}")
        self.requests: list[Request] = []
        self.events: list[SentEvent] = []
        self.answers: dict[str, Any] = {}
        self.timelines: dict[str, list[dict[str, Any]]] = {}
        self.positions: dict[str, int] = {}
        self.published: dict[str, Any] = {}
        self._batches: list[dict[str, Any]] = []
        self._scripts: defaultdict[str, deque[Script]] = defaultdict(deque)
        self._changed = asyncio.Condition()
        self._closing = False

    def bring(self, *batches: Mapping[str, Any]) -> None:
        """Let the next syncs bring these, each its own batch; call it before they wait."""
        self._batches.extend(dict(batch) for batch in batches)

    async def bring_now(self, *batches: Mapping[str, Any]) -> None:
        """Bring batches to a sync that waits already."""
        async with self._changed:
            self.bring(*batches)
            self._changed.notify_all()

    def enqueue(self, endpoint: str, *scripts: Script) -> None:
        """Let the next requests to an endpoint meet these, in this order."""
        assert endpoint in ENDPOINTS
        self._scripts[endpoint].extend(scripts)

    def of(self, endpoint: str) -> list[Request]:
        """Return the requests to an endpoint, failed ones included, in order."""
        return [request for request in self.requests if request.endpoint == endpoint]

    async def wait_for(self, condition: Callable[[], object], timeout_s: float = 10) -> None:
        """Return once the condition holds; it is looked at as each request comes and goes."""
        async with asyncio.timeout(timeout_s), self._changed:
            await self._changed.wait_for(condition)

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._closing = True
        await self._notify()
        await self._runner.cleanup()

    async def _handle(self, http: web.Request) -> web.StreamResponse:
        request = await _read(http)
        self.requests.append(request)
        await self._notify()
        scripts = self._scripts[request.endpoint]
        try:
            if scripts:
                return await scripts.popleft().play(http, lambda: self._serve(request))
            if request.endpoint == "sync":
                await self._wait_for_batch(request)
            return _answer(self._serve(request))
        finally:
            await self._notify()

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _wait_for_batch(self, request: Request) -> None:
        if "timeout" in request.query:
            async with self._changed:
                await self._changed.wait_for(
                    lambda: len(self._batches) > _covered(request) or self._closing
                )

    def _serve(self, request: Request) -> Any:
        serve = getattr(self, f"_{request.endpoint}", None)
        if serve is not None:
            return serve(request)
        if request.endpoint in ENDPOINTS:
            return {}
        missing = Status(404, {"errcode": "M_NOT_FOUND", "error": "nothing is there"})
        answer = self.answers.get(request.path, missing)
        return answer(request) if callable(answer) else answer

    def _filter(self, request: Request) -> Any:
        return {"filter_id": "filter"}

    def _sync(self, request: Request) -> Any:
        covered = _covered(request)
        batch = self._batches[covered] if covered < len(self._batches) else {}
        token = min(covered + 1, len(self._batches))
        counts = {"signed_curve25519": 50}
        return {"next_batch": f"s{token}", "device_one_time_keys_count": counts, **batch}

    def _send(self, request: Request) -> Any:
        parts = request.parts
        for event in self.events:
            if event.transaction_id == parts["transaction"]:
                return {"event_id": event.event_id}
        event_id = f"$sent{len(self.events) + 1}"
        self.events.append(
            SentEvent(event_id, parts["room"], parts["type"], parts["transaction"], request.body)
        )
        return {"event_id": event_id}

    def _messages(self, request: Request) -> Any:
        timeline = self.timelines.get(request.parts["room"], [])
        first = self.positions.get(request.query.get("to", ""), 0)
        last = self._position(request.query["from"], len(timeline))
        start = max(first, last - int(request.query["limit"]))
        more = {"end": f"t{start}-0"} if start > first else {}
        return {"start": request.query["from"], "chunk": timeline[start:last][::-1], **more}

    def _position(self, token: str, end: int) -> int:
        own = re.fullmatch(r"t(\d+)-0", token)
        return int(own[1]) if own else self.positions.get(token, end)

    def _members(self, request: Request) -> Any:
        return {"joined": {ME: {"display_name": "Luna", "avatar_url": None}}}

    def _redact(self, request: Request) -> Any:
        return {"event_id": "$redaction"}

    def _join(self, request: Request) -> Any:
        return {"room_id": request.parts["room"]}

    def _upload(self, request: Request) -> Any:
        return {"content_uri": "mxc://localhost/file"}

    def _keys_upload(self, request: Request) -> Any:
        if "device_keys" in request.body:
            self.published["device_keys"] = {
                ME: {self.session.device_id: request.body["device_keys"]}
            }
        return {"one_time_key_counts": {"signed_curve25519": 50}}

    def _keys_query(self, request: Request) -> Any:
        return {"failures": {}, "device_keys": {}, **self.published}

    def _keys_claim(self, request: Request) -> Any:
        return {"failures": {}, "one_time_keys": {}}

    def _identity(self, request: Request) -> Any:
        for usage in ("master", "self_signing", "user_signing"):
            self.published[f"{usage}_keys"] = {ME: request.body[f"{usage}_key"]}
        return {}

    def _signatures(self, request: Request) -> Any:
        self.published["device_keys"][ME].update(request.body[ME])
        return {"failures": {}}


async def _read(http: web.Request) -> Request:
    text = await http.read()
    try:
        body = json.loads(text) if text else None
    except ValueError:
        body = text
    token = http.headers.get("Authorization", "").removeprefix("Bearer ")
    for endpoint, pattern in ENDPOINTS.items():
        if found := re.fullmatch(pattern, f"{http.method} {http.rel_url.raw_path}"):
            parts = {name: unquote(part) for name, part in found.groupdict().items()}
            return Request(endpoint, http.path, token, parts, dict(http.query), body)
    return Request(http.method, http.path, token, {}, dict(http.query), body)


def _covered(request: Request) -> int:
    return int(request.query.get("since", "s0")[1:])


def _answer(answer: Any) -> web.Response:
    if isinstance(answer, Status):
        return web.json_response(answer.body, status=answer.status, headers=answer.headers)
    return web.Response(body=answer) if isinstance(answer, bytes) else web.json_response(answer)
