"""Tasks nobody awaits: none is lost, fails unseen or outlives its owner."""

import asyncio

import pytest

from lunabot.tasks import Tasks
from tests.clock import Clock


async def test_what_is_started_runs_and_is_forgotten_when_it_ends() -> None:
    tasks, done = Tasks(), asyncio.Event()

    async def work() -> None:
        done.set()

    tasks.start(work(), "work")
    assert len(tasks) == 1
    await done.wait()
    await asyncio.sleep(0)
    assert len(tasks) == 0


async def test_a_failure_shows_in_the_log_with_a_reference(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tasks = Tasks()

    async def fail() -> None:
        raise ValueError("a bug")

    tasks.start(fail(), "the sums")
    await tasks.close(1)
    [record] = caplog.records
    assert record.getMessage().startswith("the sums failed, reference ")
    assert record.exc_info and isinstance(record.exc_info[1], ValueError)


async def test_closing_cancels_at_once_by_default() -> None:
    tasks, cancelled = Tasks(), asyncio.Event()

    async def last() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    tasks.start(last(), "last")
    await asyncio.sleep(0)
    await tasks.close()
    assert cancelled.is_set()
    assert len(tasks) == 0


async def test_closing_gives_the_grace_and_no_more(clock: Clock) -> None:
    tasks = Tasks()
    ended: list[str] = []

    async def work(name: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        ended.append(name)

    tasks.start(work("quick", 0.4), "quick")
    tasks.start(work("slow", 5), "slow")
    closing = asyncio.create_task(tasks.close(0.7))
    await clock.forward(0.6)
    assert ended == ["quick"]
    assert not closing.done()
    await clock.forward(0.2)
    assert closing.done()
    await clock.forward(10)
    assert ended == ["quick"]


async def test_closing_what_is_empty() -> None:
    await Tasks().close(60)
