"""``/health``: how Luna is, and what does not work."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from lunabot import __version__
from lunabot.llm.absent import NoModel
from lunabot.llm.completion import Completion
from lunabot.llm.tools import Tool
from lunabot.llm.turns import ChatTurn
from lunabot.problems import Problems
from tests.fake_services import ADMIN_ROOM, command
from tests.homeserver_scripts import Status
from tests.unit.llm.pictures import opened
from tests.unit.personas.characters import teacher
from tests.unit.skills.running import House

VERSION = "/_synapse/admin/v1/server_version"


class SoundModel(NoModel):
    """A model that answers."""

    model = "moon-1"
    host = "models.example.org"

    async def complete(
        self, messages: Sequence[ChatTurn], *, model: str | None = None, tools: Sequence[Tool] = ()
    ) -> Completion:
        return Completion("hello", "moon-1", 1, 1, "stop")

    async def check(self) -> None:
        pass


@pytest.fixture(autouse=True)
def sound(house: House) -> None:
    """All is well."""
    house.answer(VERSION, {"server_version": "1.163.0"})
    house.services.model = SoundModel("")
    house.services.started = time.monotonic() - 7200
    house.account.last_sync = time.monotonic() - 12


async def test_all_is_well(house: House) -> None:
    message = replace(command("hello"), encrypted=True)
    await house.services.memory.record_own(message)
    head, lines = (await house.run("health")).split("\n\n")
    assert head == f"Luna {__version__}, up for 2.0 h. All is well."
    for line in (
        "- **server**: Synapse 1.163.0, answers in ",
        "- **model**: moon-1 at models.example.org",
        f"- **accounts**: {house.account.user_id}, last sync 12 s ago",
        "- **personas**: none",
        "- **queue**: 0 waiting, 0 in work",
        "- **archive**: 1 message of 1 room, ",
        "- **memory**: about 9 tokens not summed up, 0 of 200,000 tokens spent today",
        "- **this room**: safe, not encrypted",
    ):
        assert line in lines


async def test_the_last_day_as_a_picture(house: House) -> None:
    assert "All is well." in await house.run("health --plot")
    [(kind, name, data, mimetype, size)] = house.account.acts
    assert (kind, name, mimetype) == ("image", "health.png", "image/png")
    assert opened(data).size == size


async def test_a_model_that_does_not_answer_is_a_problem_until_it_does(house: House) -> None:
    house.services.model = NoModel("nobody set one up")
    text = await house.run("health")
    assert "Not everything works:" in text
    assert "- ⚠️ **model**: no model is set up (nobody set one up)" in text
    house.services.model = SoundModel("")
    assert "All is well." in await house.run("health")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Status(502, {}), "does not answer as it should: HTTP status 502"),
        (Status(403, {"errcode": "M_FORBIDDEN", "error": "You are not an admin"}), "not an admin"),
    ],
)
async def test_a_server_that_does_not_answer_is_a_problem_until_it_does(
    house: House, pauses: list[float], answer: Status, said: str
) -> None:
    house.answer(VERSION, answer)
    head, troubles, _ = (await house.run("health")).split("\n\n")
    assert head.endswith("Not everything works:")
    assert troubles.startswith("- ⚠️ **server**: ")
    assert said in troubles
    house.answer(VERSION, {"server_version": "1.163.0"})
    assert "All is well." in await house.run("health")


async def test_an_unsafe_room_and_other_problems_are_listed_first(house: House) -> None:
    room = house.account.client.rooms[ADMIN_ROOM]
    room.join_rule, room.encrypted = "public", True
    house.services.problems = Problems(lambda text: None, {"store": "the disk is full"})
    _, troubles, lines = (await house.run("health")).split("\n\n")
    first, second = troubles.split("\n")
    assert first.startswith("- ⚠️ **this room is not safe**: people can get in without")
    assert second == "- ⚠️ **store**: the disk is full"
    assert "- **this room**: not safe, encrypted" in lines


async def test_how_many_personas_run(house: House) -> None:
    house.services.memory.state.put_persona(teacher())
    keeper = SimpleNamespace(fleet=SimpleNamespace(ready=0))
    house.services.personas = lambda: keeper  # type: ignore[assignment,return-value]
    assert "- **personas**: 0 of 1 running" in await house.run("health")


async def test_before_the_first_sync(house: House) -> None:
    house.account.last_sync = None
    assert "last sync never" in await house.run("health")


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(5, "5 s"), (90, "1.5 min"), (5400, "1.5 h"), (216_000, "2.5 d")],
)
async def test_times_are_shown_in_the_unit_that_fits(
    house: House, seconds: int, shown: str
) -> None:
    house.services.started = time.monotonic() - seconds
    assert f"up for {shown}." in await house.run("health")


@pytest.mark.parametrize(("size", "shown"), [(1234, "1.2 kB"), (2_500_000, "2.5 MB")])
async def test_the_size_of_the_state(house: House, tmp_path: Path, size: int, shown: str) -> None:
    house.services.settings = house.services.settings.placed(tmp_path)
    assert "- **state**: 0.0 kB" in await house.run("health")
    house.services.settings.state_path.write_bytes(b"x" * size)
    assert f"- **state**: {shown}" in await house.run("health")
