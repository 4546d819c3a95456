"""What is measured while a Luna runs: how fast she answers, and what her process takes."""

import math
import os
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from bench.fleet import resident_mb
from tests.faults.crowd import Talk
from tests.tokens import tokens_in


@dataclass(frozen=True, slots=True)
class Sample:
    """What a process takes at a moment: the first is a time in seconds."""

    at_s: float
    memory_mb: float
    open_files: int
    tasks: float


@dataclass(frozen=True, slots=True)
class Trend:
    """How a figure goes over a time: its mean, and what the straight line through it gains."""

    name: str
    mean: float
    gain: float
    per_hour: float

    def __str__(self) -> str:
        return f"{self.name}: {self.mean:.1f} on average, {self.gain:+.2f} ({self.per_hour:+.1f}/h)"

    def is_flat(self, tolerance: float) -> bool:
        """Tell whether it gained no more than a share of its mean."""
        return self.gain <= tolerance * self.mean


def trends(samples: Sequence[Sample]) -> list[Trend]:
    """Return the least-squares line of each figure over the samples."""
    times, *figures = zip(*map(astuple, samples), strict=True)
    span_s = times[-1] - times[0]
    names = ("memory MB", "open files", "tasks")
    return [
        Trend(name, statistics.mean(values), slope * span_s, slope * 3600)
        for name, values in zip(names, figures, strict=True)
        for slope in [statistics.linear_regression(times, values).slope]
    ]


async def sample(pid: int, metrics_url: str, now_s: float) -> Sample:
    """Look at Luna's process. Raises `OSError` or `aiohttp.ClientError` where she is away."""
    timeout = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(timeout=timeout) as web, web.get(metrics_url) as response:
        figures = text_string_to_metric_families(await response.text())
        tasks = next(each.samples[0].value for each in figures if each.name == "luna_tasks")
    return Sample(now_s, resident_mb(pid), len(os.listdir(f"/proc/{pid}/fd")), tasks)


def store_kb(path: Path) -> float:
    """Return the size of a store with its write-ahead log."""
    files = (path, path.with_name(path.name + "-wal"))
    return sum(file.stat().st_size for file in files if file.exists()) / 1000


class Stopwatch:
    """The time from each question to the event that answers it, both as the server stamped them."""

    def __init__(self, talks: Sequence[Talk]) -> None:
        self._talks = talks
        self._read = dict.fromkeys(talks, 0)
        self._asked: dict[str, int] = {}
        self._answered: set[tuple[str, str]] = set()

    def take(self) -> list[float]:
        """Return the seconds that the answers took which were seen since this was called last."""
        return sorted(time for talk in self._talks for time in self._of(talk))

    def _of(self, talk: Talk) -> Iterator[float]:
        events = talk.timeline.events
        for event in events[self._read[talk] :]:
            if event["type"] != "m.room.message" or event["room_id"] != talk.room:
                continue
            sender, stamp = event["sender"], event["origin_server_ts"]
            for token in tokens_in(event["content"].get("body", "")):
                if token not in talk.asked:
                    continue
                if sender == talk.person.user_id:
                    self._asked[token] = stamp
                elif sender in talk.asked[token] and (sender, token) not in self._answered:
                    self._answered.add((sender, token))
                    yield (stamp - self._asked.get(token, stamp)) / 1000
        self._read[talk] = len(events)


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the value that a share of the ordered ones does not pass; NaN where there is none."""
    return ordered[math.ceil(share * len(ordered)) - 1] if ordered else math.nan
