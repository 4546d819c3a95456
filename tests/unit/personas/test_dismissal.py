"""A dismissal takes all of a persona, and nobody who is none."""

import pytest

from lunabot.errors import UserMistake, WorldError
from tests.fake_homeserver import FakeHomeserver
from tests.unit.personas.characters import CLASSROOM
from tests.unit.personas.village import HOME, LUNA, SCOUT, V2, Village, summons


async def test_all_of_a_persona_goes_and_its_room_stays(village: Village) -> None:
    await village.summoner.spawn(summons())
    departure = await village.dismisser.look(SCOUT)
    assert (departure.exists, departure.has_document, departure.rooms) == (True, True, (HOME,))
    await village.dismisser.despawn(SCOUT)
    assert await village.traces() == ["room"]
    await village.dismisser.despawn(SCOUT)
    again = await village.dismisser.look(SCOUT)
    assert (again.exists, again.has_document, again.rooms) == (False, False, ())
    assert await village.traces() == ["room"]


async def test_it_leaves_its_rooms_before_its_account_ends(village: Village) -> None:
    await village.summoner.spawn(summons(CLASSROOM))
    await village.dismisser.despawn(SCOUT)
    ends = [path.rpartition("/")[2] for path in village.server.asked]
    assert ends.index("leave") < ends.index(SCOUT, ends.index("leave"))


@pytest.mark.parametrize(
    "refused",
    [("GET", f"users/{SCOUT}"), ("POST", f"deactivate/{SCOUT}")],
    ids=" ".join,
)
async def test_what_fails_is_gone_on_with(village: Village, refused: tuple[str, str]) -> None:
    await village.summoner.spawn(summons(CLASSROOM))
    village.server.refusing = {refused}
    with pytest.raises(WorldError):
        await village.dismisser.despawn(SCOUT)
    (undertaking,) = await village.memory.archive.unfinished()
    village.server.refusing = set()
    await village.dismisser.complete(undertaking)
    assert await village.traces() == []


async def test_an_account_that_somebody_removed_is_no_trouble(village: Village) -> None:
    await village.summoner.spawn(summons(CLASSROOM))
    village.server.account = "deactivated"
    village.server.members.clear()
    village.server.refusing = {("GET", "whoami"), ("POST", "login"), ("GET", "joined_rooms")}
    departure = await village.dismisser.look(SCOUT)
    assert (departure.exists, departure.has_document) == (False, True)
    await village.dismisser.despawn(SCOUT)
    assert await village.traces() == []


async def test_people_are_not_dismissed(village: Village) -> None:
    village.server.account = "active"
    with pytest.raises(UserMistake, match="no persona of mine"):
        await village.dismisser.look(SCOUT)


async def test_an_account_whose_document_is_lost_is_still_a_persona(village: Village) -> None:
    await village.summoner.spawn(summons(CLASSROOM))
    await village.fleet.dismiss(SCOUT)
    await village.fleet.forget(SCOUT)
    departure = await village.dismisser.look(SCOUT)
    assert (departure.exists, departure.has_document) == (True, False)


async def test_luna_is_no_persona(village: Village, home: FakeHomeserver) -> None:
    home.answers[f"{V2}/users/{LUNA}"] = {"name": LUNA, "creation_ts": 1, "deactivated": False}
    with pytest.raises(UserMistake, match="no persona of mine"):
        await village.dismisser.look(LUNA)
