"""Rooms and invitations over plain HTTP, as Luna's account."""

from typing import Any

import aiohttp
import pytest

from lunabot.errors import Refused, WorldError
from lunabot.homeserver.client_api import ClientApi
from lunabot.homeserver.http import HomeserverClient
from lunabot.matrix.ids import RoomId, UserId
from tests.fake_homeserver import FakeHomeserver
from tests.homeserver_scripts import Status

V3 = "/_matrix/client/v3"
ROOM = RoomId("!a/b?c:localhost")
ADA = UserId("@ada:localhost")


@pytest.fixture
def api(home: FakeHomeserver, web: aiohttp.ClientSession) -> ClientApi:
    return ClientApi(HomeserverClient(home.url, web), lambda: home.session.access_token)


async def test_every_call_bears_the_token_of_the_moment(
    home: FakeHomeserver, web: aiohttp.ClientSession
) -> None:
    tokens = iter(["first", "second"])
    api = ClientApi(HomeserverClient(home.url, web), lambda: next(tokens))
    home.answers[f"{V3}/joined_rooms"] = {"joined_rooms": []}
    await api.joined_rooms()
    await api.joined_rooms()
    assert [request.token for request in home.requests] == ["first", "second"]


async def test_making_a_room(api: ClientApi, home: FakeHomeserver) -> None:
    home.answers[f"{V3}/createRoom"] = {"room_id": ROOM}
    assert await api.create_room({"name": "Trails"}) == ROOM
    assert home.requests[-1].body == {"name": "Trails"}


@pytest.mark.parametrize(
    ("answer", "version"),
    [
        ({"capabilities": {"m.room_versions": {"default": "12", "available": {}}}}, "12"),
        ({"capabilities": {}}, "1"),
        ({}, "1"),
    ],
)
async def test_the_version_of_rooms(
    api: ClientApi, home: FakeHomeserver, answer: dict[str, Any], version: str
) -> None:
    home.answers[f"{V3}/capabilities"] = answer
    assert await api.default_room_version() == version


async def test_an_alias_leads_somewhere_or_nowhere(api: ClientApi, home: FakeHomeserver) -> None:
    path = f"{V3}/directory/room/#trails/maps:localhost"
    home.answers[path] = {"room_id": ROOM, "servers": ["localhost"]}
    assert await api.resolve_alias("#trails/maps:localhost") == ROOM
    assert await api.resolve_alias("#nowhere:localhost") is None
    home.answers[path] = Status(403, {"errcode": "M_FORBIDDEN", "error": "no"})
    with pytest.raises(Refused, match="no"):
        await api.resolve_alias("#trails/maps:localhost")


async def test_who_is_where(api: ClientApi, home: FakeHomeserver) -> None:
    home.answers[f"{V3}/joined_rooms"] = {"joined_rooms": [ROOM, "!other:localhost"]}
    assert await api.joined_rooms() == {ROOM, "!other:localhost"}
    members = [
        {"type": "m.room.member", "state_key": ADA, "content": {"membership": "ban"}},
        {"type": "m.room.member", "state_key": "@bob:localhost", "content": {"membership": "join"}},
    ]
    home.answers[f"{V3}/rooms/{ROOM}/members"] = {"chunk": members}
    assert await api.memberships(ROOM) == {ADA: "ban", "@bob:localhost": "join"}


async def test_joining_and_inviting(api: ClientApi, home: FakeHomeserver) -> None:
    home.answers[f"{V3}/rooms/{ROOM}/invite"] = {}
    await api.join(ROOM)
    await api.invite(ROOM, ADA)
    assert [request.path for request in home.requests] == [
        f"{V3}/join/{ROOM}",
        f"{V3}/rooms/{ROOM}/invite",
    ]
    assert home.requests[-1].body == {"user_id": ADA}


async def test_no_right_to_invite(api: ClientApi, home: FakeHomeserver) -> None:
    home.answers[f"{V3}/rooms/{ROOM}/invite"] = Status(
        403, {"errcode": "M_FORBIDDEN", "error": "You don't have permission to invite users"}
    )
    with pytest.raises(Refused, match="permission to invite") as caught:
        await api.invite(ROOM, ADA)
    assert caught.value.errcode == "M_FORBIDDEN"


async def test_an_answer_that_is_not_matrix(
    api: ClientApi, home: FakeHomeserver, pauses: list[float]
) -> None:
    home.answers[f"{V3}/joined_rooms"] = {"hello": "world"}
    with pytest.raises(WorldError, match="is it a Matrix server"):
        await api.joined_rooms()
    home.answers[f"{V3}/joined_rooms"] = []
    with pytest.raises(WorldError, match="not a JSON object"):
        await api.joined_rooms()


async def test_removing_somebody(api: ClientApi, home: FakeHomeserver) -> None:
    home.answers[f"{V3}/rooms/{ROOM}/kick"] = {}
    await api.kick(ROOM, ADA, "she asked for it")
    assert home.requests[-1].body == {"user_id": ADA, "reason": "she asked for it"}


async def test_a_profile(api: ClientApi, home: FakeHomeserver) -> None:
    path = f"{V3}/profile/{ADA}"
    home.answers.update({path: {}, f"{path}/displayname": {}, f"{path}/avatar_url": {}})
    assert await api.avatar(ADA) == ""
    home.answers[path] = {"displayname": "Ada", "avatar_url": "mxc://localhost/ada"}
    assert await api.avatar(ADA) == "mxc://localhost/ada"
    await api.set_displayname(ADA, "Ada")
    await api.set_avatar(ADA, "")
    bodies = [request.body for request in home.requests[-2:]]
    assert bodies == [{"displayname": "Ada"}, {"avatar_url": ""}]


async def test_files_of_an_old_server(api: ClientApi, home: FakeHomeserver) -> None:
    unknown = Status(404, {"errcode": "M_UNRECOGNIZED", "error": "no such endpoint"})
    home.answers["/_matrix/client/v1/media/download/localhost/a"] = unknown
    home.answers["/_matrix/media/v3/download/localhost/a"] = b"pixels"
    assert await api.download("mxc://localhost/a", 100) == b"pixels"


async def test_files_go_up_and_come_down(api: ClientApi, home: FakeHomeserver) -> None:
    assert await api.upload(b"pixels", "image/png") == "mxc://localhost/file"
    assert home.requests[-1].body == b"pixels"
    assert home.requests[-1].token == home.session.access_token
    home.answers["/_matrix/client/v1/media/download/localhost/a/b"] = {"file": "content"}
    assert await api.download("mxc://localhost/a/b", 100) == b'{"file": "content"}'
    with pytest.raises(Refused, match="larger than") as caught:
        await api.download("mxc://localhost/a/b", 10)
    assert caught.value.errcode == "M_TOO_LARGE"
    with pytest.raises(Refused, match="nothing is there"):
        await api.download("mxc://localhost/gone", 10)
