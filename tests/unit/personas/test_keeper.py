"""The one door: one of a name at a time, and what was cut off is mended before it does harm."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from lunabot.errors import UserMistake, WorldError
from lunabot.llm.absent import NoModel
from lunabot.personas.dismissal import DESPAWN
from lunabot.personas.first_words import FirstWords
from lunabot.personas.keeper import Keeper
from lunabot.personas.shaping import Shaper
from lunabot.personas.summoning import SPAWN
from lunabot.tasks import Tasks
from tests.unit.personas.characters import CLASSROOM
from tests.unit.personas.village import SCOUT, Village, summons


async def _length(text: str) -> int:
    return len(text)


@pytest.fixture
async def keeper(village: Village) -> AsyncIterator[Keeper]:
    tasks = Tasks()
    model = NoModel("nobody set one up")
    yield Keeper(
        village.memory.archive,
        village.summoner,
        village.dismisser,
        Shaper(village.homes, village.fleet),
        village.fleet,
        FirstWords(lambda: model, village.company, village.memory, _length),
        tasks,
        village.told.append,
    )
    await tasks.close()


async def cut_off(village: Village, kind: str, *steps: str) -> None:
    """Leave a transaction in the journal, as a crash does."""
    archive = village.memory.archive
    facts = {"room": CLASSROOM, "alias": "", "asker": "@admin:localhost"}
    begun = await archive.begin(kind, SCOUT, facts if kind == SPAWN else {"redact": ""})
    await archive.note(type(begun)(begun.id, kind, SCOUT, steps, begun.facts))


async def test_of_two_summons_of_one_name_one_wins(village: Village, keeper: Keeper) -> None:
    results = await asyncio.gather(
        keeper.spawn(summons(CLASSROOM)), keeper.spawn(summons(CLASSROOM)), return_exceptions=True
    )
    (refused,) = [result for result in results if isinstance(result, BaseException)]
    assert isinstance(refused, UserMistake)
    assert "just now" in str(refused)
    assert "account" in await village.traces()
    assert await keeper.despawn(SCOUT)


async def test_a_refusal_frees_the_name(village: Village, keeper: Keeper) -> None:
    village.server.account = "active"
    for _ in range(2):
        with pytest.raises(UserMistake, match="belongs to somebody"):
            await keeper.spawn(summons())


async def test_a_summons_that_was_cut_off_is_taken_back(village: Village, keeper: Keeper) -> None:
    village.server.account = "active"
    await cut_off(village, SPAWN, "account", "device")
    assert await keeper.mend() == (f"Took back the spawn of {SCOUT}, which was cut off.",)
    assert await village.traces() == []
    assert await keeper.mend() == ()


async def test_a_dismissal_that_was_cut_off_is_completed(village: Village, keeper: Keeper) -> None:
    await keeper.spawn(summons(CLASSROOM))
    await cut_off(village, DESPAWN)
    assert await keeper.mend() == (f"Completed the despawn of {SCOUT}, which was cut off.",)
    assert await village.traces() == []


async def test_what_cannot_be_mended_yet_is_told_and_kept(village: Village, keeper: Keeper) -> None:
    village.server.account = "active"
    await cut_off(village, SPAWN, "account")
    village.server.refusing = {("POST", f"deactivate/{SCOUT}")}
    (line,) = await keeper.mend()
    assert "cannot be mended yet" in line
    assert "\n" not in line
    with pytest.raises(WorldError):
        await keeper.spawn(summons(CLASSROOM))
    village.server.refusing = set()
    assert len(await keeper.mend()) == 1
    assert await village.traces() == []


@pytest.mark.parametrize("kind", [SPAWN, DESPAWN])
async def test_what_was_cut_off_never_hits_the_next_persona_of_the_name(
    village: Village, keeper: Keeper, kind: str
) -> None:
    village.server.account = "deactivated"
    await cut_off(village, kind, "account", "device", "room", "membership", "document")
    await keeper.spawn(summons(CLASSROOM))
    assert await keeper.mend() == ()
    assert "account" in await village.traces()


async def test_a_dismissal_that_failed_goes_on_when_it_is_asked_for_again(
    village: Village, keeper: Keeper
) -> None:
    await keeper.spawn(summons(CLASSROOM))
    village.server.refusing = {("POST", f"deactivate/{SCOUT}")}
    with pytest.raises(WorldError):
        await keeper.despawn(SCOUT)
    village.server.refusing = set()
    departure = await keeper.despawn(SCOUT)
    assert departure.exists
    assert await village.traces() == []


async def test_a_bug_in_mending_keeps_nobody_from_starting(
    village: Village, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    await cut_off(village, DESPAWN)
    monkeypatch.setattr(village.fleet, "dismiss", broken)
    (line,) = await keeper.mend()
    assert "a fault of mine, reference" in line


async def test_no_first_words_are_told(village: Village, keeper: Keeper) -> None:
    receipt = await keeper.spawn(summons(CLASSROOM))
    keeper.greet(receipt)
    await keeper.tasks.close(grace_s=5)
    (line,) = village.told
    assert line.startswith("Scout is there, but found no first words: no model is set up")
