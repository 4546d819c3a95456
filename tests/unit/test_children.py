"""Children as tiny scripts: started, watched, stopped, and gone with Luna."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from lunabot import tether
from lunabot.children import Child
from lunabot.errors import WorldError

SERVE = "open('ready', 'w').close(); import time; time.sleep(60)"


class Nursery:
    """Makes children that are ready once their script has written the file ``ready``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log_file = folder / "child.log"

    def child(
        self, script: str, *, env: Mapping[str, str] | None = None, ready_timeout_s: float = 30
    ) -> Child:
        return Child(
            "toy",
            [sys.executable, "-u", "-c", script],
            ready=self.is_ready,
            log_file=self.log_file,
            env=env,
            cwd=self.folder,
            ready_timeout_s=ready_timeout_s,
            restart_pause_s=0.01,
            log_check_s=0.05,
        )

    def process_id(self) -> int | None:
        return tether.holder(self.folder / "child.pid")

    async def is_ready(self) -> bool:
        return (self.folder / "ready").exists()

    def kill(self) -> None:
        (self.folder / "ready").unlink()
        process_id = self.process_id()
        assert process_id is not None
        os.kill(process_id, signal.SIGKILL)

    @asynccontextmanager
    async def running(self, child: Child) -> AsyncIterator[Child]:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(child.stop)
            (self.folder / "ready").unlink(missing_ok=True)
            await child.start()
            yield child


@pytest.fixture
def nursery(tmp_path: Path) -> Nursery:
    return Nursery(tmp_path)


@asynccontextmanager
async def watched(child: Child) -> AsyncIterator[asyncio.Queue[str]]:
    """Watch a child; gives the reasons of its restarts."""
    reasons: asyncio.Queue[str] = asyncio.Queue()
    task = asyncio.create_task(child.watch(reasons.put))
    try:
        yield reasons
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_child_runs_from_start_to_stop(nursery: Nursery) -> None:
    child = nursery.child(SERVE)
    await child.start()
    process_id = nursery.process_id()
    assert process_id is not None
    assert os.getsid(process_id) != os.getsid(0)  # Ctrl-C does not reach it
    await child.stop()
    assert nursery.process_id() is None
    await child.stop()


async def test_stopping_what_was_never_started_does_nothing(nursery: Nursery) -> None:
    await nursery.child(SERVE).stop()
    assert not nursery.log_file.exists()


async def test_a_stopped_child_can_be_started_again(nursery: Nursery) -> None:
    child = nursery.child(SERVE)
    for _ in range(2):
        async with nursery.running(child):
            assert nursery.process_id() is not None
    assert child.restarts == 0


async def test_both_output_streams_go_to_the_log(nursery: Nursery) -> None:
    script = "import sys; print('said'); print('warned', file=sys.stderr);" + SERVE
    async with nursery.running(nursery.child(script)):
        assert nursery.log_file.read_text() == "said\nwarned\n"


async def test_the_configuration_of_luna_is_not_inherited(
    nursery: Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUNA_LLM__API_KEY", "secret")
    monkeypatch.setenv("LUNA_RUN_FOLDER", "data")
    names = ("LUNA_LLM__API_KEY", "LUNA_RUN_FOLDER", "EXTRA")
    script = f"import os; print([os.environ.get(name) for name in {names}]);" + SERVE
    async with nursery.running(nursery.child(script, env={"EXTRA": "given"})):
        assert nursery.log_file.read_text() == "[None, 'data', 'given']\n"


async def test_one_that_ends_before_it_is_ready_fails_with_its_telling_line(
    nursery: Nursery,
) -> None:
    child = nursery.child("print('loading'); raise SystemExit('error: no such model')")
    with pytest.raises(WorldError, match=r"^The toy ended with status 1 .* error: no such model"):
        await child.start()


async def test_a_command_that_is_missing_fails_with_its_name(nursery: Nursery) -> None:
    child = Child("toy", ["/no/such"], ready=nursery.is_ready, log_file=nursery.log_file)
    with pytest.raises(WorldError, match="FileNotFoundError"):
        await child.start()


async def test_one_that_is_late_is_ended(nursery: Nursery) -> None:
    child = nursery.child("print('hm'); import time; time.sleep(60)", ready_timeout_s=0.3)
    with pytest.raises(WorldError, match="was not ready within"):
        await child.start()
    assert nursery.process_id() is None


async def test_a_cancelled_start_leaves_nothing_running(nursery: Nursery) -> None:
    asked = asyncio.Event()

    async def never() -> bool:
        asked.set()
        return False

    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    child = Child("toy", command, ready=never, log_file=nursery.log_file)
    starting = asyncio.create_task(child.start())
    await asked.wait()
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert nursery.process_id() is None


async def test_one_that_stops_in_order_may_say_its_last_words(nursery: Nursery) -> None:
    script = "import signal; signal.signal(15, lambda *_: exit(print('bye')));" + SERVE
    async with nursery.running(nursery.child(script)) as child:
        await child.stop(grace_s=30)
    assert nursery.log_file.read_text() == "bye\n"


async def test_one_that_does_not_stop_in_its_grace_is_killed(
    nursery: Nursery, caplog: pytest.LogCaptureFixture
) -> None:
    script = "import signal; signal.signal(15, signal.SIG_IGN);" + SERVE
    async with nursery.running(nursery.child(script)) as child:
        await child.stop(grace_s=0.05)
        assert nursery.process_id() is None
    assert "killing it" in caplog.text


async def test_one_that_dies_is_brought_back(nursery: Nursery) -> None:
    async with nursery.running(nursery.child(SERVE)) as child, watched(child) as reasons:
        for restarts in (1, 2):
            before = nursery.process_id()
            nursery.kill()
            assert await reasons.get() == "The toy was ended by SIGKILL: it said nothing"
            assert child.restarts == restarts
            assert nursery.process_id() not in (None, before)


async def test_the_pause_doubles_while_it_keeps_dying(
    nursery: Nursery, caplog: pytest.LogCaptureFixture
) -> None:
    stumble = "import os; os.path.exists('well') or exit('error: not yet');" + SERVE
    (nursery.folder / "well").touch()
    async with nursery.running(nursery.child(stumble)) as child, watched(child) as reasons:
        (nursery.folder / "well").unlink()
        nursery.kill()
        await until(lambda: len(pauses(caplog)) == 4)
        (nursery.folder / "well").touch()
        assert await reasons.get() == "The toy was ended by SIGKILL: it said nothing"
    assert "error: not yet" in caplog.text
    assert pauses(caplog)[:4] == [0.01, 0.02, 0.04, 0.08]


def pauses(caplog: pytest.LogCaptureFixture) -> list[object]:
    return [
        record.args[1]
        for record in caplog.records
        if record.levelno == logging.ERROR and isinstance(record.args, tuple)
    ]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - a log record sets no event
            await asyncio.sleep(0.01)


async def test_stop_ends_the_watch_too(nursery: Nursery) -> None:
    child = nursery.child(SERVE)
    await child.start()
    watching = asyncio.create_task(child.watch())
    await child.stop()
    await watching
    assert child.restarts == 0


async def test_stop_ends_a_watch_that_waits_to_restart(
    nursery: Nursery, caplog: pytest.LogCaptureFixture
) -> None:
    child = Child(
        "toy",
        [sys.executable, "-c", SERVE],
        ready=nursery.is_ready,
        log_file=nursery.log_file,
        cwd=nursery.folder,
        restart_pause_s=3600,
    )
    await child.start()
    watching = asyncio.create_task(child.watch())
    nursery.kill()
    await until(lambda: bool(pauses(caplog)))
    await child.stop()
    await watching
    assert nursery.process_id() is None


async def test_what_an_earlier_luna_left_is_ended_first(
    nursery: Nursery, caplog: pytest.LogCaptureFixture
) -> None:
    idle = [sys.executable, "-c", "print('up', flush=True); import time; time.sleep(60)"]
    leftover = await asyncio.create_subprocess_exec(
        *tether.tethered(idle, nursery.folder / "child.pid"),
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert leftover.stdout is not None
    await leftover.stdout.readline()
    async with nursery.running(nursery.child(SERVE)):
        assert await leftover.wait() == -signal.SIGTERM
        assert nursery.process_id() not in (None, leftover.pid)
    assert "of an earlier start" in caplog.text


LUNA = """
import asyncio, sys
from pathlib import Path
from lunabot.children import Child

async def ready():
    return True

async def main():
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    await Child("toy", sleep, ready=ready, log_file=Path(sys.argv[1])).start()
    print("started", flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the next start ends it")
async def test_a_child_is_gone_when_luna_is_killed(nursery: Nursery) -> None:
    luna = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        LUNA,
        str(nursery.log_file),
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert luna.stdout is not None
    assert await luna.stdout.readline() == b"started\n"
    await until(lambda: nursery.process_id() is not None)
    luna.kill()
    await luna.wait()
    await until(lambda: nursery.process_id() is None)


async def test_the_log_of_one_that_runs_is_set_aside_when_it_is_large(nursery: Nursery) -> None:
    child = nursery.child(f"print('x' * 5_000_001); print('and more'); {SERVE}")
    async with nursery.running(child), watched(child):
        await until(lambda: [*nursery.folder.glob("child-*.log.gz")] != [])
        assert child.restarts == 0
        assert nursery.process_id() is not None
