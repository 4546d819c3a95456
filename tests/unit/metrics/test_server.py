"""What monitors are told: whether Luna is well, and her figures in the format of Prometheus."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request
from prometheus_client.parser import text_string_to_metric_families

from lunabot.admin.services import Services
from lunabot.config import MetricsSettings, Settings
from lunabot.errors import WorldError
from lunabot.matrix.ids import UserId
from lunabot.memory.ledger import Debt
from lunabot.memory.memory import Memory
from lunabot.memory.usage import Usage
from lunabot.metrics.server import application, serve_metrics
from tests.fake_account import FakeAccount
from tests.fake_services import ADMIN, ADMIN_ROOM, command, services
from tests.unit.personas.characters import teacher

Client = TestClient[Request, Application]
LUNA = UserId("@luna:localhost")


@pytest.fixture
def luna(account: FakeAccount, memory: Memory, tmp_path: Path) -> Services:
    keeper = SimpleNamespace(fleet=SimpleNamespace(accounts={LUNA: account}))
    settings = Settings().placed(tmp_path)
    found = services(account, memory, settings=settings, personas=lambda: keeper)
    account.last_sync = time.monotonic() - 5
    return found


@pytest.fixture
async def client(luna: Services) -> AsyncIterator[Client]:
    async with TestClient(TestServer(application(luna))) as opened:
        yield opened


async def figures(client: Client) -> dict[str, float]:
    """Return all samples by name and labels, as Prometheus' own parser reads them."""
    async with client.get("/metrics") as response:
        assert response.status == 200
        assert response.content_type == "text/plain"
        text = await response.text()
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_she_is_well_while_she_syncs(client: Client, luna: Services) -> None:
    luna.problems.report("model", "does not answer")  # she hears all the same
    async with client.get("/healthz") as response:
        assert (response.status, await response.text()) == (200, "ok\n")


@pytest.mark.parametrize(
    ("last_sync", "said"),
    [
        (lambda: None, "there was no sync yet\n"),
        (lambda: time.monotonic() - 100, "the last sync was 100 s ago\n"),
    ],
)
async def test_she_is_not_well_while_she_does_not(
    client: Client, luna: Services, last_sync: Callable[[], float | None], said: str
) -> None:
    luna.account.last_sync = last_sync()
    luna.problems.report("homeserver", "does not answer")
    async with client.get("/healthz") as response:
        assert response.status == 503
        assert await response.text() == said + "homeserver: does not answer\n"


async def test_what_the_figures_say(client: Client, luna: Services, memory: Memory) -> None:
    now = int(time.time() * 1000)
    questions = [command("why?", event_id=f"$q{n}", timestamp=now) for n in range(3)]
    debts = [Debt(LUNA, each.event_id, ADMIN_ROOM, now) for each in questions]
    await memory.record_sync(LUNA, "s1", questions, debts)
    said = replace(
        command("because", event_id="$a", sender=LUNA, timestamp=now + 1_500),
        answers=(questions[0].event_id,),
    )
    await memory.record_own(said)
    await memory.archive.record_unanswered(LUNA, [questions[1].event_id], "missed")
    await memory.archive.record_usage(Usage(now, ADMIN_ROOM, LUNA, ADMIN, "moon", 30, 4))
    memory.state.put_persona(teacher())
    luna.problems.report("model", "does not answer")
    luna.settings.state_path.write_text("{}")
    found = await figures(client)
    assert 5 <= found.pop("luna_sync_age_seconds") < 60
    expected = {
        "luna_accounts": 2,
        "luna_accounts_ready": 1,
        "luna_rooms": 1,
        "luna_questions_waiting": 0,
        "luna_rooms_answering": 0,
        "luna_problems": 1,
        "luna_messages": 4,
        "luna_answers_owed": 1,
        "luna_answers_total sent": 1,
        "luna_answers_total missed": 1,
        "luna_tokens_total prompt": 30,
        "luna_tokens_total completion": 4,
        "luna_store_bytes archive": 0,
        "luna_store_bytes state": 2,
        "luna_answer_seconds_bucket 1.0": 0,
        "luna_answer_seconds_bucket 2.0": 1,
        "luna_answer_seconds_bucket +Inf": 1,
        "luna_answer_seconds_count": 1,
        "luna_answer_seconds_sum": 1.5,
    }
    assert {name: found.get(name) for name in expected} == expected
    assert found["process_resident_memory_bytes"] > 1_000_000
    assert found["luna_tasks"] >= 1


async def test_without_the_archive_there_are_no_figures(
    client: Client, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise WorldError("the disk failed")

    monkeypatch.setattr(memory.archive, "search", fail)
    async with client.get("/metrics") as response:
        assert (response.status, await response.text()) == (503, "the disk failed\n")


async def test_nothing_listens_unless_a_port_is_set(luna: Services) -> None:
    await serve_metrics(luna)  # returns


async def test_it_listens_until_it_is_cancelled(luna: Services, free_port: int) -> None:
    set_port(luna, free_port)
    task = asyncio.create_task(serve_metrics(luna))
    async with aiohttp.ClientSession() as session:
        assert await answered(session, f"http://127.0.0.1:{free_port}/healthz") == "ok\n"
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(f"http://127.0.0.1:{free_port}/healthz")


async def test_a_port_that_is_taken_is_a_problem_and_no_more(luna: Services) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        set_port(luna, port)
        await serve_metrics(luna)
    assert f"cannot listen at 127.0.0.1 port {port}" in luna.problems.of("metrics")


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def set_port(luna: Services, port: int) -> None:
    metrics = MetricsSettings(port=port)
    luna.settings = luna.settings.model_copy(update={"metrics": metrics})


async def answered(session: aiohttp.ClientSession, url: str) -> str:
    """Ask until something listens."""
    async with asyncio.timeout(10):
        while True:
            try:
                async with session.get(url) as response:
                    return await response.text()
            except aiohttp.ClientConnectorError:
                await asyncio.sleep(0.01)
