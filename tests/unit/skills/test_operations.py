"""Taking over a changed configuration, and stopping."""

import pytest

from lunabot.errors import UserMistake
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


def test_stopping_is_destructive_and_reloading_is_not() -> None:
    assert REGISTRY.require("shutdown").destructive
    assert not REGISTRY.require("reload").destructive
