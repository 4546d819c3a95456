"""What was agreed to is what is done: nothing else, nothing more, or nothing at all."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from lunabot.admin.registry import Registry, build
from lunabot.config import Settings
from lunabot.errors import WorldError
from tests.fake_services import ADMIN, ADMIN_ROOM
from tests.unit.admin.snowmen import BOB, AskingHouse


def _one_more(asking: AskingHouse) -> None:
    asking.world.snowmen.append("Yuki")


def _none_left(asking: AskingHouse) -> None:
    asking.world.snowmen.clear()


def _renamed(asking: AskingHouse) -> None:
    asking.services.registry = Registry()


def _asks_no_more(asking: AskingHouse) -> None:
    [melt] = [each for each in asking.services.registry.skills if each.verb == "melt"]
    asking.services.registry, _ = build([replace(melt, plan=None)])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_one_more, "Not done: what would go has changed since I asked. Ask again."),
        (_none_left, "There is no snowman."),
        (_renamed, "There is no command `melt`."),
        (_asks_no_more, "Not done: what would go has changed since I asked. Ask again."),
    ],
)
async def test_a_plan_that_has_changed_is_not_carried_out(
    asking: AskingHouse, change: Callable[[AskingHouse], None], said: str
) -> None:
    await asking.ask()
    change(asking)
    await asking.tap()
    assert asking.world.melted == []
    assert asking.replies()[-1].startswith(said)
    assert asking.marks() == ["❌"]
    assert asking.questions == []
    assert (await asking.trail())[-1] == (ADMIN, "melt", "failed")


async def test_a_plan_with_nothing_to_do_asks_nothing(asking: AskingHouse) -> None:
    asking.world.snowmen.clear()
    await asking.run("/melt")
    assert (asking.replies(), asking.marks()) == (["There is no snowman."], ["❌"])
    assert asking.questions == []


async def test_without_anything_to_lose_nobody_is_asked(asking: AskingHouse) -> None:
    asking.world.harmless = True
    await asking.run("/melt")
    assert (asking.replies(), asking.marks()) == (["2 melted"], ["✅"])


async def test_yes_in_the_command_skips_the_question(asking: AskingHouse) -> None:
    await asking.run("/melt --yes")
    assert (asking.replies(), asking.marks()) == (["2 melted"], ["✅"])
    assert await asking.trail() == [(ADMIN, "melt", "ok")]


async def test_a_room_that_became_unsafe_runs_nothing(asking: AskingHouse) -> None:
    await asking.ask()
    asking.account.client.rooms[ADMIN_ROOM].join_rule = "public"
    await asking.tap()
    assert asking.world.melted == []
    assert "❌ not run, because this room is not safe" in asking.replies()[0]
    assert asking.marks() == ["❌"]
    assert (await asking.trail())[-1] == (ADMIN, "melt", "refused")


async def test_who_is_no_administrator_any_more_confirms_nothing(asking: AskingHouse) -> None:
    await asking.ask()
    asking.services.settings = Settings.model_validate({"admin": {"users": [BOB]}})
    await asking.tap()
    assert asking.world.melted == []


async def test_a_question_that_cannot_be_shown_is_none(asking: AskingHouse) -> None:
    asking.account.failure = WorldError("out of reach")
    await asking.run("/melt")
    assert asking.questions == []
    assert (await asking.trail())[-1] == (ADMIN, "melt", "failed")


async def test_a_disk_that_cannot_note_the_answer_stops_the_command(
    asking: AskingHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    await asking.ask()

    async def full() -> None:
        raise WorldError("the disk is full")

    monkeypatch.setattr(asking.services.memory.state, "flush", full)
    await asking.tap()
    assert asking.world.melted == []
    assert asking.replies()[-1] == "That did not work: the disk is full."
    assert (asking.marks(), asking.questions) == (["❌"], [])
