"""A summons makes a persona whole, or leaves the world as it was."""

import itertools

import pytest

from lunabot.errors import UserMistake, WorldError
from lunabot.matrix.ids import RoomId
from lunabot.personas.summoning import SPAWN
from tests.unit.personas.characters import ADMIN, CLASSROOM
from tests.unit.personas.village import HOME, SCOUT, Village, summons

ALIVE = [
    "account", "room", "membership", "document", "secrets", "token", "running", "character", "open"
]  # fmt: skip


async def test_a_persona_is_made_with_all_that_belongs_to_it(village: Village) -> None:
    receipt = await village.summoner.spawn(summons())
    assert (receipt.room_id, receipt.alias) == (HOME, "#scout:localhost")
    assert await village.traces() == ALIVE
    persona = village.memory.state.personas()[SCOUT]
    assert persona == receipt.persona
    assert (persona.created_by, persona.rooms) == (ADMIN, (HOME,))
    assert persona.system_prompt == "You know trails."


async def test_a_persona_that_just_joined_is_not_taken_for_one_that_left(village: Village) -> None:
    await village.summoner.spawn(summons())
    persona = village.company.personas()[SCOUT]
    now = village.summoner.luna.server_now()
    assert persona.saw(HOME, now + 1_000)


REFUSED = [
    ("PUT", f"users/{SCOUT}"),
    ("POST", "override_ratelimit"),
    ("GET", "members"),
    ("POST", "invite"),
]


@pytest.mark.parametrize(
    ("refused", "room"),
    [(("POST", "createRoom"), None), *itertools.product(REFUSED, [None, CLASSROOM])],
)
async def test_whatever_the_server_refuses_nothing_is_left(
    village: Village, refused: tuple[str, str], room: RoomId | None
) -> None:
    village.server.refusing = {refused}
    with pytest.raises((UserMistake, WorldError)):
        await village.summoner.spawn(summons(room))
    assert await village.traces() == []
    assert CLASSROOM in village.server.rooms
    village.server.refusing = set()
    await village.summoner.spawn(summons(room))


@pytest.mark.parametrize("failure", [WorldError("away"), RuntimeError("a bug"), OSError("full")])
async def test_an_account_that_does_not_open_leaves_nothing(
    village: Village, failure: Exception
) -> None:
    village.fleet.failure = failure
    with pytest.raises((WorldError, RuntimeError)):
        await village.summoner.spawn(summons())
    assert await village.traces() == []


async def test_a_document_that_cannot_be_saved_leaves_nothing(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full() -> None:
        raise WorldError("db.json could not be saved (no space)")

    with monkeypatch.context() as patch:
        patch.setattr(village.memory.state, "flush", full)
        with pytest.raises(WorldError, match=r"no space.*not undone yet"):
            await village.summoner.spawn(summons())
    assert await village.traces() == ["journal"]
    (undertaking,) = await village.memory.archive.unfinished()
    assert await village.summoner.take_back(undertaking)
    assert await village.traces() == []


async def test_what_cannot_be_undone_is_undone_later(village: Village) -> None:
    village.server.refusing = {("POST", "invite"), ("POST", f"deactivate/{SCOUT}")}
    with pytest.raises(WorldError, match="not undone yet"):
        await village.summoner.spawn(summons())
    assert await village.traces() == ["account", "secrets", "journal"]
    village.server.refusing = set()
    (undertaking,) = await village.memory.archive.unfinished()
    assert undertaking.kind == SPAWN
    assert await village.summoner.take_back(undertaking)
    assert await village.traces() == []


async def test_names_that_are_taken_are_refused_and_old_ones_revived(village: Village) -> None:
    village.server.account = "active"
    with pytest.raises(UserMistake, match="belongs to somebody"):
        await village.summoner.spawn(summons())
    assert village.server.account == "active"
    village.server.account = "deactivated"
    await village.summoner.spawn(summons())
    with pytest.raises(UserMistake, match="mine already"):
        await village.summoner.spawn(summons())
