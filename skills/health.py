"""How Luna is."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

from lunabot import __version__
from lunabot.admin import pulse
from lunabot.admin.call import Call
from lunabot.admin.services import Services
from lunabot.admin.skill import skill
from lunabot.admin.wording import code, counted, sized
from lunabot.errors import WorldError

_MODEL_S = 5.0


@skill("health", bang_aliases=("status",), group="operations")
async def health(call: Call, *, plot: bool = False) -> str:
    """Tell how Luna is: server, model, accounts, personas, queue, pauses, stores, this room.

    plot: draw the last day, too: messages an hour, and how long questions and answers took
    """
    services = call.services
    if plot:
        await call.show("health.png", await pulse.take(services, int(time.time() * 1000)))
    server, _ = await asyncio.gather(_server(services), _check_model(services))
    counts = await services.memory.archive.counts()
    unsafe = services.posture().problems
    troubles = [f"**this room is not safe**: {problem}" for problem in unsafe]
    troubles += services.problems.lines()
    lines = [
        f"**server**: {server}",
        f"**model**: {services.model.model} at {services.model.host}",
        f"**accounts**: {_accounts(services)}",
        f"**personas**: {_personas(services)}",
        f"**queue**: {services.queues.waiting} waiting, {services.queues.busy_rooms} in work",
        f"**paused rooms**: {await _paused(services)}",
        f"**archive**: {counted(counts.messages, 'message')} of {counted(counts.rooms, 'room')}, "
        f"{sized(counts.size)}",
        f"**state**: {sized(_bytes(services.settings.state_path))}",
        f"**memory**: {await services.summariser.status()}",
        f"**this room**: {'not safe' if unsafe else 'safe'}, "
        f"{'encrypted' if services.posture().encrypted else 'not encrypted'}",
    ]
    up = _duration(time.monotonic() - services.started)
    head = f"Luna {__version__}, up for {up}. {_verdict(troubles)}"
    return "\n\n".join([head, *_listed("⚠️ ", troubles), *_listed("", lines)])


async def _server(services: Services) -> str:
    start = time.monotonic()
    try:
        version = await services.admin_api.server_version()
    except WorldError as error:
        services.problems.report("server", str(error), quietly=True)
        return "no answer to a server administrator"
    services.problems.solve("server")
    return f"Synapse {version}, answers in {1000 * (time.monotonic() - start):.0f} ms"


async def _check_model(services: Services) -> None:
    """Ask the model now: what failed at the last question may work again, and the other way."""
    try:
        async with asyncio.timeout(_MODEL_S):
            await services.model.check()
    except TimeoutError:
        problem = f"no answer of {services.model.host} in {_MODEL_S:.0f} s"
    except WorldError as error:
        problem = str(error)
    else:
        services.problems.solve("model")
        return
    services.problems.report("model", problem, quietly=True)


def _accounts(services: Services) -> str:
    last = services.account.last_sync
    ago = "never" if last is None else f"{_duration(time.monotonic() - last)} ago"
    return f"{services.account.user_id}, last sync {ago}"


def _personas(services: Services) -> str:
    state = services.memory.state
    number = len(state.personas()) + len(state.broken_personas())
    return f"{services.personas().fleet.ready} of {number} running" if number else "none"


async def _paused(services: Services) -> str:
    pauses = await services.guard.paused(services.account.server_now())
    return ", ".join(f"{code(each.name)} `{each.room_id}`" for each in pauses) or "none"


def _verdict(troubles: list[str]) -> str:
    return "Not everything works:" if troubles else "All is well."


def _listed(mark: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield "\n".join(f"- {mark}{line}" for line in lines)


def _bytes(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _duration(seconds: float) -> str:
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} s"
