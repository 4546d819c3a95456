"""What Luna adds to a reply: her overhead against the least bot there can be.

    python -m bench.latency                          # 1 and 20 people, a model that answers at once
    python -m bench.latency --people 50 --delay 2    # 50 people, a model that takes 2 s

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
        luna = LunaProcess(folder, self.server, model_url=model_url, administrators=[administrator])
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
        f"{name:6} {load.people:6} {load.median_ms:10.1f} {load.p95_ms:8.1f}"
        f" {load.replies_per_s:8.1f} {load.cpu_ms_per_reply:9.1f} {load.peak_memory_mb:8.1f}"
        f" {load.lost:5} {load.doubled:8}"
    )


def comparison(floor: Sequence[Load], luna: Sequence[Load]) -> str:
    """Return Luna's figures in terms of the floor's, over all rounds."""

    def ratio(figure: str) -> float:
        ours, least = (
            statistics.mean(float(getattr(load, figure)) for load in loads)
            for loads in (luna, floor)
        )
        return ours / least

    return (
        f"{luna[0].people} people: median {ratio('median_ms'):.2f} × the floor's,"
        f" throughput {ratio('replies_per_s'):.2f} ×\n"
    )


async def run(people: Sequence[int], messages: int, delay_s: float, rounds: int) -> None:
    """Measure both bots and print the figures as they come."""
    with tempfile.TemporaryDirectory() as folder:
        async with Stage(Path(folder)) as stage:
            await stage.start_server()
            model_url = await stage.start_model(delay_s)
            bots = [await stage.start_floor(model_url), await stage.start_luna(model_url)]
            print("bot    people  median ms   p95 ms    per s  CPU ms/r   MB max  lost  doubled")
            for number in people:
                loads: dict[str, list[Load]] = {bot.name: [] for bot in bots}
                for bot in bots * rounds:
                    load = await stage.load(bot, number, messages)
                    loads[bot.name].append(load)
                    print(row(bot.name, load), flush=True)
                print(comparison(loads["floor"], loads["luna"]), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Luna's overhead against the least bot.")
    parser.add_argument("--people", type=int, nargs="+", default=[1, 20])
    parser.add_argument("--messages", type=int, default=20, help="each person's messages")
    parser.add_argument("--delay", type=float, default=0, help="seconds the model takes")
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    asyncio.run(run(options.people, options.messages, options.delay, options.rounds))


if __name__ == "__main__":
    main()
