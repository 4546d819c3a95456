"""Making accounts with Synapse's registration shared secret, and logging in to them."""

import hashlib
import hmac
import secrets
from itertools import islice

from lunabot.homeserver.http import HomeserverClient, JsonObject, expect
from lunabot.matrix.ids import DeviceId, UserId
from lunabot.matrix.session import Session

_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"  # 5 bits each; no look-alikes: a person may type it
_GROUPS, _GROUP_LENGTH = 4, 7
_REGISTER = "/_synapse/admin/v1/register"


def generate_password() -> str:
    """Return a new password of 140 random bits, in groups that a person can copy from paper."""
    letters = (secrets.choice(_LETTERS) for _ in range(_GROUPS * _GROUP_LENGTH))
    return "-".join("".join(islice(letters, _GROUP_LENGTH)) for _ in range(_GROUPS))


async def register_with_shared_secret(
    http: HomeserverClient, secret: str, localpart: str, password: str, *, admin: bool
) -> Session:
    """Make an account and return its first session.

    Raises `Refused`: ``M_USER_IN_USE`` when there is such an account, ``M_UNKNOWN`` for a wrong
    secret. (Synapse admin API, "Register an account with shared secret".)
    """
    nonce = expect(await http.call("GET", _REGISTER), "nonce", str)
    signed = "\0".join((nonce, localpart, password, "admin" if admin else "notadmin"))
    body: JsonObject = {
        "nonce": nonce,
        "username": localpart,
        "password": password,
        "admin": admin,
        "mac": hmac.new(secret.encode(), signed.encode(), hashlib.sha1).hexdigest(),
    }
    return _session(await http.call("POST", _REGISTER, body=body))


async def login_with_password(
    http: HomeserverClient, user: str, password: str, device_id: str, device_name: str
) -> Session:
    """Log in as a device, which is made when the account has none of this id.

    `user` is a user id or a localpart. Raises `Refused`: ``M_FORBIDDEN`` for a wrong password or
    a missing account, ``M_USER_DEACTIVATED``. (Client-server API, `POST /login`.)
    """
    body: JsonObject = {
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": user},
        "password": password,
        "device_id": device_id,
        "initial_device_display_name": device_name,
    }
    return _session(await http.call("POST", "/_matrix/client/v3/login", body=body))


def _session(answer: JsonObject) -> Session:
    return Session(
        UserId(expect(answer, "user_id", str)),
        DeviceId(expect(answer, "device_id", str)),
        expect(answer, "access_token", str),
    )
