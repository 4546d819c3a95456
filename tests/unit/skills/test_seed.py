"""``/seed``: what is missing is made, what is there stays, what differs waits for ``--update``."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lunabot.admin.call import Answer, Call
from lunabot.config import Settings
from lunabot.errors import UserMistake, WorldError
from lunabot.matrix.ids import RoomId, UserId
from lunabot.personas.persona import Persona
from lunabot.personas.summoning import Summons
from tests.fake_services import command
from tests.homeserver_scripts import Status
from tests.unit.personas.characters import TEACHER, teacher
from tests.unit.skills.running import REGISTRY, V3, House

PUPIL = "@pupil:localhost"
CLASS = "!class:localhost"
USER = "/_synapse/admin/v2/users"
MISSING = Status(404, {"errcode": "M_NOT_FOUND", "error": "not there"})
SEED = {
    "users": [{"name": "pupil"}],
    "personas": [
        {
            "name": "teacher",
            "displayname": "Teacher",
            "system_prompt": "You teach history.",
            "traits": {"openness": 80, "humour": "dry"},
            "rooms": ["Classroom"],
        }
    ],
    "rooms": [{"name": "Classroom", "members": ["teacher", "pupil"]}],
}


class Keeper:
    """Summons personas into the state and notes it."""

    def __init__(self, house: House) -> None:
        self._state = house.services.memory.state
        self.summoned: list[Summons] = []
        self.joined: list[tuple[UserId, RoomId]] = []
        self.failure: WorldError | None = None

    async def spawn(self, summons: Summons) -> SimpleNamespace:
        if self.failure:
            raise self.failure
        self.summoned.append(summons)
        self._state.put_persona(replace(teacher(), user_id=summons.user_id))
        return SimpleNamespace(room_id=summons.room, alias="")

    async def change(self, user_id: UserId, apply: Callable[[Persona], Persona]) -> None:
        self._state.put_persona(apply(self._state.personas()[user_id]))

    async def join(self, user_id: UserId, room_id: RoomId) -> None:
        self.joined.append((user_id, room_id))


@pytest.fixture
def keeper(house: House, tmp_path: Path) -> Keeper:
    """An empty house, of which the configuration names three things."""
    configure(house, tmp_path, SEED)
    found = Keeper(house)
    house.services.personas = lambda: found  # type: ignore[assignment,return-value]
    house.answer(f"{USER}/{PUPIL}", lambda asked: {} if asked.body else MISSING)
    house.answer("/_synapse/admin/v1/rooms", {"rooms": []})
    house.answer(f"{V3}/joined_rooms", {"joined_rooms": []})
    house.answer(f"{V3}/createRoom", {"room_id": CLASS})
    members(house)
    house.answer(f"{V3}/rooms/{CLASS}/invite", {})
    return found


def configure(house: House, folder: Path, seed: dict[str, Any]) -> None:
    house.services.settings = Settings.model_validate({"seed": seed}).placed(folder)


def members(house: House, **memberships: str) -> None:
    events = [
        {"state_key": f"@{name}:localhost", "content": {"membership": membership}}
        for name, membership in memberships.items()
    ]
    house.answer(f"{V3}/rooms/{CLASS}/members", {"chunk": events})


def is_there(house: House, *, name: str = "Classroom", encrypted: bool = False) -> None:
    """Let the house be as the seed wants it."""
    house.services.memory.state.put_persona(teacher())
    house.answer(f"{USER}/{PUPIL}", {"name": PUPIL, "creation_ts": 1})
    house.answer(f"{V3}/joined_rooms", {"joined_rooms": [CLASS]})
    room = {"room_id": CLASS, "name": name, "creator": "@luna:localhost", "joined_members": 3}
    house.answer("/_synapse/admin/v1/rooms", {"rooms": [room]})
    house.answer(f"{V3}/rooms/{CLASS}/state/m.room.name/", {"name": name})
    algorithm = {"algorithm": "m.megolm.v1.aes-sha2"} if encrypted else MISSING
    house.answer(f"{V3}/rooms/{CLASS}/state/m.room.encryption/", algorithm)
    members(house, teacher="join", pupil="invite")


async def seed(house: House, line: str = "seed") -> Answer:
    reports: list[str] = []

    async def report(text: str) -> None:
        reports.append(text)

    call = Call(command(f"/{line}"), house.services, report)
    answer = await REGISTRY.require("seed").read(line.partition(" ")[2], "localhost").run(call)
    assert reports[0].startswith(("0 of ", "Another `!seed` is at work"))
    return answer


def changes(house: House) -> list[tuple[str, str]]:
    """Return what the homeserver was asked to change."""
    asked = [(each.endpoint, each.path) for each in house.home.requests]
    return [each for each in asked if each[0] in ("PUT", "POST", "DELETE")]


async def test_an_empty_house_gets_all_of_it(house: House, keeper: Keeper, tmp_path: Path) -> None:
    answer = await seed(house)
    assert answer.ok
    assert answer.markdown.startswith("**5 made**")
    [made] = house.asked(f"{USER}/{PUPIL}")[1:]
    kept = (tmp_path / "secrets" / "passwords" / "pupil").read_text().strip()
    assert made["password"] == kept
    assert kept not in answer.markdown
    assert "secrets/passwords" in answer.markdown
    [room] = house.asked(f"{V3}/createRoom")
    assert (room["name"], room["initial_state"]) == ("Classroom", [])
    [summons] = keeper.summoned
    assert (summons.user_id, summons.room, summons.displayname) == (TEACHER, CLASS, "Teacher")
    assert keeper.joined == [(TEACHER, CLASS)]
    assert house.asked(f"{V3}/rooms/{CLASS}/invite") == [{"user_id": PUPIL}]


async def test_a_second_time_nothing_changes(house: House, keeper: Keeper) -> None:
    is_there(house)
    answer = await seed(house)
    assert answer.markdown.startswith("**All of it is there already** (5). I have changed nothing.")
    assert changes(house) == []
    assert (keeper.summoned, keeper.joined) == ([], [])


async def test_several_at_once_make_everything_once(house: House, keeper: Keeper) -> None:
    rooms = f"{V3}/createRoom"
    house.answer(
        f"{V3}/joined_rooms", lambda _: {"joined_rooms": [CLASS] if house.asked(rooms) else []}
    )
    await asyncio.gather(*(seed(house) for _ in range(5)))
    assert len(house.asked(rooms)) == 1
    assert len(keeper.summoned) == 1


async def test_what_differs_is_listed_and_stays(house: House, keeper: Keeper) -> None:
    is_there(house)
    house.answer(f"{USER}/{PUPIL}", {"name": PUPIL, "creation_ts": 1, "deactivated": True})
    house.services.memory.state.put_persona(replace(teacher(), system_prompt="You teach maths."))
    members(house, teacher="leave", pupil="ban")
    answer = await seed(house)
    assert answer.markdown.startswith("**3 different, 1 failed, 1 there already**")
    assert not answer.ok
    for part in (
        "is deactivated",
        "would get the prompt “You teach history.”",
        "has left",
        "is banned",
    ):
        assert part in answer.markdown
    assert "`!seed --update`" in answer.markdown
    assert changes(house) == []


async def test_what_differs_is_changed_where_that_is_wanted(house: House, keeper: Keeper) -> None:
    is_there(house)
    house.answer(f"{USER}/{PUPIL}", {"name": PUPIL, "creation_ts": 1, "deactivated": True})
    house.services.memory.state.put_persona(replace(teacher(), system_prompt="You teach maths."))
    members(house, teacher="leave", pupil="leave")
    answer = await seed(house, "seed --update")
    assert answer.markdown.startswith("**1 made, 3 changed, 1 there already**"), answer.markdown
    assert house.services.memory.state.personas()[TEACHER] == teacher()
    assert house.asked(f"{USER}/{PUPIL}")[-1]["deactivated"] is False
    assert keeper.joined == [(TEACHER, CLASS)]
    assert house.asked(f"{V3}/rooms/{CLASS}/invite") == [{"user_id": PUPIL}]


async def test_a_room_is_known_again_by_what_is_remembered(
    house: House, keeper: Keeper, tmp_path: Path
) -> None:
    configure(house, tmp_path, {"rooms": [{"name": "Classroom", "encrypted": True}]})
    is_there(house)
    state = f"{V3}/rooms/{CLASS}/state"
    answer = await seed(house)
    assert "room `Classroom` is not encrypted" in answer.markdown
    is_there(house, name="Break", encrypted=True)
    answer = await seed(house)
    assert "room `Classroom` is called `Break`" in answer.markdown
    await seed(house, "seed --update")
    assert house.asked(f"{state}/m.room.name/")[-1] == {"name": "Classroom"}
    configure(house, tmp_path, {"rooms": [{"name": "Classroom"}]})
    is_there(house, encrypted=True)
    answer = await seed(house, "seed --update")
    assert "cannot be undone" in answer.markdown


async def test_what_cannot_be_made_keeps_nothing_else(house: House, keeper: Keeper) -> None:
    keeper.failure = WorldError("the server is busy")
    answer = await seed(house)
    assert not answer.ok
    assert "❌ `@teacher:localhost`: the server is busy" in answer.markdown
    assert {"user_id": PUPIL} in house.asked(f"{V3}/rooms/{CLASS}/invite")


async def test_a_persona_in_rooms_that_exist_and_in_none(
    house: House, keeper: Keeper, tmp_path: Path
) -> None:
    named = {"name": "teacher", "system_prompt": "You teach history."}
    configure(house, tmp_path, {"personas": [{**named, "rooms": ["#old:localhost"]}]})
    house.answer(f"{V3}/directory/room/#old:localhost", MISSING)
    assert "there is no room `#old:localhost`" in (await seed(house)).markdown
    house.answer(f"{V3}/directory/room/#old:localhost", {"room_id": CLASS})
    members(house, teacher="join")
    assert (await seed(house)).ok
    assert keeper.summoned[0].room == CLASS
    house.services.memory.state.remove_persona(TEACHER)
    configure(house, tmp_path, {"personas": [named]})
    assert (await seed(house)).ok
    assert keeper.summoned[1].room is None
    assert keeper.summoned[1].displayname == "teacher"


@pytest.mark.usefixtures("keeper")
async def test_without_a_seed(house: House, tmp_path: Path) -> None:
    configure(house, tmp_path, {})
    with pytest.raises(UserMistake, match="names nothing"):
        await (
            REGISTRY.require("seed")
            .read("", "localhost")
            .run(Call(command("/seed"), house.services, _no_report))
        )


async def _no_report(text: str) -> None:
    """Show nothing."""
