"""Accounts made with the shared secret on a real Synapse, and passwords for them."""

import pytest

from lunabot.errors import Refused
from lunabot.homeserver.admin_api import AdminApi
from lunabot.homeserver.http import HomeserverClient
from lunabot.homeserver.registration import (
    generate_password,
    login_with_password,
    register_with_shared_secret,
)
from lunabot.matrix.ids import UserId
from tests.unit.homeserver.conftest import SERVER_NAME, RunningServer


@pytest.mark.parametrize("admin", [True, False])
async def test_a_registered_account_is_logged_in(
    server: RunningServer, http: HomeserverClient, admin_api: AdminApi, admin: bool
) -> None:
    name, secret = f"new-{admin}".lower(), server.registration_shared_secret
    session = await register_with_shared_secret(http, secret, name, "pässwörd", admin=admin)
    whoami = await http.call("GET", "/_matrix/client/v3/account/whoami", token=session.access_token)
    assert (whoami["user_id"], whoami["device_id"]) == (session.user_id, session.device_id)
    assert session.user_id == f"@{name}:{SERVER_NAME}"
    user = await admin_api.user(session.user_id)
    assert user is not None
    assert user.is_admin is admin


async def test_a_name_can_be_registered_once(server: RunningServer, http: HomeserverClient) -> None:
    with pytest.raises(Refused) as caught:
        await register_with_shared_secret(
            http, server.registration_shared_secret, "director", "x", admin=False
        )
    assert caught.value.errcode == "M_USER_IN_USE"


async def test_a_wrong_secret_registers_nobody(http: HomeserverClient, admin_api: AdminApi) -> None:
    with pytest.raises(Refused):
        await register_with_shared_secret(http, "guessed", "intruder", "x", admin=True)
    assert await admin_api.user(UserId(f"@intruder:{SERVER_NAME}")) is None


async def test_a_login_by_password_is_the_device_asked_for(
    http: HomeserverClient, admin_api: AdminApi
) -> None:
    user_id, password = UserId(f"@sleeper:{SERVER_NAME}"), generate_password()
    await admin_api.put_user(user_id, password=password)
    first = await login_with_password(http, "sleeper", password, "DEVICE", "Test")
    again = await login_with_password(http, user_id, password, "DEVICE", "Test")
    assert (first.user_id, first.device_id) == (user_id, "DEVICE")
    assert (again.user_id, again.device_id) == (user_id, "DEVICE")
    assert again.access_token != first.access_token


@pytest.mark.parametrize("user", ["director", "nobody"])
async def test_a_wrong_password_is_refused(http: HomeserverClient, user: str) -> None:
    with pytest.raises(Refused) as caught:
        await login_with_password(http, user, "wrong", "DEVICE", "Test")
    assert caught.value.errcode == "M_FORBIDDEN"
    assert "wrong" not in str(caught.value)


def test_generated_passwords_can_be_copied_and_not_guessed() -> None:
    passwords = {generate_password() for _ in range(1000)}
    assert len(passwords) == 1000
    letters = {letter for password in passwords for letter in password.replace("-", "")}
    assert len(letters) == 32  # 5 bits each
    assert letters.isdisjoint("l1o0")
    assert {len(password.replace("-", "")) * 5 for password in passwords} == {140}
