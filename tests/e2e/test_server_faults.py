"""Whatever happens between Luna and her homeserver: each question gets its answer, and one only."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.e2e.administrator import NO, Administrator
from tests.e2e.asking import ask, tap
from tests.e2e.conftest import fixture
from tests.e2e.faults import Behaviour, cut, html, late_answer, lost_answer, refusal, text
from tests.e2e.homeserver import Homeserver
from tests.e2e.luna import LunaProcess
from tests.e2e.person import Person
from tests.e2e.proxy import FaultyProxy
from tests.e2e.timeline import membership, message, notice
from tests.fake_model import Answer, FakeModel


@fixture(scope="module")
async def proxy(homeserver: Homeserver) -> AsyncIterator[FaultyProxy]:
    """What stands between the module's Luna and the homeserver."""
    async with FaultyProxy(homeserver.url) as server:
        yield server


@pytest.fixture(scope="module")
def luna_options(proxy: FaultyProxy) -> dict[str, Any]:
    """The module's Luna knows the proxy only."""
    return {"homeserver_url": proxy.url}


async def ask_once(person: Person, luna: LunaProcess, room: str, question: str) -> None:
    """Ask, and see that the answer came, and once: what comes twice comes before the next one."""
    before = len(person.timeline.find(room, message(luna.user_id)))
    for asked in (question, "and now?"):
        await person.send(room, asked)
        await person.wait_for_message(room, luna.user_id, asked, timeout_s=30)
    assert len(person.timeline.find(room, message(luna.user_id))) == before + 2


@pytest.mark.parametrize(
    "behaviour",
    [html(502), cut(), lost_answer(), text('{"event_id": ')],
    ids=["502", "cut", "lost", "not JSON"],
)
async def test_an_answer_is_sent_until_it_arrived(
    proxy: FaultyProxy, luna: LunaProcess, alice: Person, behaviour: Behaviour
) -> None:
    room = await alice.direct(luna.user_id)
    with proxy.fault("/send/m.room.message", behaviour, method="PUT", times=3) as fault:
        await ask_once(alice, luna, room, "is it there?")
    assert fault.hits == 3


@pytest.mark.parametrize(
    "behaviour",
    [html(502), cut(), lost_answer(), text('{"next_batch": "s'), text('{"next_batch": 5}')],
    ids=["502", "cut", "lost", "not JSON", "not Matrix"],
)
async def test_a_sync_is_asked_for_until_it_came(
    proxy: FaultyProxy,
    luna: LunaProcess,
    admin: Administrator,
    alice: Person,
    behaviour: Behaviour,
) -> None:
    room = await alice.direct(luna.user_id)
    with proxy.fault("/sync", behaviour, times=2) as fault:
        await ask_once(alice, luna, room, "do you hear me?")
    assert fault.hits == 2
    assert "All is well" in (await admin.command("!health")).text


@pytest.mark.parametrize("path", ["/send/m.room.message", "/sync"])
async def test_a_rate_limit_is_kept_to(
    proxy: FaultyProxy, luna: LunaProcess, alice: Person, path: str
) -> None:
    room = await alice.direct(luna.user_id)
    limit = refusal(429, "M_LIMIT_EXCEEDED", retry_after_ms=700)
    with proxy.fault(path, limit, times=2) as fault:
        started = time.monotonic()
        await ask_once(alice, luna, room, "too fast?")
        assert time.monotonic() - started > 2 * 0.7
    assert fault.hits == 2


async def test_an_answer_survives_a_server_that_is_away(
    proxy: FaultyProxy, luna: LunaProcess, alice: Person, model: FakeModel
) -> None:
    room = await alice.direct(luna.user_id)
    held = asyncio.Event()
    model.enqueue(Answer("written meanwhile", hold=held))
    await alice.send(room, "take your time")
    await model.wait_for(lambda request: "take your time" in request.last_user)
    await proxy.stop()
    await alice.send(room, "are you there?")
    held.set()
    await proxy.start()
    await alice.wait_for_message(room, luna.user_id, "written meanwhile", timeout_s=30)
    await alice.wait_for_message(room, luna.user_id, "are you there?", timeout_s=30)
    assert len(alice.timeline.find(room, message(luna.user_id))) == 2


@pytest.mark.parametrize("typed", [False, True], ids=["tap", "typed"])
async def test_who_is_faster_than_the_servers_response_is_heard(
    proxy: FaultyProxy, luna: LunaProcess, admin: Administrator, alice: Person, typed: bool
) -> None:
    room, release = await alice.direct(luna.user_id), asyncio.Event()
    late = late_answer(release)
    with proxy.fault("/send/m.room.message", late, method="PUT", times=1) as fault:
        asked = await ask(admin, "shutdown")
        await (admin.say(f"no {asked.code}") if typed else tap(admin, asked, NO))
        await ask_once(alice, luna, room, "did you hear it?")
        assert fault.hits == 1
        release.set()
        result = await admin.result(asked.command)
    assert result.mark == NO
    assert result.text.endswith("nothing was done.")


async def test_an_invitation_that_is_not_allowed_is_told_of(
    luna: LunaProcess, admin: Administrator, alice: Person
) -> None:
    luna.configure("invites", {"allowed": []})
    luna.write_configuration()
    assert (await admin.command("!reload")).mark == "✅"
    room = await alice.create_room(invite=[luna.user_id])
    told = await admin.person.wait_for(admin.room, notice(luna.user_id, alice.user_id))
    assert "invites.allowed" in told["content"]["body"]
    assert alice.timeline.find(room, membership(luna.user_id, "join")) == []
    await admin.person.direct(luna.user_id)
