"""The personas' accounts: started together, each on its own feet, in step with their documents."""

import asyncio
import json
from pathlib import Path

import pytest

from lunabot.dispatch.inbox import Owed
from lunabot.errors import WorldError
from lunabot.matrix.events import StateChange
from lunabot.matrix.ids import EventId, RoomId
from lunabot.matrix.nio_client import SessionLost
from lunabot.memory.memory import Memory
from lunabot.personas.persona import Persona, Stay
from tests.fake_homeserver import FakeHomeserver
from tests.quiet_house import QuietInbox
from tests.unit.personas.characters import ADMIN, CLASSROOM
from tests.unit.personas.village import HOME, LUNA, SCOUT, ScoutsAccount, Village, until


def scout(*stays: Stay) -> Persona:
    return Persona(SCOUT, "Scout", "You know trails.", {}, "2025-01-31T12:00:00Z", ADMIN, stays)


def change(membership: str, at: int, room_id: RoomId = CLASSROOM) -> StateChange:
    content = {"membership": membership}
    return StateChange(EventId("$m"), room_id, SCOUT, at, "m.room.member", SCOUT, content)


async def test_every_persona_of_the_store_runs_after_a_start(village: Village) -> None:
    village.memory.state.put_persona(scout())
    await village.fleet.start()
    assert list(village.fleet.accounts) == [SCOUT]
    assert SCOUT in village.company.characters()
    assert village.fleet.trouble(SCOUT) == ""
    await village.fleet.close()
    assert village.fleet.opened[0].closed == 1
    assert not village.fleet.accounts


async def test_one_counts_as_running_when_it_has_taken_its_first_batch(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What others handed it before that, it would answer without knowing since when it is there."""
    running = []

    async def note(inbox: QuietInbox, *_: object, **__: object) -> Owed:
        running.append(list(village.fleet.accounts))
        return Owed()

    monkeypatch.setattr(QuietInbox, "take_history", note)
    monkeypatch.setattr(QuietInbox, "settle_debts", note)
    village.memory.state.put_persona(scout())
    await village.fleet.start()
    assert running == [[], [SCOUT]]


async def test_one_that_cannot_start_holds_up_nobody_and_is_shown(village: Village) -> None:
    village.memory.state.put_persona(scout())
    village.fleet.failure = WorldError("its server is away")
    async with asyncio.timeout(5):
        await village.fleet.start()
    assert village.fleet.trouble(SCOUT) == "its server is away"
    assert village.told == []
    assert SCOUT in village.company.characters()


@pytest.mark.usefixtures("pauses")
async def test_it_is_tried_again_with_growing_pauses(village: Village, pauses: list[float]) -> None:
    village.memory.state.put_persona(scout())
    village.fleet.failure = WorldError("its server is away")
    await village.fleet.start()
    await until(lambda: len([pause for pause in pauses if pause]) >= 8)
    assert [pause for pause in pauses if pause][:8] == [1, 2, 4, 8, 16, 32, 60, 60]
    village.fleet.failure = None
    await until(lambda: SCOUT in village.fleet.accounts)
    assert village.fleet.trouble(SCOUT) == ""


@pytest.mark.usefixtures("pauses")
@pytest.mark.parametrize("failure", [SessionLost("logged out"), RuntimeError("a bug")])
async def test_an_account_that_ends_is_closed_and_opened_anew(
    village: Village, failure: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def end(*_: object) -> None:
        monkeypatch.undo()
        raise failure

    village.memory.state.put_persona(scout())
    monkeypatch.setattr(ScoutsAccount, "sync_forever", end)
    await village.fleet.start()
    await until(lambda: len(village.fleet.opened) == 2)
    assert village.fleet.opened[0].closed == 1
    assert len(village.told) == isinstance(failure, RuntimeError)


async def test_it_is_no_longer_in_a_room_that_was_deleted(village: Village) -> None:
    village.memory.state.put_persona(scout())
    await village.fleet.start()
    village.fleet.keep(scout(Stay(CLASSROOM, 1), Stay(HOME, 2)))
    account = village.fleet.opened[0]
    for room_id in (CLASSROOM, HOME):
        account.enter(room_id)
    village.fleet.forget_room(CLASSROOM)
    assert list(account.client.rooms) == [HOME]
    assert village.company.personas()[SCOUT].rooms == (HOME,)
    assert village.memory.state.personas()[SCOUT].rooms == (HOME,)


async def test_a_dismissed_one_does_not_come_back(village: Village) -> None:
    village.memory.state.put_persona(scout())
    await village.fleet.start()
    await village.fleet.dismiss(SCOUT)
    await village.fleet.dismiss(SCOUT)
    assert not village.fleet.accounts
    assert SCOUT not in village.company.characters()
    assert [account.closed for account in village.fleet.opened] == [1]


async def test_joins_and_leaves_are_noted_with_their_time(village: Village) -> None:
    village.memory.state.put_persona(scout())
    await village.fleet.start()
    account = village.fleet.accounts[SCOUT]
    for event in (change("join", 1_000), change("leave", 2_000), change("join", 3_000)):
        await village.fleet.state_changed(account, event)
    persona = village.memory.state.personas()[SCOUT]
    assert persona.stays == (Stay(CLASSROOM, 1_000, 2_000), Stay(CLASSROOM, 3_000))
    assert village.company.personas()[SCOUT] == persona
    await village.fleet.state_changed(account, change("ban", 4_000))
    assert village.memory.state.personas()[SCOUT].rooms == ()


async def test_a_join_counts_whoever_sees_it_first(village: Village) -> None:
    village.memory.state.put_persona(scout())
    await village.fleet.start()
    account, luna = village.fleet.accounts[SCOUT], village.summoner.luna
    for seer, event in (
        (luna, change("join", 1_000)),
        (account, change("join", 1_000)),
        (luna, change("leave", 2_000)),  # it hears of that itself
        (account, change("leave", 2_000)),
        (luna, change("join", 1_000)),
        (luna, change("join", 3_000)),
    ):
        await village.fleet.state_changed(seer, event)
    stays = village.memory.state.personas()[SCOUT].stays
    assert stays == (Stay(CLASSROOM, 1_000, 2_000), Stay(CLASSROOM, 3_000))


async def test_what_it_does_itself_is_on_the_disk_at_once(
    home: FakeHomeserver, tmp_path: Path
) -> None:
    file = tmp_path / "db.json"
    memory = await Memory.open(file, tmp_path / "archive.db")
    async with Village(home, memory, tmp_path) as village:
        memory.state.put_persona(scout())
        await village.fleet.start()
        account = village.fleet.accounts[SCOUT]
        await village.fleet.state_changed(account, change("join", 1_000))
        document = json.loads(file.read_text())["personas"][SCOUT]
        assert document["stays"] == [{"room_id": CLASSROOM, "joined_at": 1_000}]
    await memory.close()


async def test_what_others_do_is_not_noted(village: Village) -> None:
    village.memory.state.put_persona(scout(Stay(CLASSROOM, 1_000)))
    luna = village.summoner.luna
    village.fleet.company.put(scout(Stay(CLASSROOM, 1_000)))
    await village.fleet.state_changed(luna, change("leave", 2_000))
    assert village.memory.state.personas()[SCOUT].rooms == (CLASSROOM,)
    assert luna.user_id == LUNA


async def test_a_start_brings_the_document_in_step_with_the_rooms(village: Village) -> None:
    village.fleet.rooms = (HOME,)
    village.memory.state.put_persona(scout(Stay(CLASSROOM, 1_000)))
    await village.fleet.start()
    persona = village.memory.state.personas()[SCOUT]
    assert persona.rooms == (HOME,)
    assert persona.saw(CLASSROOM, 2_000)
    assert not persona.saw(CLASSROOM, village.fleet.accounts[SCOUT].server_now() + 1_000)
