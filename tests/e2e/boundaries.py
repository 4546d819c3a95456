"""Faults at each step of what Luna does about a persona, told apart by whom a request is about.

Many personas come and go at the same time, each with a fault of its own at the n-th request that
is about it, so that one run of Luna shows what otherwise takes dozens.
"""

import json
import re
from collections import defaultdict
from typing import Any

from aiohttp import web

from tests.e2e.faults import Behaviour, Forward
from tests.e2e.waiting import until


class Boundaries:
    """A behaviour for all requests of a proxy; `requests` are those about each name, in order.

    A request is about a persona when it bears the persona's name, its access token, or the id of a
    room that was made for it, wherever that stands.
    """

    def __init__(self) -> None:
        self.requests: defaultdict[str, list[str]] = defaultdict(list)
        self.met: set[str] = set()
        self._marks: dict[str, str] = {}
        self._plans: dict[str, tuple[int, Behaviour]] = {}

    def watch(self, name: str) -> None:
        """Begin, or begin anew, to count the requests about a persona."""
        self._marks[name] = name
        self.requests[name].clear()

    def plan(self, name: str, number: int, behaviour: Behaviour) -> None:
        """Let the n-th request (from 0) about a persona, and its repetitions, meet a fault."""
        self.watch(name)
        self._plans[name] = (number, behaviour)

    def heal(self, name: str) -> None:
        """End the fault of a persona."""
        self._plans.pop(name, None)

    async def until_met(self, names: set[str], timeout_s: float = 40) -> None:
        """Return once each of these has met its fault."""
        what = f"requests of {len(names)} personas"
        await until(lambda: names <= self.met, timeout_s, what)

    async def __call__(self, request: web.Request, forward: Forward) -> web.Response:
        """Answer a request as planned."""
        name = await self._about(request)
        if name is None:
            return await forward()
        asked = f"{request.method} {_shape(request.raw_path)}"
        self.requests[name].append(asked)
        if self._is_due(name, asked):
            self.met.add(name)
            return await self._plans[name][1](request, self._learning(name, asked, forward))
        return await self._learning(name, asked, forward)()

    def _is_due(self, name: str, asked: str) -> bool:
        if name not in self._plans:
            return False
        number = self._plans[name][0]
        requests = self.requests[name]
        return len(requests) > number and requests[number] == asked

    async def _about(self, request: web.Request) -> str | None:
        body = (await request.read()).decode(errors="replace")
        told = " ".join([request.path, request.headers.get("Authorization", ""), body])
        return next((name for mark, name in self._marks.items() if mark in told), None)

    def _learning(self, name: str, asked: str, forward: Forward) -> Forward:
        """Forward a request, and learn from the answer by what the next ones are known."""
        key = {"POST /login": "access_token", "POST /createRoom": "room_id"}.get(asked, "")

        async def learn() -> web.Response:
            response = await forward()
            if isinstance(mark := _answer(response).get(key), str):
                self._marks[mark] = name
            return response

        return learn


def _answer(response: web.Response) -> dict[str, Any]:
    try:
        answer = json.loads(response.body if isinstance(response.body, bytes) else b"")
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _shape(path: str) -> str:
    """Leave out of a path what differs from persona to persona."""
    path = path.partition("?")[0]
    return re.sub(r"(%40|%21|%23|@|!|#)[^/]+", "…", path.replace("/_matrix/client/v3", ""))
