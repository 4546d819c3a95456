"""The admin API against a real Synapse."""

import time

import pytest

from lunabot.errors import Refused
from lunabot.homeserver.admin_api import AdminApi
from lunabot.homeserver.http import HomeserverClient
from lunabot.homeserver.registration import login_with_password
from lunabot.matrix.ids import RoomId, UserId
from lunabot.matrix.session import Session
from tests.unit.homeserver.conftest import SERVER_NAME, RunningServer

_CLIENT = "/_matrix/client/v3"


def named(localpart: str) -> UserId:
    return UserId(f"@{localpart}:{SERVER_NAME}")


async def make_account(http: HomeserverClient, admin_api: AdminApi, localpart: str) -> Session:
    await admin_api.put_user(named(localpart), password="password")
    return await login_with_password(http, localpart, "password", "DEVICE", "Test")


async def make_room(http: HomeserverClient, session: Session, **wishes: object) -> RoomId:
    answer = await http.call(
        "POST", f"{_CLIENT}/createRoom", body=wishes, token=session.access_token
    )
    return RoomId(answer["room_id"])


async def test_the_version(admin_api: AdminApi) -> None:
    assert (await admin_api.server_version()).startswith("1.")


async def test_an_account_that_never_was(admin_api: AdminApi) -> None:
    assert await admin_api.user(named("nobody")) is None


async def test_an_account_is_made_and_changed(admin_api: AdminApi) -> None:
    began_ms = time.time() * 1000
    await admin_api.put_user(named("ada"), password="x", display_name="Ada")
    made = await admin_api.user(named("ada"))
    assert made is not None
    assert (made.user_id, made.display_name) == (named("ada"), "Ada")
    assert not (made.is_admin or made.deactivated or made.is_guest)
    assert abs(made.created_ms - began_ms) < 60_000
    await admin_api.put_user(named("ada"), admin=True)
    changed = await admin_api.user(named("ada"))
    assert changed is not None
    assert (changed.display_name, changed.is_admin) == ("Ada", True)


async def test_all_accounts_are_listed_over_all_pages(
    server: RunningServer, http: HomeserverClient, admin_api: AdminApi
) -> None:
    for localpart in ("page-1", "page-2", "page-3"):
        await admin_api.put_user(named(localpart), password="x", display_name=localpart.upper())
    await admin_api.deactivate(named("page-2"), erase=False)
    paging = AdminApi(http, lambda: server.director.access_token, page_size=2)
    users = await paging.users()
    assert users == await admin_api.users()
    assert len({user.user_id for user in users}) == len(users) > 3
    listed = {user.user_id: user for user in users}
    assert listed[named("page-2")].deactivated
    for localpart in ("page-1", "page-3"):
        assert listed[named(localpart)] == await admin_api.user(named(localpart))


async def test_a_deactivated_account_can_come_back(
    http: HomeserverClient, admin_api: AdminApi
) -> None:
    session = await make_account(http, admin_api, "phoenix")
    await admin_api.put_user(named("phoenix"), display_name="Phoenix")
    await admin_api.deactivate(named("phoenix"), erase=True)
    with pytest.raises(Refused):
        await http.call("GET", f"{_CLIENT}/account/whoami", token=session.access_token)
    gone = await admin_api.user(named("phoenix"))
    assert gone is not None
    assert (gone.deactivated, gone.display_name) == (True, None)
    await admin_api.deactivate(named("phoenix"), erase=True)  # twice is no mistake
    await admin_api.put_user(named("phoenix"), password="password", deactivated=False)
    assert (await login_with_password(http, "phoenix", "password", "NEW", "Test")).access_token


async def test_rooms_are_listed_over_all_pages(
    server: RunningServer, http: HomeserverClient, admin_api: AdminApi
) -> None:
    encryption = {
        "type": "m.room.encryption",
        "state_key": "",
        "content": {"algorithm": "m.megolm.v1.aes-sha2"},
    }
    secret = await make_room(http, server.director, name="Secret", initial_state=[encryption])
    wishes = {"name": "Plaza", "preset": "public_chat", "room_alias_name": "plaza"}
    plaza = await make_room(http, server.director, **wishes, visibility="public")
    nameless = await make_room(http, server.director)
    paging = AdminApi(http, lambda: server.director.access_token, page_size=1)
    rooms = {room.room_id: room for room in await paging.rooms()}
    director = server.director.user_id
    assert (rooms[secret].name, rooms[secret].encrypted, rooms[secret].public) == (
        "Secret",
        True,
        False,
    )
    assert (rooms[plaza].canonical_alias, rooms[plaza].public, rooms[plaza].creator) == (
        f"#plaza:{SERVER_NAME}",
        True,
        director,
    )
    assert (rooms[nameless].name, rooms[nameless].joined_members) == (None, 1)
    assert set(rooms) == {room.room_id for room in await admin_api.rooms()}


async def test_a_deleted_room_is_gone_when_the_call_returns(
    server: RunningServer, http: HomeserverClient, admin_api: AdminApi
) -> None:
    room_id = await make_room(http, server.director, name="Doomed")
    assert room_id in {room.room_id for room in await admin_api.rooms()}
    await admin_api.delete_room(room_id)
    assert room_id not in {room.room_id for room in await admin_api.rooms()}
    joined = await http.call("GET", f"{_CLIENT}/joined_rooms", token=server.director.access_token)
    assert room_id not in joined["joined_rooms"]


async def test_an_account_is_freed_from_rate_limits(
    server: RunningServer, http: HomeserverClient, admin_api: AdminApi
) -> None:
    await admin_api.put_user(named("hasty"), password="x")
    await admin_api.override_ratelimit(named("hasty"))
    limit = await http.call(
        "GET",
        f"/_synapse/admin/v1/users/{named('hasty')}/override_ratelimit",
        token=server.director.access_token,
    )
    assert limit == {"messages_per_second": 0, "burst_count": 0}


async def test_nobody_else_may(http: HomeserverClient, admin_api: AdminApi) -> None:
    person = await make_account(http, admin_api, "person")
    with pytest.raises(Refused) as caught:
        await AdminApi(http, lambda: person.access_token).users()
    assert caught.value.errcode == "M_FORBIDDEN"
