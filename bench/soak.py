"""A long run with everything at once: ``python -m bench.soak [--minutes 20]``.

On a throwaway Synapse 200 people talk in 50 rooms with Luna and 20 personas, an administrator gives
commands, and all the time something fails: the model, the network, Luna's process (she is killed,
but only in the first 40 % of the time: the second half shows what one life of hers takes), and with
``--restart-server`` Synapse. Every minute there is a line; at the end lost and doubled answers are
counted in the rooms as people see them, and a straight line is put through memory, open files and
tasks of the second half. Exit status 1 where an answer is lost, doubled or out of order, or one of
these grew. ``LUNA_SEED`` repeats the choices of another run.
"""

import argparse
import asyncio
import contextlib
import logging
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import aiohttp

from bench import gauges
from bench.gauges import Sample, Stopwatch
from bench.mischief import Mischief
from bench.town import Size, Town, found
from lunabot.open_files import allow_many
from tests.e2e.administrator import Administrator
from tests.e2e.homeserver import SynapseProcess
from tests.e2e.house import House
from tests.e2e.proxy import FaultyProxy
from tests.fake_model import FakeModel
from tests.faults.campaign import SEED, Campaign
from tests.faults.crowd import Rhythm
from tests.faults.whims import Whims

EASY = Rhythm(most_in_a_row=1, pauses_s=(60, 120), chatter=0.3)
BRISK = Rhythm(most_in_a_row=3, pauses_s=(15, 40), chatter=0.3)
RHYTHMS = (*[EASY] * 19, BRISK)
MODEL_FAULTS = 0.1  # share of its answers
COMMANDS = ("health", "usage", "personas", "list_users", "list_channels", "audit", "commands")
COMMAND_PAUSES_S = (5.0, 25.0)
PATIENCE_S = 180.0
SAMPLE_EVERY_S = 5.0
KILLS_END = 0.4  # of the time: then she lives on, and is warm when the second half begins
TOLERANCES = {"memory MB": 0.05, "open files": 0.15, "tasks": 0.15}
"""How much of its mean a figure may gain in the second half and count as flat.

Files and tasks go up and down with what is under way.
"""
HEADER = "min   answers  median s   p95 s     MB  db.json kB  archive kB  files  tasks  faults"


class Watch:
    """Takes samples all the time, and gives a line about what was since the last line."""

    def __init__(self, town: Town, stopwatch: Stopwatch, mischief: Mischief) -> None:
        self.samples: list[Sample] = []
        self._town = town
        self._stopwatch = stopwatch
        self._mischief = mischief
        self._start = time.monotonic()

    async def go_on(self) -> None:
        """Sample until cancelled."""
        while True:
            await asyncio.sleep(SAMPLE_EVERY_S)
            if not self._mischief.away:
                with contextlib.suppress(OSError, aiohttp.ClientError):
                    pid, now = self._town.world.luna.process.pid, time.monotonic() - self._start
                    self.samples.append(await gauges.sample(pid, self._town.metrics_url, now))

    def line(self) -> str:
        """Return the line of a minute."""
        times, folder = self._stopwatch.take(), self._town.world.luna.folder
        newest = self.samples[-1]
        self._town.world.model.requests.clear()  # the client's memory is no endless one
        self._town.world.proxy.requests.clear()
        return (
            f"{(time.monotonic() - self._start) / 60:4.1f} {len(times):8}"
            f" {gauges.percentile(times, 0.5):9.2f} {gauges.percentile(times, 0.95):7.2f}"
            f" {newest.memory_mb:6.1f} {gauges.store_kb(folder / 'db.json'):11.0f}"
            f" {gauges.store_kb(folder / 'archive.db'):11.0f} {newest.open_files:6}"
            f" {newest.tasks:6.0f} {self._mischief.met.total():7}"
        )


async def command_on(admin: Administrator, draw: random.Random, marks: Counter[str]) -> None:
    """Give one command after the other until cancelled; count how each ended."""
    while True:
        await asyncio.sleep(draw.uniform(*COMMAND_PAUSES_S))
        try:
            marks[(await admin.command(draw.choice(COMMANDS), PATIENCE_S)).mark] += 1
        except AssertionError:
            marks["none"] += 1


async def soak(town: Town, whims: Whims, options: argparse.Namespace) -> bool:
    """Let everybody talk for so long while things fail; return whether all was well."""
    minutes: float = options.minutes
    campaign = Campaign(town.world, print, RHYTHMS, PATIENCE_S)
    mischief = Mischief(town.world, whims, campaign.draw, may_restart_server=options.restart_server)
    watch = Watch(town, Stopwatch(campaign.talks), mischief)
    marks: Counter[str] = Counter()
    print(HEADER, flush=True)
    async with campaign.load(), asyncio.TaskGroup() as tasks:
        others = [
            tasks.create_task(watch.go_on()),
            tasks.create_task(command_on(town.world.admin, random.Random(SEED), marks)),
        ]
        if not options.calm:
            others.append(tasks.create_task(mischief.go_on()))
        for minute in range(1, round(minutes) + 1):
            await asyncio.sleep(60)
            mischief.may_kill = minute < KILLS_END * minutes
            print(watch.line(), flush=True)
        for task in others:
            task.cancel()
    print(f"faults: {dict(mischief.met)}")
    print(f"commands: {dict(marks)}")
    flat = conclude_figures(watch.samples)
    try:
        await campaign.conclude(f"soak of {minutes:g} minutes")
    except AssertionError as error:
        print(error)
        return False
    return flat


def conclude_figures(samples: list[Sample]) -> bool:
    """Print how the figures went in the second half; return whether none of them grew."""
    half_s = samples[-1].at_s / 2
    found = gauges.trends([each for each in samples if each.at_s >= half_s])
    flat = [trend.is_flat(TOLERANCES[trend.name]) for trend in found]
    print("second half, least squares:")
    for trend, is_flat in zip(found, flat, strict=True):
        print(f"  {trend}: {'flat' if is_flat else 'GROWS'}")
    return all(flat)


async def run(options: argparse.Namespace) -> bool:
    """Make the server, the model, Luna and the people, and let it run."""
    size = Size(options.rooms, options.personas, options.people)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "homeserver").mkdir()
        server = SynapseProcess(folder / "homeserver")
        whims = Whims(random.Random(SEED), MODEL_FAULTS)
        await server.start()
        try:
            async with (
                FakeModel(whims) as model,
                FaultyProxy(server.url) as proxy,
                House(server, folder / "house", model.base_url) as house,
            ):
                start = time.monotonic()
                town = await found(house, server, proxy, model, size)
                print(f"{size}, made in {time.monotonic() - start:.0f} s; seed {SEED}", flush=True)
                return await soak(town, whims, options)
        finally:
            await server.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description="A long run with everything at once.")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--rooms", type=int, default=50)
    parser.add_argument("--personas", type=int, default=20)
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--calm", action="store_true", help="nothing but the model fails")
    parser.add_argument("--restart-server", action="store_true", help="restart Synapse, too")
    options = parser.parse_args()
    allow_many()
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # faults are meant here
    well = asyncio.run(run(options))
    print("verdict: all is well" if well else "verdict: NOT well")
    sys.exit(not well)


if __name__ == "__main__":
    main()
