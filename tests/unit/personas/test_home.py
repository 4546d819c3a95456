"""Rooms of personas: made once whatever is lost on the way, and deleted only if they are theirs."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from lunabot.errors import Refused, UserMistake, WorldError
from lunabot.homeserver.admin_api import AdminApi
from lunabot.homeserver.client_api import ClientApi
from lunabot.homeserver.http import HomeserverClient
from lunabot.matrix.ids import DeviceId, RoomId, UserId
from lunabot.matrix.session import Session, save_session
from lunabot.personas.home import Homes
from lunabot.personas.secrets import PersonaSecrets
from tests.fake_homeserver import FakeHomeserver, Request
from tests.homeserver_scripts import Status
from tests.unit.personas.characters import ADMIN

SCOUT = UserId("@scout:localhost")
ALIAS, ROOM = "#scout:localhost", RoomId("!home:localhost")
V3 = "/_matrix/client/v3"
REFUSED = Status(403, {"errcode": "M_FORBIDDEN", "error": "no"})


@pytest.fixture
async def homes(home: FakeHomeserver, tmp_path: Path) -> AsyncIterator[Homes]:
    async with aiohttp.ClientSession() as session:
        http = HomeserverClient(home.url, session, patience_s=2)
        apis = ClientApi(http, lambda: "luna's"), AdminApi(http, lambda: "luna's")
        yield Homes(*apis, PersonaSecrets(tmp_path))


def existing(home: FakeHomeserver, alias: str = ALIAS, creation: Any = None) -> None:
    """Let a room be there, made for Scout unless its creation is given."""
    home.answers[f"{V3}/directory/room/{alias}"] = {"room_id": ROOM}
    home.answers[f"{V3}/rooms/{ROOM}/state/m.room.create/"] = creation or {
        "org.luna.persona": SCOUT
    }


def asked(home: FakeHomeserver, part: str) -> list[Request]:
    return [request for request in home.requests if part in request.path]


async def make(homes: Homes) -> RoomId:
    return await homes.make(ALIAS, "Scout", persona=SCOUT, invited=ADMIN)


async def test_an_alias_that_is_taken_gets_a_number(homes: Homes, home: FakeHomeserver) -> None:
    assert await homes.free_alias(SCOUT) == ALIAS
    existing(home)
    existing(home, "#scout-2:localhost")
    assert await homes.free_alias(SCOUT) == "#scout-3:localhost"


async def test_a_room_is_private_and_invites_who_asked(homes: Homes, home: FakeHomeserver) -> None:
    home.answers[f"{V3}/createRoom"] = {"room_id": ROOM}
    assert await make(homes) == ROOM
    (request,) = asked(home, "createRoom")
    assert (request.body["preset"], request.body["room_alias_name"]) == ("private_chat", "scout")
    assert request.body["invite"] == [ADMIN]


async def test_a_room_whose_making_was_not_heard_of_is_found(
    homes: Homes, home: FakeHomeserver
) -> None:
    home.answers[f"{V3}/createRoom"] = Status(400, {"errcode": "M_ROOM_IN_USE", "error": "taken"})
    existing(home)
    assert await make(homes) == ROOM


@pytest.mark.parametrize("creation", [{"org.luna.persona": "@other:localhost"}, {}, REFUSED])
async def test_a_room_of_somebody_else_is_neither_taken_nor_deleted(
    homes: Homes, home: FakeHomeserver, creation: Any
) -> None:
    home.answers[f"{V3}/createRoom"] = Status(400, {"errcode": "M_ROOM_IN_USE", "error": "taken"})
    existing(home, creation=creation or {"room_version": "12"})
    with pytest.raises(Refused):
        await make(homes)
    await homes.delete(ALIAS, persona=SCOUT, invited=ADMIN)
    assert not asked(home, "/_synapse/admin")


@pytest.mark.parametrize("kick", [{}, REFUSED], ids=["invited", "gone already"])
async def test_the_invitation_goes_before_the_room_is_deleted(
    homes: Homes, home: FakeHomeserver, kick: Any
) -> None:
    existing(home)
    home.answers[f"{V3}/rooms/{ROOM}/kick"] = kick
    home.answers[f"/_synapse/admin/v2/rooms/{ROOM}"] = {"delete_id": "task"}
    home.answers["/_synapse/admin/v2/rooms/delete_status/task"] = {"status": "complete"}
    await homes.delete(ALIAS, persona=SCOUT, invited=ADMIN)
    (kicked,) = asked(home, "/kick")
    assert kicked.body["user_id"] == ADMIN
    after = home.requests[home.requests.index(kicked) + 1 :]
    assert [request.path.rpartition("/")[2] for request in after] == [ROOM, "task"]


async def test_no_room_no_deletion(homes: Homes, home: FakeHomeserver) -> None:
    await homes.delete(ALIAS, persona=SCOUT, invited=ADMIN)
    assert len(home.requests) == 1


@pytest.mark.parametrize(
    ("membership", "invitations"), [("join", 0), ("invite", 0), ("leave", 1), ("ban", 1), (None, 1)]
)
async def test_only_who_is_not_there_is_invited(
    homes: Homes, home: FakeHomeserver, membership: str | None, invitations: int
) -> None:
    event = {"state_key": SCOUT, "content": {"membership": membership}}
    home.answers[f"{V3}/rooms/{ROOM}/members"] = {"chunk": [event] if membership else []}
    home.answers[f"{V3}/rooms/{ROOM}/invite"] = {}
    await homes.invite(ROOM, SCOUT)
    assert len(asked(home, "/invite")) == invitations


async def test_a_room_luna_cannot_invite_to_is_the_askers_mistake(
    homes: Homes, home: FakeHomeserver
) -> None:
    home.answers[f"{V3}/rooms/{ROOM}/members"] = REFUSED
    with pytest.raises(UserMistake, match="cannot invite anybody"):
        await homes.invite(ROOM, SCOUT)


@pytest.mark.parametrize("answer", [{}, REFUSED], ids=["left", "not there"])
async def test_a_persona_leaves_with_its_own_session_if_it_has_one(
    homes: Homes, home: FakeHomeserver, answer: Any
) -> None:
    await homes.leave(ROOM, SCOUT)
    assert not home.requests
    save_session(homes.secrets.session(SCOUT), Session(SCOUT, DeviceId("DEV"), "scout's"))
    home.answers[f"{V3}/rooms/{ROOM}/leave"] = answer
    await homes.leave(ROOM, SCOUT)
    (request,) = home.requests
    assert request.token == "scout's"


async def test_a_server_that_is_away_is_not_taken_for_a_room_that_is_not_there(
    homes: Homes, home: FakeHomeserver
) -> None:
    home.answers[f"{V3}/directory/room/{ALIAS}"] = Status(503, {})
    with pytest.raises(WorldError):
        await homes.delete(ALIAS, persona=SCOUT, invited=ADMIN)
    assert not asked(home, "/_synapse/admin")
