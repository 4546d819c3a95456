"""Taking over a changed configuration, and stopping."""

import asyncio

import pytest

from lunabot.admin.call import Call
from lunabot.errors import UserMistake
from tests.fake_services import command
from tests.unit.personas.characters import teacher
from tests.unit.skills.running import REGISTRY, House


async def test_reloading_says_what_happened(house: House) -> None:
    async def reload() -> str:
        return "Read anew: everything."

    house.services.reload = reload
    assert await house.run("reload") == "Read anew: everything."


async def test_a_reload_that_fails_is_the_askers_to_mend(house: House) -> None:
    async def reload() -> str:
        raise UserMistake("Nothing was changed")

    house.services.reload = reload
    with pytest.raises(UserMistake, match="Nothing was changed"):
        await house.run("reload")


@pytest.mark.parametrize(
    ("line", "reason"),
    [("shutdown", "Admin asked me to"), ("shutdown for an update", "for an update")],
)
async def test_a_shutdown_is_asked_for_with_its_reason(
    house: House, line: str, reason: str
) -> None:
    assert await house.run(line) == "I am stopping."
    assert house.stopped == [reason]


async def test_a_shutdown_asks_first_and_tells_what_stops(house: House) -> None:
    message = command("/shutdown for an update")
    call = Call(message, house.services, lambda text: asyncio.sleep(0))
    shutdown = REGISTRY.require("shutdown")
    plan = await shutdown.read("for an update", "localhost").plan(call)
    assert plan
    assert plan.markdown == "**I stop**. Somebody at the machine has to start me again."
    house.services.memory.state.put_persona(teacher())
    more = await shutdown.read("", "localhost").plan(call)
    assert more
    assert more.markdown.startswith("**I stop**, 1 persona with me.")
    assert more.fingerprint == plan.fingerprint
    assert await shutdown.read("--yes for an update", "localhost").plan(call) is None
    assert house.stopped == []


def test_stopping_is_destructive_and_reloading_is_not() -> None:
    assert REGISTRY.require("shutdown").destructive
    assert not REGISTRY.require("reload").destructive
