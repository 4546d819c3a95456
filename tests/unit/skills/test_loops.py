"""``/resume``: the rooms that the loop guard has paused go on."""

import pytest

from lunabot.errors import UserMistake
from lunabot.matrix.ids import EventId, RoomId
from lunabot.memory.loop import Layer
from lunabot.memory.pauses import Pause
from tests.fake_services import ADMIN
from tests.homeserver_scripts import Status
from tests.unit.skills.running import V3, House

TRAILS, LAKE = RoomId("!trails:localhost"), RoomId("!lake:localhost")
HALF_PAST_NINE = 1_800_005_400_000


@pytest.fixture(autouse=True)
def known(house: House) -> None:
    """Luna is in Trails, and in a room without a name that is not paused."""
    house.account.enter(TRAILS, ADMIN).canonical_alias = "#paths:localhost"
    house.account.enter("!quiet:localhost", ADMIN)
    missing = Status(404, {"errcode": "M_NOT_FOUND", "error": "no such alias"})
    for alias in ("trails", "lake", "nowhere"):
        house.answer(f"{V3}/directory/room/#{alias}:localhost", missing)
    house.answer(f"{V3}/directory/room/#paths:localhost", {"room_id": TRAILS})


def pause(house: House, room_id: RoomId = TRAILS, name: str = "Trails") -> None:
    account = house.account
    house.services.memory.state.pauses.put(
        Pause(
            room_id,
            name,
            Layer.TURNS,
            "too many answers",
            frozenset({account.user_id}),
            since=HALF_PAST_NINE,
            until=account.server_now() + 60_000,
            cause=EventId("$1"),
            silenced=account.user_id,
        )
    )


def is_paused(house: House, room_id: RoomId) -> bool:
    return house.services.memory.state.pauses.get(room_id) is not None


@pytest.mark.parametrize("room", ["", " Trails", " trails", f" {TRAILS}", " #paths:localhost"])
async def test_a_room_goes_on_however_it_is_named(house: House, room: str) -> None:
    pause(house)
    text = await house.run(f"resume{room}")
    assert text == (
        f"`Trails` `{TRAILS}` goes on. It was paused since 09:30 UTC: too many answers."
    )
    assert not is_paused(house, TRAILS)
    assert house.services.memory.state.pauses.cleared_at(TRAILS) >= HALF_PAST_NINE


async def test_a_personas_room_that_luna_is_not_in(house: House) -> None:
    pause(house, LAKE, "Lake")
    assert "goes on" in await house.run("resume lake")
    pause(house, LAKE, "Lake")
    assert "goes on" in await house.run(f"resume {LAKE}")


async def test_which_of_several(house: House) -> None:
    pause(house)
    pause(house, LAKE, "Lake")
    with pytest.raises(UserMistake, match="Which one"):
        await house.run("resume")
    assert "`Lake`" in await house.run("resume Lake")
    assert is_paused(house, TRAILS)


async def test_two_of_one_name(house: House) -> None:
    pause(house)
    pause(house, LAKE, "Trails")
    with pytest.raises(UserMistake, match=f"`{LAKE}`"):
        await house.run("resume trails")
    assert is_paused(house, TRAILS) and is_paused(house, LAKE)


@pytest.mark.parametrize("line", ["resume", "resume #nowhere", "resume !quiet:localhost"])
async def test_when_none_is_paused(house: House, line: str) -> None:
    assert await house.run(line) == "No room is paused."


async def test_a_room_that_is_not_paused_while_others_are(house: House) -> None:
    pause(house)
    assert await house.run("resume !quiet:localhost") == (
        f"`!quiet:localhost` is not paused. These are:\n\n- `Trails` `{TRAILS}`: too many answers"
    )
    with pytest.raises(UserMistake, match="I know no room"):
        await house.run("resume nowhere")
    assert is_paused(house, TRAILS)


async def test_health_shows_the_rooms_that_are_paused(house: House) -> None:
    house.answer("/_synapse/admin/v1/server_version", {"server_version": "1.163.0"})
    assert "- **paused rooms**: none" in await house.run("health")
    pause(house)
    pause(house, LAKE, "Lake")
    paused = f"- **paused rooms**: `Trails` `{TRAILS}`, `Lake` `{LAKE}`"
    assert paused in await house.run("health")
