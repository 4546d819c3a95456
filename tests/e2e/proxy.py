"""A proxy between Luna and the homeserver that makes the faults a network and a server can have.

async with FaultyProxy(homeserver.url) as proxy:
    ...                                         # a Luna whose homeserver.url is proxy.url
    with proxy.fault("/send/", lost_answer(), times=1) as fault:
        await fault.met()                       # the message arrived, its answer did not
"""

import contextlib
import re
from collections.abc import Iterator, Mapping
from typing import Self

import aiohttp
from aiohttp import web
from yarl import URL

from tests.e2e.faults import Behaviour, Fault

OWN_HEADERS = {"connection", "content-length", "host", "keep-alive", "transfer-encoding"}


class FaultyProxy:
    """Hands on every request to the server at `target`, but those that meet a fault.

    `requests` lists the method and path (with query) of each, in order. `stop` refuses
    connections and cuts those there are; `start` listens again at the same `url`.
    """

    def __init__(self, target: str) -> None:
        self.target = target
        self.url = ""
        self.requests: list[tuple[str, str]] = []
        self._faults: list[Fault] = []
        self._port = 0
        self._runner: web.AppRunner | None = None
        self._http: aiohttp.ClientSession | None = None

    @contextlib.contextmanager
    def fault(
        self,
        pattern: str,
        behaviour: Behaviour,
        *,
        method: str | None = None,
        times: int | None = None,
    ) -> Iterator[Fault]:
        """Make a fault for requests whose path matches; the latest made comes first."""
        fault = Fault(re.compile(pattern), behaviour, method, times)
        self._faults.insert(0, fault)
        try:
            yield fault
        finally:
            self._faults.remove(fault)

    async def start(self) -> None:
        """Listen, at the first start on a free port."""
        self._http = aiohttp.ClientSession(
            auto_decompress=False,
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=None),
        )
        self._runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{self._port}"

    async def stop(self) -> None:
        """Refuse connections and cut those there are."""
        if self._runner is not None and self._http is not None:
            await self._runner.cleanup()
            await self._http.close()
            self._runner = self._http = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=64 << 20)
        application.router.add_route("*", "/{path:.*}", self._handle)
        return application

    async def _handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.requests.append((request.method, request.raw_path))

        async def forward() -> web.Response:
            return await self._forward(request, body)

        for fault in self._faults:
            if fault.fits(request):
                return await fault.meet(request, forward)
        return await forward()

    async def _forward(self, request: web.Request, body: bytes) -> web.Response:
        assert self._http is not None
        url = URL(self.target + request.raw_path, encoded=True)
        headers = _without_own(request.headers)
        try:
            async with self._http.request(
                request.method, url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                return web.Response(
                    status=answer.status,
                    body=await answer.read(),
                    headers=_without_own(answer.headers),
                )
        except aiohttp.ClientError as error:
            return web.Response(status=502, text=f"the homeserver is away: {error}")


def _without_own(headers: Mapping[str, str]) -> dict[str, str]:
    """Leave out what describes one connection and not the message."""
    return {key: value for key, value in headers.items() if key.lower() not in OWN_HEADERS}
