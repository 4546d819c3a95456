"""Getting in: the same device as long as it is known, a new one where it is not."""

import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from lunabot.errors import Misconfigured, Refused, WorldError
from lunabot.homeserver.http import HomeserverClient
from lunabot.homeserver.sessions import (
    ensure_person,
    keep_password,
    open_director_session,
    open_session,
)
from lunabot.matrix.ids import UserId
from lunabot.matrix.session import Session, load_session, save_session
from tests.fake_homeserver import FakeHomeserver, Request
from tests.homeserver_scripts import Status

LUNA = UserId("@luna:localhost")
SECRET = "registration secret"


class Door:
    """The part of a homeserver that knows accounts and tokens."""

    def __init__(self, home: FakeHomeserver) -> None:
        self.passwords: dict[str, str] = {}
        self.administrators: set[str] = set()
        self.tokens: dict[str, str] = {}
        self.secret_is_right = True
        self.logins: list[Request] = []
        home.answers |= {
            "/_synapse/admin/v1/register": self._register,
            "/_matrix/client/v3/login": self._login,
            "/_matrix/client/v3/account/whoami": self._whoami,
        }

    def _register(self, request: Request) -> Any:
        if request.body is None:
            return {"nonce": "nonce"}
        name = request.body["username"]
        if not self.secret_is_right:
            return _no("M_UNKNOWN", "HMAC incorrect")
        if name in self.passwords:
            return Status(400, {"errcode": "M_USER_IN_USE", "error": "User ID already taken."})
        self.passwords[name] = request.body["password"]
        if request.body["admin"]:
            self.administrators.add(name)
        return self._session(name, "REGISTERED")

    def _login(self, request: Request) -> Any:
        self.logins.append(request)
        name = request.body["identifier"]["user"].removeprefix("@").partition(":")[0]
        if self.passwords.get(name) != request.body["password"]:
            return _no("M_FORBIDDEN", "Invalid username or password")
        return self._session(name, request.body["device_id"])

    def _session(self, name: str, device_id: str) -> Any:
        token = f"token-{len(self.tokens) + 1}"
        self.tokens[token] = device_id
        user = f"@{name}:localhost"
        return {"user_id": user, "device_id": device_id, "access_token": token}

    def _whoami(self, request: Request) -> Any:
        if request.token not in self.tokens:
            return Status(401, {"errcode": "M_UNKNOWN_TOKEN", "error": "Unknown token"})
        return {"user_id": LUNA, "device_id": self.tokens[request.token]}


@pytest.fixture
def door(home: FakeHomeserver) -> Door:
    return Door(home)


@pytest.fixture
def http(home: FakeHomeserver, web: aiohttp.ClientSession) -> HomeserverClient:
    return HomeserverClient(home.url, web)


async def test_a_session_is_kept(http: HomeserverClient, door: Door, tmp_path: Path) -> None:
    door.passwords["luna"] = "password"
    path = tmp_path / "session.json"
    session = await open_session(http, path, LUNA, "password")
    assert await open_session(http, path, LUNA, "password") == session
    assert len(door.logins) == 1
    assert load_session(path) == session


@pytest.mark.parametrize("change", ["revoked", "another device", "another user"])
async def test_a_session_that_is_not_ours_any_more_is_a_new_device(
    http: HomeserverClient, door: Door, tmp_path: Path, change: str
) -> None:
    door.passwords["luna"] = "password"
    path = tmp_path / "session.json"
    first = await open_session(http, path, LUNA, "password")
    if change == "revoked":
        door.tokens.clear()
    elif change == "another device":
        door.tokens[first.access_token] = "OTHER"
    else:
        save_session(path, replace(first, user_id=UserId("@owl:localhost")))
    second = await open_session(http, path, LUNA, "password")
    assert second.device_id != first.device_id
    assert load_session(path) == second


async def test_a_wrong_password_is_refused_and_nothing_is_kept(
    http: HomeserverClient, door: Door, tmp_path: Path
) -> None:
    with pytest.raises(Refused) as caught:
        await open_session(http, tmp_path / "session.json", LUNA, "wrong one")
    assert caught.value.errcode == "M_FORBIDDEN"
    assert "wrong one" not in str(caught.value)
    assert not (tmp_path / "session.json").exists()


async def test_a_server_out_of_reach_costs_no_session(
    http: HomeserverClient,
    door: Door,
    home: FakeHomeserver,
    tmp_path: Path,
    pauses: list[float],
) -> None:
    door.passwords["luna"] = "password"
    path = tmp_path / "session.json"
    session = await open_session(http, path, LUNA, "password")
    home.answers["/_matrix/client/v3/account/whoami"] = Status(502, {})
    with pytest.raises(WorldError):
        await open_session(http, path, LUNA, "password")
    assert load_session(path) == session
    assert len(door.logins) == 1


async def open_luna(http: HomeserverClient, folder: Path, **given: str) -> Session:
    secrets = {"password": "", "registration_secret": "", **given}
    return await open_director_session(http, folder, LUNA, **secrets)


async def test_lunas_account_is_made_where_it_is_missing(
    http: HomeserverClient, door: Door, tmp_path: Path
) -> None:
    session = await open_luna(http, tmp_path, registration_secret=SECRET)
    assert session.user_id == LUNA
    assert door.administrators == {"luna"}
    assert door.passwords["luna"] == (tmp_path / "luna_password").read_text().strip()
    assert await open_luna(http, tmp_path, registration_secret=SECRET) == session
    assert modes(tmp_path) == {"director_token.json": 0o600, "luna_password": 0o600}


async def test_lunas_account_comes_back_after_its_session_was_lost(
    http: HomeserverClient, door: Door, tmp_path: Path
) -> None:
    first = await open_luna(http, tmp_path, registration_secret=SECRET)
    door.tokens.clear()
    second = await open_luna(http, tmp_path, registration_secret=SECRET)
    assert second.device_id != first.device_id


async def test_a_given_password_is_used_and_not_written_down(
    http: HomeserverClient, door: Door, tmp_path: Path
) -> None:
    await open_luna(http, tmp_path, password="my password", registration_secret=SECRET)
    assert door.passwords["luna"] == "my password"
    assert modes(tmp_path).keys() == {"director_token.json"}
    assert "my password" not in (tmp_path / "director_token.json").read_text()


@pytest.mark.parametrize(
    ("given", "secret_is_right", "message"),
    [
        ({}, True, "set luna.password, or homeserver.registration_shared_secret"),
        ({"password": "wrong one"}, True, r"cannot log in \(M_FORBIDDEN\): check luna.password"),
        ({"registration_secret": SECRET}, True, "check luna.password"),
        ({"registration_secret": SECRET}, False, "@luna:localhost could not be made: HMAC"),
    ],
    ids=["nothing given", "wrong password", "somebody else's account", "wrong secret"],
)
async def test_what_to_set_is_said_without_secrets(
    http: HomeserverClient,
    door: Door,
    tmp_path: Path,
    given: dict[str, str],
    secret_is_right: bool,
    message: str,
) -> None:
    door.passwords["luna"] = "another password"
    door.secret_is_right = secret_is_right
    with pytest.raises(Misconfigured, match=message) as caught:
        await open_luna(http, tmp_path, **given)
    assert not any(secret in str(caught.value) for secret in given.values())


async def test_a_person_is_told_the_password_once(
    http: HomeserverClient, door: Door, tmp_path: Path
) -> None:
    ada = UserId("@ada:localhost")
    password = await ensure_person(http, tmp_path, SECRET, ada)
    assert password is not None
    assert door.passwords == {"ada": password}
    assert door.administrators == set()
    assert await ensure_person(http, tmp_path, SECRET, ada) is None
    door.passwords.clear()
    assert await ensure_person(http, tmp_path, SECRET, ada) == password


def test_a_password_is_generated_once(tmp_path: Path) -> None:
    path = tmp_path / "passwords" / "ada"
    password = keep_password(path)
    assert len(password) > 20
    assert keep_password(path) == password
    assert keep_password(tmp_path / "bob") != password
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


def _no(errcode: str, error: str) -> Status:
    return Status(403, {"errcode": errcode, "error": error})
