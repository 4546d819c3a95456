"""What Luna adds to a reply: her overhead against the least bot there can be.

    python -m bench.latency                     # what the design has aims for
    python -m bench.latency --people 5 --delay 1 --messages 10

On one throwaway Synapse, with one stand-in model, people talk to the floor bot (`bench.floor`) and
to Luna in turn, twice, because absolute figures drift with the machine: the ratios are what counts.
The people, the model, the bots and Synapse are processes of their own.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.load import Load
from tests.e2e.homeserver import SynapseProcess
from tests.e2e.luna import LunaProcess
from tests.e2e.process import ChildProcess
from tests.e2e.session import unique

PATIENCE_S = 600.0
AIM = 1.5
HEADER = "bot    people  median ms   p95 ms   max ms    per s  CPU ms/r   MB max  lost  doubled"


@dataclass(frozen=True, slots=True)
class Scenario:
    """How many people talk, one number after the other; each one's messages; the model's time."""

    people: Sequence[int]
    messages: int
    delay_s: float


SCENARIOS = (Scenario((1, 20), 20, 0), Scenario((50,), 6, 2))


@dataclass(frozen=True, slots=True)
class Bot:
    """A bot that runs: its user id and process."""

    name: str
    user_id: str
    pid: int


class Stage(AsyncExitStack):
    """The processes of a benchmark, which end with it."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self.server = SynapseProcess(folder)

    async def start(self, module: str, *arguments: str) -> ChildProcess:
        """Run a module of this project and return once it has said its first line."""
        process = ChildProcess([sys.executable, "-m", module, *arguments])
        await process.start()
        self.push_async_callback(process.stop)
        await process.wait_for_line("")
        return process

    async def start_server(self) -> None:
        """Start Synapse."""
        await self.server.start()
        self.push_async_callback(self.server.stop)

    async def start_model(self, delay_s: float) -> str:
        """Start the stand-in model and return its base URL."""
        return (await self.start("bench.model", f"--delay={delay_s}")).output[0]

    async def start_floor(self, model_url: str) -> Bot:
        """Start the floor bot."""
        name, secret = unique("floor"), self.server.registration_shared_secret
        process = await self.start("bench.floor", self.server.url, secret, name, model_url)
        return Bot("floor", f"@{name}:{self.server.server_name}", process.pid)

    async def start_luna(self, model_url: str) -> Bot:
        """Start Luna."""
        folder = self._folder / "luna"
        folder.mkdir()
        administrator = f"@{unique('admin')}:{self.server.server_name}"
        luna = LunaProcess(
            folder,
            self.server,
            model_url=model_url,
            administrators=[administrator],
            sections={"loops": {"inhuman_seconds": 0}},  # the people here are no slower than bots
            forked=False,
        )
        await luna.start()
        self.push_async_callback(luna.close)
        return Bot("luna", luna.user_id, luna.process.pid)

    async def load(self, bot: Bot, people: int, messages: int) -> Load:
        """Let people talk to a bot."""
        options = {
            "url": self.server.url,
            "secret": self.server.registration_shared_secret,
            "bot": bot.user_id,
            "pid": bot.pid,
            "people": people,
            "messages": messages,
        }
        arguments = [f"--{name}={value}" for name, value in options.items()]
        process = ChildProcess([sys.executable, "-m", "bench.load", *arguments])
        await process.start()
        status = await process.wait(PATIENCE_S)
        assert status == 0, process.describe("the load failed")
        return Load(**json.loads(process.output[-1]))


def row(name: str, load: Load) -> str:
    """Return a line of the table."""
    return (
        f"{name:6} {load.people:6} {load.median_ms:10.1f} {load.p95_ms:8.1f} {load.longest_ms:8.1f}"
        f" {load.replies_per_s:8.1f} {load.cpu_ms_per_reply:9.1f} {load.peak_memory_mb:8.1f}"
        f" {load.lost:5} {load.doubled:8}"
    )


def comparison(floor: Sequence[Load], luna: Sequence[Load], delay_s: float) -> str:
    """Return Luna's figures, over all rounds, in terms of the floor's; the model's time apart."""

    def ratio(figure: str, model: float = 0) -> float:
        ours, least = (
            statistics.mean(getattr(load, figure) - model for load in loads)
            for loads in (luna, floor)
        )
        return float(ours / least)

    model_ms = 1000 * delay_s
    longest, lost = ratio("longest_ms", model_ms), sum(load.lost for load in luna)
    kept = "kept" if longest <= AIM and not lost else "missed"
    return (
        f"{luna[0].people} people: median {ratio('median_ms', model_ms):.2f} × the floor's,"
        f" p95 {ratio('p95_ms', model_ms):.2f} ×, longest {longest:.2f} ×,"
        f" throughput {ratio('replies_per_s'):.2f} ×\n"
        f"  all answered within {delay_s:g} s + {AIM} × the floor's overhead: {kept}\n"
    )


async def run(scenario: Scenario, rounds: int) -> None:
    """Measure both bots and print the figures as they come."""
    with tempfile.TemporaryDirectory() as folder:
        async with Stage(Path(folder)) as stage:
            await stage.start_server()
            model_url = await stage.start_model(scenario.delay_s)
            bots = [await stage.start_floor(model_url), await stage.start_luna(model_url)]
            print(f"A model that takes {scenario.delay_s:g} s", flush=True)
            print(HEADER, flush=True)
            for number in scenario.people:
                loads: dict[str, list[Load]] = {bot.name: [] for bot in bots}
                for bot in bots * rounds:
                    load = await stage.load(bot, number, scenario.messages)
                    loads[bot.name].append(load)
                    print(row(bot.name, load), flush=True)
                print(comparison(loads["floor"], loads["luna"], scenario.delay_s), flush=True)


async def run_all(scenarios: Sequence[Scenario], rounds: int) -> None:
    """Measure one scenario after the other."""
    for scenario in scenarios:
        await run(scenario, rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description="Luna's overhead against the least bot.")
    parser.add_argument("--people", type=int, nargs="+", help="a scenario of your own")
    parser.add_argument("--messages", type=int, default=20, help="each person's messages")
    parser.add_argument("--delay", type=float, default=0, help="seconds the model takes")
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    own = Scenario(options.people or (), options.messages, options.delay)
    asyncio.run(run_all([own] if options.people else SCENARIOS, options.rounds))


if __name__ == "__main__":
    main()
