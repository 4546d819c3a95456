"""The admin room is made when it is missing, and otherwise left as it is."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from lunabot.admin.authority import Authority, RoomState
from lunabot.admin.room_setup import AdminRoomSetup, RoomPlan
from lunabot.errors import Refused, WorldError
from lunabot.homeserver.client_api import ClientApi
from lunabot.matrix.ids import RoomId, UserId

LUNA, ADMIN, DEPUTY = (UserId(f"@{name}:localhost") for name in ("luna", "admin", "deputy"))
ALIAS = "#luna-admin:localhost"
OLD = RoomId("!old:localhost")
PLAN = RoomPlan(LUNA, "luna-admin", "localhost", (ADMIN, DEPUTY), encrypted=True)


@dataclass
class Rooms(ClientApi):
    """A homeserver's rooms, as far as the set-up asks about them."""

    members: dict[RoomId, dict[UserId, str]] = field(default_factory=dict)
    aliases: dict[str, RoomId] = field(default_factory=dict)
    made: list[dict[str, Any]] = field(default_factory=list)
    may_invite: bool = True
    version: str = "11"

    async def create_room(self, body: dict[str, Any]) -> RoomId:
        self.made.append(body)
        room_id = RoomId(f"!made{len(self.made)}:localhost")
        self.members[room_id] = {LUNA: "join", **dict.fromkeys(body["invite"], "invite")}
        if alias := body.get("room_alias_name"):
            self.aliases[f"#{alias}:localhost"] = room_id
        return room_id

    async def default_room_version(self) -> str:
        return self.version

    async def resolve_alias(self, alias: str) -> RoomId | None:
        return self.aliases.get(alias)

    async def joined_rooms(self) -> frozenset[RoomId]:
        return frozenset(room for room, who in self.members.items() if who.get(LUNA) == "join")

    async def memberships(self, room_id: RoomId) -> dict[UserId, str]:
        return self.members[room_id]

    async def join(self, room_id: RoomId) -> None:
        if self.members.get(room_id, {}).get(LUNA) not in ("invite", "join"):
            raise Refused("M_FORBIDDEN", "You are not invited to this room.")
        self.members[room_id][LUNA] = "join"

    async def invite(self, room_id: RoomId, user_id: UserId) -> None:
        if not self.may_invite:
            raise Refused("M_FORBIDDEN", "You don't have permission to invite users")
        self.members[room_id][user_id] = "invite"


@pytest.fixture
def rooms() -> Rooms:
    return Rooms()


async def test_the_first_start_makes_the_room(rooms: Rooms) -> None:
    found = await AdminRoomSetup(rooms, PLAN).ensure(None)
    assert (found.room_id, found.made, found.problems) == ("!made1:localhost", True, ())
    assert rooms.aliases == {ALIAS: found.room_id}
    [body] = rooms.made
    assert (body["preset"], body["visibility"]) == ("private_chat", "private")
    assert "!commands" in body["topic"]
    assert body["invite"] == [ADMIN, DEPUTY]
    assert body["power_level_content_override"] == {"users": {ADMIN: 100, DEPUTY: 100, LUNA: 100}}
    state = {event["type"]: event["content"] for event in body["initial_state"]}
    assert state["m.room.history_visibility"] == {"history_visibility": "invited"}
    assert state["m.room.encryption"] == {"algorithm": "m.megolm.v1.aes-sha2"}
    made = RoomState(
        members=frozenset(rooms.members[found.room_id]),
        join_rule=state["m.room.join_rules"]["join_rule"],
        guest_access=state["m.room.guest_access"]["guest_access"],
        encrypted=True,
    )
    authority = Authority(found.room_id, frozenset(PLAN.administrators), frozenset({LUNA}))
    assert authority.posture(made).safe


async def test_every_later_start_leaves_it_alone(rooms: Rooms) -> None:
    first = await AdminRoomSetup(rooms, PLAN).ensure(None)
    before = dict(rooms.members[first.room_id])
    second = await AdminRoomSetup(rooms, PLAN).ensure(first.room_id)
    assert (second.room_id, second.made) == (first.room_id, False)
    assert len(rooms.made) == 1
    assert rooms.members[first.room_id] == before


async def test_an_unencrypted_room_where_that_is_wanted(rooms: Rooms) -> None:
    await AdminRoomSetup(rooms, replace(PLAN, encrypted=False)).ensure(None)
    types = {event["type"] for event in rooms.made[0]["initial_state"]}
    assert "m.room.encryption" not in types


@pytest.mark.parametrize(("version", "in_levels"), [("11", True), ("12", False), ("org.x", False)])
async def test_creators_stand_above_the_power_levels_in_newer_rooms(
    rooms: Rooms, version: str, in_levels: bool
) -> None:
    rooms.version = version
    await AdminRoomSetup(rooms, PLAN).ensure(None)
    levels = rooms.made[0]["power_level_content_override"]["users"]
    assert (LUNA in levels) is in_levels
    assert levels[ADMIN] == 100


@pytest.mark.parametrize(
    ("membership", "asked"),
    [("join", False), ("invite", False), ("ban", False), ("leave", True), (None, True)],
)
async def test_administrators_who_are_missing_are_invited(
    rooms: Rooms, membership: str | None, asked: bool
) -> None:
    rooms.aliases[ALIAS] = OLD
    rooms.members[OLD] = {LUNA: "join", ADMIN: "join"}
    if membership:
        rooms.members[OLD][DEPUTY] = membership
    found = await AdminRoomSetup(rooms, PLAN).ensure(OLD)
    assert rooms.members[OLD][DEPUTY] == ("invite" if asked else membership)
    assert found.problems == ()


async def test_without_the_right_to_invite_luna_lives_and_says_so(rooms: Rooms) -> None:
    rooms.aliases[ALIAS], rooms.may_invite = OLD, False
    rooms.members[OLD] = {LUNA: "join", ADMIN: "join"}
    found = await AdminRoomSetup(rooms, PLAN).ensure(OLD)
    assert found.room_id == OLD
    [problem] = found.problems
    assert problem.startswith(f"{DEPUTY} could not be invited here: You don't have permission")


async def test_an_alias_luna_is_invited_to_is_followed(rooms: Rooms) -> None:
    rooms.aliases[ALIAS] = OLD
    rooms.members[OLD] = {LUNA: "invite", ADMIN: "join", DEPUTY: "join"}
    found = await AdminRoomSetup(rooms, PLAN).ensure(None)
    assert (found.room_id, found.made) == (OLD, False)
    assert rooms.members[OLD][LUNA] == "join"


async def test_an_alias_taken_by_somebody_else(rooms: Rooms) -> None:
    theirs = RoomId("!theirs:localhost")
    rooms.aliases[ALIAS], rooms.members[theirs] = theirs, {UserId("@eve:localhost"): "join"}
    found = await AdminRoomSetup(rooms, PLAN).ensure(None)
    assert (found.room_id, found.made) == ("!made1:localhost", True)
    assert "room_alias_name" not in rooms.made[0]
    assert "cannot join" in found.problems[0]
    again = await AdminRoomSetup(rooms, PLAN).ensure(found.room_id)
    assert (again.room_id, again.made) == (found.room_id, False)
    assert len(again.problems) == 1


async def test_an_alias_that_is_gone_leads_to_the_room_of_the_last_start(rooms: Rooms) -> None:
    rooms.members[OLD] = {LUNA: "join", ADMIN: "join", DEPUTY: "join"}
    found = await AdminRoomSetup(rooms, PLAN).ensure(OLD)
    assert (found.room_id, found.made) == (OLD, False)


async def test_a_room_luna_was_put_out_of_is_replaced(rooms: Rooms) -> None:
    rooms.members[OLD] = {LUNA: "leave", ADMIN: "join"}
    found = await AdminRoomSetup(rooms, PLAN).ensure(OLD)
    assert (found.room_id, found.made) == ("!made1:localhost", True)
    assert rooms.aliases == {ALIAS: found.room_id}


@pytest.mark.parametrize("membership", ["join", "invite", "leave"])
async def test_a_room_given_by_its_id(rooms: Rooms, membership: str) -> None:
    rooms.members[OLD] = {LUNA: membership, ADMIN: "join", DEPUTY: "join"}
    found = await AdminRoomSetup(rooms, replace(PLAN, room=OLD)).ensure(None)
    if membership == "leave":
        assert found.made
        assert OLD in found.problems[0]
    else:
        assert (found.room_id, found.made, found.problems) == (OLD, False, ())


async def test_a_server_out_of_reach_is_no_missing_room(rooms: Rooms) -> None:
    class Silent(Rooms):
        async def join(self, room_id: RoomId) -> None:
            raise WorldError("out of reach")

    silent = Silent(members={OLD: {LUNA: "invite"}}, aliases={ALIAS: OLD})
    with pytest.raises(WorldError, match="out of reach"):
        await AdminRoomSetup(silent, PLAN).ensure(None)
    assert silent.made == []
