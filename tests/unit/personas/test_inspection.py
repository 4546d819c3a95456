"""Looking after what belongs to the personas: named while it lasts, memberships mended silently."""

import asyncio

import pytest

from lunabot.errors import WorldError
from lunabot.memory.journal import Undertaking
from lunabot.personas.dismissal import DESPAWN
from lunabot.personas.inspection import EVERY_S, Inspection
from lunabot.personas.persona import Persona, Stay
from lunabot.personas.summoning import SPAWN
from tests.unit.personas.characters import ADMIN, CLASSROOM
from tests.unit.personas.village import HOME, SCOUT, Village, summons, until

PART = "remains of scout"


@pytest.fixture
def inspection(village: Village) -> Inspection:
    return Inspection(village.summoner.admin_api, village.memory, village.fleet, "localhost")


def shown(village: Village) -> str:
    return village.fleet.house.problems.of(PART)


def persona(*stays: Stay) -> Persona:
    return Persona(SCOUT, "Scout", "You know trails.", {}, "2025-01-31T12:00:00Z", ADMIN, stays)


async def test_of_a_persona_that_runs_nothing_is_asked_and_nothing_said(
    village: Village, inspection: Inspection
) -> None:
    await village.summoner.spawn(summons())
    village.server.asked.clear()
    assert await inspection.look() == ()
    assert village.server.asked == village.told == []


async def test_a_document_without_an_account(village: Village, inspection: Inspection) -> None:
    village.memory.state.put_persona(persona())
    (finding,) = await inspection.look()
    assert finding.user_id == SCOUT
    assert shown(village) == finding.text
    assert "no such account: `!despawn scout`" in finding.text
    assert village.told == [f"⚠️ **{PART}**: {finding.text}"]
    await inspection.look()
    assert len(village.told) == 1


@pytest.mark.parametrize(
    ("account", "missing"),
    [
        ("active", "its document is gone"),
        ("deactivated", "its account and its document are gone"),
        (None, "its account and its document are gone"),
    ],
)
async def test_secrets_without_a_document(
    village: Village, inspection: Inspection, account: str | None, missing: str
) -> None:
    village.secrets.password(SCOUT)
    village.server.account = account
    (finding,) = await inspection.look()
    assert missing in finding.text
    await village.dismisser.despawn(SCOUT)
    assert await village.traces() == []
    assert shown(village) == ""
    assert await inspection.look() == ()


async def test_what_is_whole_again_is_shown_no_longer(
    village: Village, inspection: Inspection
) -> None:
    village.memory.state.put_persona(persona())
    await inspection.look()
    village.server.account = "active"
    await inspection.look()
    assert shown(village) == ""


async def test_a_persona_summoned_on_what_was_left_is_whole(
    village: Village, inspection: Inspection
) -> None:
    village.secrets.password(SCOUT)
    await inspection.look()
    assert shown(village)
    await village.summoner.spawn(summons())
    assert shown(village) == ""


@pytest.mark.parametrize("kind", [SPAWN, DESPAWN])
async def test_whoever_comes_or_goes_is_left_alone(
    village: Village, inspection: Inspection, kind: str
) -> None:
    village.secrets.password(SCOUT)
    undertaking: Undertaking = await village.memory.archive.begin(kind, SCOUT, {})
    assert await inspection.look() == ()
    await village.memory.archive.end(undertaking)
    assert len(await inspection.look()) == 1


async def test_memberships_are_mended_without_a_word(
    village: Village, inspection: Inspection
) -> None:
    village.fleet.rooms = (HOME,)
    village.memory.state.put_persona(persona())
    await village.fleet.start()
    running = village.fleet.opened[0]
    running.enter(CLASSROOM)
    village.fleet.keep(persona(Stay(HOME, 1_000)))
    await inspection.look()
    assert set(village.memory.state.personas()[SCOUT].rooms) == {HOME, CLASSROOM}
    del running.client.rooms[HOME]
    await inspection.look()
    assert village.memory.state.personas()[SCOUT].rooms == (CLASSROOM,)
    assert village.told == []


async def test_a_new_home_is_kept_until_the_account_has_heard_of_it(
    village: Village, inspection: Inspection
) -> None:
    await village.summoner.spawn(summons())
    assert not village.fleet.opened[0].client.rooms
    await inspection.look()
    assert village.memory.state.personas()[SCOUT].rooms == (HOME,)


async def test_it_looks_every_hour_whatever_the_server_says(
    village: Village, inspection: Inspection, pauses: list[float]
) -> None:
    village.memory.state.put_persona(persona())
    village.server.refusing = {("GET", f"users/{SCOUT}")}
    with pytest.raises(WorldError):
        await inspection.look()
    looking = asyncio.create_task(inspection.run())
    await until(lambda: pauses.count(EVERY_S) == 2)
    village.server.refusing = set()
    await until(lambda: "no such account" in shown(village))
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)
