"""What personas cost: ``python -m bench.fleet [--personas 10 50 200] [--idle 40]``.

On one throwaway Synapse a Luna summons personas from her admin room, one after the other, until
there are as many as asked for; then Synapse and she are started anew. To be ready counts from the
moment Synapse answers: it is held while her process loads its modules. Memory is what is resident
beyond a Luna without personas, processor time what her process and Synapse use while nobody says
anything.
"""

import argparse
import asyncio
import math
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.latency import Stage
from bench.load import usage
from tests.e2e.administrator import Administrator
from tests.e2e.homeserver import SynapseProcess
from tests.e2e.house import House, Household
from tests.e2e.luna import READY, LunaProcess
from tests.e2e.session import unique

SETTLE_S = 10.0
PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True)
class Running:
    """A Luna at rest: seconds until she was ready, memory, percent of one processor."""

    personas: int
    ready_s: float
    memory_mb: float
    cpu: float
    synapse_cpu: float


def resident_mb(pid: int) -> float:
    """Return the memory a process occupies now, from Linux' proc(5)."""
    lines = Path("/proc", str(pid), "status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


async def summon(admin: Administrator, number: int) -> list[float]:
    """Summon personas one after the other; return the seconds each took, as the person saw it."""
    times = []
    for _ in range(number):
        start = time.monotonic()
        result = await admin.command(f"/spawn {unique('p')} You are one of many.", PATIENCE_S)
        assert result.mark == "✅", result.text
        times.append(time.monotonic() - start)
    return times


async def loaded(pid: int) -> None:
    """Return once a process that has just begun works no more: it waits for the server."""
    before = -1.0
    while (now := usage(pid).cpu_s) != before:
        before = now
        await asyncio.sleep(0.4)


async def start_anew(server: SynapseProcess, luna: LunaProcess) -> float:
    """Start Synapse and then Luna; return the seconds from its first answer until she is ready."""
    await luna.close()
    await server.stop()
    await server.start()
    server.pause()
    said_before = len(luna.process.output)
    await luna.spawn()
    await loaded(luna.process.pid)
    start = time.monotonic()
    server.resume()
    await luna.process.wait_for_line(READY, PATIENCE_S, after=said_before)
    return time.monotonic() - start


async def rest(
    server: SynapseProcess, luna: LunaProcess, personas: int, ready_s: float, idle_s: float
) -> Running:
    """Return what Luna uses while nothing happens."""
    await asyncio.sleep(SETTLE_S)
    pids = luna.process.pid, server.process.pid
    before = [usage(pid).cpu_s for pid in pids]
    await asyncio.sleep(idle_s)
    used = [
        100 * (usage(pid).cpu_s - earlier) / idle_s
        for pid, earlier in zip(pids, before, strict=True)
    ]
    return Running(personas, ready_s, resident_mb(luna.process.pid), *used)


def row(running: Running, least: Running) -> str:
    """Return a line of the table; `least` is the Luna without personas."""
    each = 1024 * (running.memory_mb - least.memory_mb) / max(1, running.personas)
    return (
        f"{running.personas:8} {running.ready_s:8.2f} {running.memory_mb:8.1f} {each:12.0f}"
        f" {running.cpu:8.2f} {running.synapse_cpu:11.2f}"
    )


def spawn_line(times: Sequence[float]) -> str:
    """Return what summoning took."""
    ordered = sorted(times)
    p95 = ordered[math.ceil(0.95 * len(ordered)) - 1]
    return f"summoned {len(times)}: median {statistics.median(times):.2f} s, p95 {p95:.2f} s"


async def measure(
    server: SynapseProcess, household: Household, numbers: Sequence[int], idle_s: float
) -> None:
    """Print the figures as they come."""
    luna, admin = household
    print("personas  ready s       MB  kB/persona    CPU %   Synapse %")
    there, least = 0, None
    for number in [0, *sorted(numbers)]:
        if number > there:
            print(spawn_line(await summon(admin, number - there)), flush=True)
            there = number
        ready_s = await start_anew(server, luna)
        running = await rest(server, luna, number, ready_s, idle_s)
        least = least or running
        print(row(running, least), flush=True)


async def run(numbers: Sequence[int], idle_s: float) -> None:
    """Make the server, the model and Luna, and measure."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with Stage(folder) as stage:
            await stage.start_server()
            model_url = await stage.start_model(0)
            async with House(stage.server, folder / "house", model_url) as house:
                household = await house.household(forked=False)
                await measure(stage.server, household, numbers, idle_s)


def main() -> None:
    parser = argparse.ArgumentParser(description="What personas cost.")
    parser.add_argument("--personas", type=int, nargs="+", default=[10, 50, 200])
    parser.add_argument("--idle", type=float, default=40, help="seconds to watch a Luna at rest")
    options = parser.parse_args()
    asyncio.run(run(options.personas, options.idle))


if __name__ == "__main__":
    main()
