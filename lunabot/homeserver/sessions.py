"""Getting in: the session of an account, kept over restarts and replaced when it was revoked."""

import contextlib
import logging
import secrets
from pathlib import Path

from lunabot.errors import Misconfigured, Refused, WorldError
from lunabot.files import write_private
from lunabot.homeserver.http import HomeserverClient
from lunabot.homeserver.registration import (
    generate_password,
    login_with_password,
    register_with_shared_secret,
)
from lunabot.matrix.ids import DeviceId, UserId, localpart
from lunabot.matrix.session import Session, load_session, save_session

log = logging.getLogger(__name__)


async def open_session(
    http: HomeserverClient, path: Path, user_id: UserId, password: str
) -> Session:
    """Return a session the server knows: the kept one, or a new one by password.

    A new login is a new device: the keys of one that was logged out elsewhere are not used again.
    Raises `Refused` (``M_FORBIDDEN``) for a wrong password or a missing account.
    """
    kept = load_session(path)
    if kept and kept.user_id == user_id and await _is_known(http, kept):
        return kept
    if kept:
        log.warning("%s: the kept session is no longer valid, logging in anew", user_id)
    device_id = DeviceId(f"LUNA{secrets.token_hex(4).upper()}")
    session = await login_with_password(http, user_id, password, device_id, "Luna")
    save_session(path, session)
    return session


async def open_director_session(
    http: HomeserverClient,
    folder: Path,
    user_id: UserId,
    *,
    password: str,
    registration_secret: str,
) -> Session:
    """Return the session of Luna's own account, which is made when it is missing.

    `folder` holds the secrets. With a registration secret the account becomes a server
    administrator and its password, where none is given, is generated and kept. Raises
    `Misconfigured` with what to set.
    """
    path = folder / "director_token.json"
    kept = load_session(path)
    if kept and kept.user_id == user_id and await _is_known(http, kept):
        return kept
    if registration_secret:
        password = password or keep_password(folder / "luna_password")
        await _register_if_missing(http, registration_secret, user_id, password, admin=True)
    if not password:
        raise Misconfigured(
            f"{user_id} has no session: set luna.password, or homeserver.registration_shared_secret"
        )
    try:
        return await open_session(http, path, user_id, password)
    except Refused as error:
        raise Misconfigured(
            f"{user_id} cannot log in ({error.errcode}): check luna.password"
        ) from error


async def ensure_person(
    http: HomeserverClient, folder: Path, registration_secret: str, user_id: UserId
) -> str | None:
    """Make a person's account on a managed server; return its password, None if it was there.

    The password is kept under `folder`, so that a server made anew can give it again.
    """
    password = keep_password(folder / "passwords" / localpart(user_id))
    made = await _register_if_missing(http, registration_secret, user_id, password, admin=False)
    return password if made else None


def keep_password(path: Path) -> str:
    """Return the password kept in a file of mode 0600, generated at first use."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        password = generate_password()
        write_private(path, password + "\n")
        return password


async def end_session(http: HomeserverClient, session: Session) -> None:
    """Log out a device that nobody uses (any more); where that fails, there is one too many."""
    with contextlib.suppress(WorldError):
        logout = "/_matrix/client/v3/logout"
        await http.call("POST", logout, body={}, token=session.access_token)


async def _register_if_missing(
    http: HomeserverClient, secret: str, user_id: UserId, password: str, *, admin: bool
) -> bool:
    try:
        made = await register_with_shared_secret(
            http, secret, localpart(user_id), password, admin=admin
        )
    except Refused as error:
        if error.errcode == "M_USER_IN_USE":
            return False
        raise Misconfigured(f"{user_id} could not be made: {error}") from error
    await end_session(http, made)  # it comes with the account; whoever lives there logs in
    return True


async def _is_known(http: HomeserverClient, session: Session) -> bool:
    try:
        answer = await http.call(
            "GET", "/_matrix/client/v3/account/whoami", token=session.access_token
        )
    except Refused:
        return False
    return answer.get("device_id") == session.device_id
