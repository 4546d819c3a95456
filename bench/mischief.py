"""What goes wrong in the soak, at random: network, homeserver, model, and Luna's process."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable

from aiohttp import web

from tests.e2e.faults import Behaviour, Forward, html, lost_answer, refusal
from tests.faults.stores import check_stores
from tests.faults.whims import Whims
from tests.faults.world import World

PAUSES_S = (10.0, 40.0)
LENGTHS_S = (1.0, 6.0)
START_S = 120.0
ALL = "/_matrix/"
TALK = "/send/|/sync|/typing|/receipt"


class Mischief:
    """Makes faults until cancelled, one at a time, beside those of the model (`whims`).

    While `may_kill` is set, Luna is killed now and then, and her stores are looked at before she is
    started again (`away` meanwhile). Where it is allowed, Synapse is restarted.
    """

    def __init__(
        self, world: World, whims: Whims, draw: random.Random, *, may_restart_server: bool
    ) -> None:
        self.may_kill = True
        self.away = False
        self._made: Counter[str] = Counter()
        self._world = world
        self._whims = whims
        self._draw = draw
        self._faults: dict[str, Callable[[], Awaitable[None]]] = {
            "cut": self._cut,
            "answers lost": lambda: self._meet(TALK, self._sometimes(0.3, lost_answer())),
            "rate limit": lambda: self._meet(TALK, self._sometimes(0.3, self._limit())),
            "bad gateway": lambda: self._meet(ALL, self._sometimes(0.5, html(502))),
            "server error": lambda: self._meet(ALL, self._sometimes(0.5, html(500))),
            "slow": lambda: self._meet(ALL, self._slow),
            "kill": self._kill,
        }
        if may_restart_server:
            self._faults["server restart"] = self._restart_server

    @property
    def met(self) -> Counter[str]:
        """How often each fault was met so far."""
        return self._made + Counter({f"model: {name}": n for name, n in self._whims.met.items()})

    async def go_on(self) -> None:
        """Make faults, with pauses, until cancelled."""
        while True:
            await asyncio.sleep(self._draw.uniform(*PAUSES_S))
            names = [name for name in self._faults if self.may_kill or name != "kill"]
            name = self._draw.choice(names)
            await self._faults[name]()
            self._made[name] += 1

    async def _cut(self) -> None:
        await self._world.proxy.stop()
        try:
            await self._some_time()
        finally:
            await self._world.proxy.start()

    async def _kill(self) -> None:
        luna = self._world.luna
        self.away = True
        try:
            await luna.kill()
            check_stores(luna.folder)
        finally:
            await luna.start(START_S)
            self.away = False

    async def _restart_server(self) -> None:
        try:
            await self._world.server.stop()
        finally:
            await self._world.server.start()

    async def _meet(self, pattern: str, behaviour: Behaviour) -> None:
        with self._world.proxy.fault(pattern, behaviour):
            await self._some_time()

    async def _some_time(self) -> None:
        await asyncio.sleep(self._draw.uniform(*LENGTHS_S))

    def _sometimes(self, share: float, behaviour: Behaviour) -> Behaviour:
        """Behave so towards a share of the requests; the others go on."""

        async def behave(request: web.Request, forward: Forward) -> web.Response:
            return await (behaviour(request, forward) if self._draw.random() < share else forward())

        return behave

    def _limit(self) -> Behaviour:
        return refusal(429, "M_LIMIT_EXCEEDED", retry_after_ms=self._draw.randint(100, 2000))

    async def _slow(self, request: web.Request, forward: Forward) -> web.Response:
        await asyncio.sleep(self._draw.uniform(0, 2))
        return await forward()
