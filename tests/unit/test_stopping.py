"""A stop that is asked for comes, once, for the reason that was given first."""

import asyncio
import os
import signal
from collections.abc import Iterator

import pytest

from lunabot.stopping import Stopped, Stopping
from tests.clock import Clock


@pytest.fixture
def handlers() -> Iterator[None]:
    """Leave the process' signal handlers as they were."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


async def test_the_first_reason_counts() -> None:
    stopping = Stopping()
    asked = [stopping.asked]
    stopping.request("an update")
    stopping.request("a whim")
    assert [*asked, stopping.asked] == [False, True]
    assert stopping.reason == "an update"
    await stopping.wait()


async def test_a_new_beginning_takes_nothing_from_an_end() -> None:
    stopping = Stopping()
    assert not stopping.begin_again()
    stopping.request("a new house", again=True)
    assert stopping.begin_again()
    assert (stopping.asked, stopping.reason) == (False, "")
    stopping.request("a new house", again=True)
    stopping.request("an update")
    stopping.request("a newer house", again=True)
    assert stopping.reason == "an update"
    assert not stopping.begin_again()
    assert stopping.asked


async def test_a_command_that_stops_her_ends_first(clock: Clock) -> None:
    stopping = Stopping()
    answering = asyncio.Event()

    async def command() -> None:
        stopping.request_when_done("a new house", again=True)
        await answering.wait()

    task = asyncio.create_task(command())
    await clock.forward(4)
    asked = [stopping.asked]
    answering.set()
    await task
    await clock.forward(0)
    asked += [stopping.asked, stopping.begin_again()]
    await clock.forward(10)
    assert [*asked, stopping.asked] == [False, True, True, False]


async def test_a_command_that_stops_her_does_not_keep_her(clock: Clock) -> None:
    stopping = Stopping()

    async def command() -> None:
        stopping.request_when_done("an update")
        await asyncio.Event().wait()

    task = asyncio.create_task(command())
    await clock.forward(6)
    assert (stopping.asked, stopping.reason, task.done()) == (True, "an update", False)
    task.cancel()


async def test_work_that_ends_first_gives_its_value() -> None:
    stopping = Stopping()
    assert await stopping.unless_asked(asyncio.sleep(0, "done")) == "done"
    with pytest.raises(KeyError):
        await stopping.unless_asked(fail())
    assert not stopping.asked


async def test_a_stop_cancels_the_work_and_waits_for_its_end() -> None:
    stopping = Stopping()
    ended: list[str] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append("tidied up")

    asyncio.get_running_loop().call_soon(stopping.request, "an update")
    with pytest.raises(Stopped):
        await stopping.unless_asked(work())
    assert ended == ["tidied up"]


async def test_after_a_stop_no_work_begins() -> None:
    stopping = Stopping()
    stopping.request("an update")
    with pytest.raises(Stopped):
        await stopping.unless_asked(asyncio.Event().wait())


async def test_whoever_cancels_the_wait_cancels_the_work() -> None:
    stopping = Stopping()
    work = asyncio.ensure_future(asyncio.Event().wait())
    waiting = asyncio.create_task(stopping.unless_asked(work))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert work.cancelled()


@pytest.mark.parametrize(
    ("number", "given", "reason"),
    [
        (signal.SIGINT, None, "Ctrl-C"),
        (signal.SIGTERM, None, "the system asked me to (SIGTERM)"),
        (signal.SIGTERM, "an update", "an update"),
    ],
)
@pytest.mark.usefixtures("handlers")
async def test_a_signal_asks(number: signal.Signals, given: str | None, reason: str) -> None:
    stopping = Stopping()
    stopping.on_signals(lambda: given)
    os.kill(os.getpid(), number)
    await stopping.wait()
    assert stopping.reason == reason


@pytest.mark.usefixtures("handlers")
async def test_the_second_signal_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    monkeypatch.setattr(os, "_exit", ended.set_result)
    stopping = Stopping()
    stopping.on_signals(lambda: None)
    stopping.request("the administrator asked me to")
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not ended.done()
    os.kill(os.getpid(), signal.SIGINT)
    assert await ended == 128 + signal.SIGINT


async def fail() -> None:
    raise KeyError
