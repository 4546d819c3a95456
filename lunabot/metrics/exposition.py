"""Figures as Prometheus reads them: names, kinds and units by its naming conventions. Pure."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from lunabot import __version__
from lunabot.metrics.figures import Figures

_BUCKETS_S = (0.5, 1, 2, 3, 5, 10, 20, 30, 60, 120, 300)


def exposition(figures: Figures) -> bytes:
    """Return the text format of Prometheus; with what the process itself takes, on Linux."""
    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    registry.register(_Collector(figures))
    return generate_latest(registry)


class _Collector(Collector):
    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def collect(self) -> Iterable[Metric]:
        yield from _present(self._figures)
        yield from _stored(self._figures)
        yield _answer_times(self._figures.answer_times_s)


def _present(now: Figures) -> Iterator[Metric]:
    version = GaugeMetricFamily("luna_info", "Her version.", labels=["version"])
    version.add_metric([__version__], 1)
    yield version
    yield GaugeMetricFamily("luna_accounts", "Accounts there should be.", now.accounts)
    yield GaugeMetricFamily("luna_accounts_ready", "Accounts that run.", now.accounts_ready)
    if now.sync_age_s is not None:
        yield GaugeMetricFamily("luna_sync_age_seconds", "Since the last sync.", now.sync_age_s)
    yield GaugeMetricFamily("luna_rooms", "Rooms that Luna herself is in.", now.rooms)
    yield GaugeMetricFamily("luna_questions_waiting", "Questions in line.", now.waiting)
    yield GaugeMetricFamily("luna_rooms_answering", "Rooms being answered in.", now.busy_rooms)
    yield GaugeMetricFamily("luna_tasks", "Tasks of her event loop.", now.tasks)
    yield GaugeMetricFamily("luna_problems", "What does not work now: see health.", now.problems)


def _stored(now: Figures) -> Iterator[Metric]:
    yield GaugeMetricFamily("luna_messages", "Messages in the archive.", now.tally.messages)
    owed = now.tally.answers.get("owed", 0)
    yield GaugeMetricFamily("luna_answers_owed", "Questions that wait for an answer.", owed)
    answers = CounterMetricFamily("luna_answers", "Answers sent, and missed.", labels=["outcome"])
    for outcome in ("sent", "missed"):
        answers.add_metric([outcome], now.tally.answers.get(outcome, 0))
    yield answers
    tokens = CounterMetricFamily("luna_tokens", "Tokens spent.", labels=["kind"])
    tokens.add_metric(["prompt"], now.tally.prompt_tokens)
    tokens.add_metric(["completion"], now.tally.completion_tokens)
    yield tokens
    sizes = GaugeMetricFamily("luna_store_bytes", "Size on the disk.", labels=["store"])
    for store, size in now.store_bytes.items():
        sizes.add_metric([store], size)
    yield sizes


def _answer_times(times_s: Iterable[float]) -> HistogramMetricFamily:
    times = sorted(times_s)
    buckets = [(str(float(limit)), bisect_right(times, limit)) for limit in _BUCKETS_S]
    return HistogramMetricFamily(
        "luna_answer_seconds",
        "From a person's question to the first words of its answer, since Luna started.",
        buckets=[*buckets, ("+Inf", len(times))],
        sum_value=sum(times),
    )
