"""The HTTP server of the figures: off unless a port is set, on this machine unless told."""

import asyncio

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from lunabot.admin.services import Services
from lunabot.errors import WorldError
from lunabot.metrics.exposition import exposition
from lunabot.metrics.figures import ailments, take

_PART = "metrics"
_LAST_REQUESTS_S = 0.2


async def serve_metrics(services: Services) -> None:
    """Serve until cancelled; return at once where `metrics.port` is 0.

    A port that cannot be had is a problem that is told, and Luna lives without.
    """
    settings = services.settings.metrics
    if not settings.port:
        return
    runner = web.AppRunner(
        application(services), access_log=None, shutdown_timeout=_LAST_REQUESTS_S
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, settings.host, settings.port).start()
        await asyncio.Event().wait()
    except OSError as error:
        services.problems.report(
            _PART,
            f"cannot listen at {settings.host} port {settings.port} ({error.strerror}): set "
            "`metrics.port` to another one and start me again",
        )
    finally:
        await runner.cleanup()


def application(services: Services) -> web.Application:
    """Return what answers the requests."""

    async def healthz(request: web.Request) -> web.Response:
        wrong = ailments(services)
        return web.Response(status=503 if wrong else 200, text="\n".join(wrong or ("ok",)) + "\n")

    async def metrics(request: web.Request) -> web.Response:
        try:
            figures = await take(services)
        except WorldError as error:
            raise web.HTTPServiceUnavailable(text=f"{error}\n") from error
        text = await asyncio.to_thread(exposition, figures)
        return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/metrics", metrics)
    return app
