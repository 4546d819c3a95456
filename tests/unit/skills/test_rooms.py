"""Rooms: listed, made, and people invited to them."""

from types import SimpleNamespace
from typing import Any

import pytest

from lunabot.errors import Refused, UserMistake
from lunabot.matrix.ids import RoomId, UserId
from tests.fake_services import ADMIN, command
from tests.homeserver_scripts import Status
from tests.unit.skills.running import V3, House

ANN = "@ann:localhost"
OWL = UserId("@owl:localhost")
TRAILS = "!trails:localhost"
FORBIDDEN = Status(403, {"errcode": "M_FORBIDDEN", "error": "no permission"})


class Personas:
    """The door to the personas, behind which lives an owl."""

    def __init__(self) -> None:
        self.joined: list[tuple[UserId, RoomId]] = []
        owl = SimpleNamespace(rooms=())
        company = SimpleNamespace(personas=lambda: {OWL: owl})
        self.fleet = SimpleNamespace(company=company, accounts={})

    async def join(self, user_id: UserId, room_id: RoomId) -> None:
        self.joined.append((user_id, room_id))


@pytest.fixture(autouse=True)
def trails(house: House) -> None:
    """A room that Luna is in, called Trails."""
    room = house.account.enter(TRAILS, ADMIN)
    room.name, room.canonical_alias = "Trails", "#trails:localhost"
    house.answer(f"{V3}/directory/room/#trails:localhost", {"room_id": TRAILS})
    house.answer(f"{V3}/directory/room/#abroad:localhost", {"room_id": "!abroad:localhost"})
    members(house, ADMIN="join")
    account(house, ANN)
    house.answer(f"{V3}/rooms/{TRAILS}/invite", {})


@pytest.fixture
def personas(house: House) -> Personas:
    door = Personas()
    house.services.personas = lambda: door  # type: ignore[assignment,return-value]
    return door


def account(house: House, user_id: str, **more: Any) -> None:
    found = {"name": user_id, "creation_ts": 1, **more}
    house.answer(f"/_synapse/admin/v2/users/{user_id}", found)


def members(house: House, **memberships: str) -> None:
    events = [
        {"state_key": f"@{name.lower()}:localhost", "content": {"membership": membership}}
        for name, membership in memberships.items()
    ]
    house.answer(f"{V3}/rooms/{TRAILS}/members", {"chunk": events})


@pytest.mark.usefixtures("personas")
async def test_each_room_in_a_line_of_its_own(house: House) -> None:
    rooms: list[dict[str, Any]] = [
        {"room_id": TRAILS, "name": "Trails", "canonical_alias": "#trails:localhost",
         "joined_members": 1, "encryption": "m.megolm.v1.aes-sha2"},
        {"room_id": "!x:localhost", "joined_members": 3},
        {"room_id": "!y:localhost", "name": "**b**\n- `x`", "joined_members": 0},
    ]  # fmt: skip
    house.answer("/_synapse/admin/v1/rooms", {"rooms": rooms})
    assert (await house.run("list_channels")).split("\n") == [
        "**3 of 3 rooms**",
        "",
        "- `**b** - 'x'` `!y:localhost` – 0 members",
        "- `Trails` `#trails:localhost` – 1 member, encrypted",
        "- (no name) `!x:localhost` – 3 members",
    ]
    assert (await house.run("list_channels TRAIL")).startswith("**1 of 3 rooms**")


@pytest.mark.usefixtures("personas")
@pytest.mark.parametrize(
    ("line", "rooms"),
    [
        ("--only ours", ["trails"]),
        ("--only encrypted", ["trails"]),
        ("--only open", ["b", "m"]),
        ("--only empty", ["b"]),
        ("--sort members", ["m", "trails", "b"]),
        ("--sort messages", ["m", "trails", "b"]),
        ("--sort active", ["trails", "m", "b"]),
    ],
)
async def test_only_some_rooms_and_in_another_order(
    house: House, line: str, rooms: list[str]
) -> None:
    listed = [
        {"room_id": TRAILS, "joined_members": 2, "encryption": "m.megolm.v1.aes-sha2"},
        {"room_id": "!m:localhost", "name": "Meadow", "joined_members": 3},
        {"room_id": "!b:localhost", "name": "Brook", "joined_members": 0},
    ]
    house.answer("/_synapse/admin/v1/rooms", {"rooms": listed})
    for room_id, minute in ((TRAILS, 9), ("!m:localhost", 5), ("!m:localhost", 4)):
        message = command(
            "hi", room_id=RoomId(room_id), timestamp=minute * 60_000, event_id=f"${minute}"
        )
        await house.services.memory.record_own(message)
    text = await house.run(f"list_channels {line}")
    assert [each.partition("`!")[2].partition(":")[0] for each in text.split("\n")[2:]] == rooms
    if line == "--sort active":
        assert "`!trails:localhost` – 2 members, encrypted, 1 message, the last 1 Jan" in text
        assert "3 members, 2 messages, the last 1 Jan 1970 00:05 UTC" in text


async def test_a_room_is_made_with_who_asked_in_it(house: House) -> None:
    house.answer(f"{V3}/createRoom", {"room_id": "!new:localhost"})
    text = await house.run('create_channel "Wild Trails" --topic Maps --invite @ann,@luna')
    [body] = house.asked(f"{V3}/createRoom")
    assert body == {
        "preset": "private_chat",
        "name": "Wild Trails",
        "topic": "Maps",
        "invite": [ADMIN, ANN],
        "initial_state": [],
        "room_alias_name": "wild-trails",
    }
    assert text == (
        f"Made **Wild Trails** (`#wild-trails:localhost`), not encrypted. Invited: {ADMIN}, {ANN}."
    )


async def test_an_encrypted_room_and_one_whose_name_makes_no_alias(house: House) -> None:
    house.answer(f"{V3}/createRoom", {"room_id": "!new:localhost"})
    text = await house.run("create_channel ??? --encrypted")
    [body] = house.asked(f"{V3}/createRoom")
    assert [event["type"] for event in body["initial_state"]] == ["m.room.encryption"]
    assert "room_alias_name" not in body
    assert "(`!new:localhost`), encrypted" in text


async def test_a_name_that_is_taken(house: House) -> None:
    taken = Status(400, {"errcode": "M_ROOM_IN_USE", "error": "Room alias already taken"})
    house.answer(f"{V3}/createRoom", taken)
    with pytest.raises(UserMistake, match="There is a room `#trails:localhost` already"):
        await house.run("create_channel Trails")
    house.answer(f"{V3}/createRoom", FORBIDDEN)
    with pytest.raises(Refused, match="no permission"):
        await house.run("create_channel Trails")


@pytest.mark.usefixtures("personas")
@pytest.mark.parametrize("room", ["#trails", "#trails:localhost", TRAILS, "trails", "TRAILS"])
async def test_somebody_is_invited_however_the_room_is_named(house: House, room: str) -> None:
    assert await house.run(f"add_participant {room} @ann") == f"Invited {ANN} to `{room}`."
    assert house.asked(f"{V3}/rooms/{TRAILS}/invite") == [{"user_id": ANN}]


@pytest.mark.usefixtures("personas")
@pytest.mark.parametrize(
    ("membership", "said"), [("join", "is in"), ("invite", "is invited to"), ("leave", "Invited")]
)
async def test_who_is_there_is_not_invited_again(house: House, membership: str, said: str) -> None:
    members(house, ann=membership)
    assert said in await house.run("add_participant #trails @ann")
    assert bool(house.asked(f"{V3}/rooms/{TRAILS}/invite")) is (membership == "leave")


async def test_a_persona_joins_at_once(house: House, personas: Personas) -> None:
    assert await house.run("add_participant #trails owl") == f"{OWL} is in `#trails` now."
    assert personas.joined == [(OWL, TRAILS)]
    assert house.asked(f"{V3}/rooms/{TRAILS}/invite") == []


@pytest.mark.usefixtures("personas")
@pytest.mark.parametrize(("user", "what"), [("anm", "does not exist"), ("old", "was deactivated")])
async def test_who_has_no_account_is_not_invited(house: House, user: str, what: str) -> None:
    account(house, "@old:localhost", deactivated=True)
    missing = Status(404, {"errcode": "M_NOT_FOUND", "error": "User not found"})
    house.answer("/_synapse/admin/v2/users/@anm:localhost", missing)
    for line in (f"add_participant #trails {user}", f"create_channel New --invite {user}"):
        with pytest.raises(UserMistake, match=f"The account `@{user}:localhost` {what}"):
            await house.run(line)
    assert house.asked(f"{V3}/rooms/{TRAILS}/invite") == house.asked(f"{V3}/createRoom") == []


@pytest.mark.usefixtures("personas")
async def test_who_lives_elsewhere_or_cannot_be_looked_up_is_invited(house: House) -> None:
    house.answer("/_synapse/admin/v2/users/@bob:localhost", FORBIDDEN)
    for user in ("@bob:localhost", "@eve:elsewhere.org"):
        assert await house.run(f"add_participant #trails {user}") == f"Invited {user} to `#trails`."


@pytest.mark.usefixtures("personas")
async def test_without_the_right_to_invite(house: House) -> None:
    house.answer(f"{V3}/rooms/{TRAILS}/invite", FORBIDDEN)
    with pytest.raises(UserMistake, match=r"I cannot invite @ann:localhost .*give me the power"):
        await house.run("add_participant #trails @ann")


@pytest.mark.usefixtures("personas")
@pytest.mark.parametrize(
    ("room", "said"),
    [
        ("#nowhere", "I know no room `#nowhere`"),
        ("#abroad", "I am not in `#abroad`: invite me there first"),
        ("!unknown:localhost", "I know no room"),
        ("meadow", "`meadow` is the name of 2 rooms: give an id"),
    ],
)
async def test_a_room_that_is_not_to_be_found(house: House, room: str, said: str) -> None:
    for room_id in ("!a:localhost", "!b:localhost"):
        house.account.enter(room_id, ADMIN).name = "Meadow"
    with pytest.raises(UserMistake, match=said):
        await house.run(f"add_participant {room} @ann")
