"""Figures for a monitor, of a Luna at work."""

import socket
from typing import Any

import aiohttp
import pytest

from tests.e2e.homeserver import free_port
from tests.e2e.luna import LunaProcess
from tests.e2e.person import Person
from tests.e2e.waiting import until

_COUNTED = frozenset(('luna_answers_total{outcome="sent"} 1.0', "luna_answer_seconds_count 1.0"))


@pytest.fixture(scope="module")
def luna_options() -> dict[str, Any]:
    """She serves her figures."""
    return {"sections": {"metrics": {"port": free_port()}}}


async def test_she_tells_how_she_is_until_she_stops(luna: LunaProcess, alice: Person) -> None:
    port = luna.configuration["metrics"]["port"]
    room = await alice.direct(luna.user_id)
    await alice.send(room, "hello")
    await alice.wait_for_message(room, luna.user_id, "hello")
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as monitor:
        async with monitor.get("/healthz") as response:
            assert (response.status, await response.text()) == (200, "ok\n")

        async def is_counted() -> bool:  # when the server has told her that it has the answer
            async with monitor.get("/metrics") as response:
                return _COUNTED.issubset((await response.text()).splitlines())

        await until(is_counted, 10, "the answer among the figures")
        assert await luna.stop(4) == 0  # with the monitor's connection still open
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
