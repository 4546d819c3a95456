"""Synapse's admin API: the accounts and rooms of the whole server, for a server administrator."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from lunabot.errors import Refused, WorldError
from lunabot.homeserver.http import HomeserverClient, JsonObject, expect
from lunabot.matrix.ids import RoomId, UserId

_DELETION_TIMEOUT_S = 600.0  # a room of 100,000 events takes minutes on SQLite
_DELETION_POLL_S = 0.25


@dataclass(frozen=True, slots=True)
class ServerUser:
    """An account of the server; times are milliseconds since the epoch, None where never seen."""

    user_id: UserId
    display_name: str | None
    is_admin: bool
    deactivated: bool
    is_guest: bool
    created_ms: int
    last_seen_ms: int | None


@dataclass(frozen=True, slots=True)
class ServerRoom:
    """A room the server knows; one that nobody is left in has no joined members."""

    room_id: RoomId
    name: str | None
    canonical_alias: str | None
    joined_members: int
    encrypted: bool
    public: bool
    creator: UserId | None


class AdminApi:
    """Calls with the token of a server administrator.

    `token` is asked for each time, so that a new session counts at once. Every method raises
    `Refused` when the server says no and `WorldError` when it cannot be reached.
    """

    def __init__(
        self, http: HomeserverClient, token: Callable[[], str], *, page_size: int = 500
    ) -> None:
        self._http = http
        self._token = token
        self._page_size = page_size

    async def server_version(self) -> str:
        """Return Synapse's version, such as ``1.163.2``."""
        answer = await self._call("GET", "/_synapse/admin/v1/server_version")
        return expect(answer, "server_version", str)

    async def users(self) -> list[ServerUser]:
        """Return every account, deactivated ones and guests included, by user id."""
        path = "/_synapse/admin/v2/users?deactivated=true"
        return [_listed_user(entry) for entry in await self._pages(path, "users", "next_token")]

    async def rooms(self) -> list[ServerRoom]:
        """Return every room the server knows, by name."""
        path = "/_synapse/admin/v1/rooms?order_by=name"
        return [_room(entry) for entry in await self._pages(path, "rooms", "next_batch")]

    async def user(self, user_id: UserId) -> ServerUser | None:
        """Return an account, or None where there was never one."""
        try:
            return _single_user(await self._call("GET", _user_path(user_id)))
        except Refused as error:
            if error.errcode == "M_NOT_FOUND":
                return None
            raise

    async def put_user(
        self,
        user_id: UserId,
        *,
        password: str | None = None,
        display_name: str | None = None,
        admin: bool | None = None,
        deactivated: bool | None = None,
    ) -> None:
        """Make an account or change it; what is None stays as it is.

        A deactivated account comes back with ``deactivated=False`` and a password.
        """
        wishes = {
            "password": password,
            "displayname": display_name,
            "admin": admin,
            "deactivated": deactivated,
        }
        body = {key: value for key, value in wishes.items() if value is not None}
        await self._call("PUT", _user_path(user_id), body)

    async def deactivate(self, user_id: UserId, *, erase: bool) -> None:
        """End an account: it leaves its rooms and its sessions end.

        `erase` also takes its display name and hides what it said from those who join later.
        """
        path = f"/_synapse/admin/v1/deactivate/{_quoted(user_id)}"
        await self._call("POST", path, {"erase": erase})

    async def override_ratelimit(self, user_id: UserId) -> None:
        """Let an account send as fast as it can."""
        path = f"/_synapse/admin/v1/users/{_quoted(user_id)}/override_ratelimit"
        await self._call("POST", path, {"messages_per_second": 0, "burst_count": 0})

    async def delete_room(self, room_id: RoomId) -> None:
        """Make every local member leave a room and delete its history; returns once it is done."""
        path = f"/_synapse/admin/v2/rooms/{_quoted(room_id)}"
        task = expect(await self._call("DELETE", path, {"purge": True}), "delete_id", str)
        status_path = f"/_synapse/admin/v2/rooms/delete_status/{_quoted(task)}"
        await self._until_complete(status_path, f"deleting the room {room_id}")

    async def redact_user(self, user_id: UserId) -> None:
        """Redact all that a local user said anywhere; returns once it is done."""
        path = f"/_synapse/admin/v1/user/{_quoted(user_id)}/redact"
        task = expect(await self._call("POST", path, {"rooms": []}), "redact_id", str)
        status_path = f"/_synapse/admin/v1/user/redact_status/{_quoted(task)}"
        await self._until_complete(status_path, f"redacting what {user_id} said")

    async def _until_complete(self, status_path: str, what: str) -> None:
        try:
            async with asyncio.timeout(_DELETION_TIMEOUT_S):
                while (status := await self._status(status_path)) != "complete":
                    if status == "failed":
                        raise WorldError(f"The homeserver failed at {what}")
                    await asyncio.sleep(_DELETION_POLL_S)
        except TimeoutError:
            raise WorldError(f"The homeserver is still {what}: wait") from None

    async def _status(self, path: str) -> str:
        return expect(await self._call("GET", path), "status", str)

    async def _pages(self, path: str, entries_key: str, next_key: str) -> list[JsonObject]:
        entries: list[JsonObject] = []
        start: object = 0
        while start is not None:
            answer = await self._call("GET", f"{path}&limit={self._page_size}&from={start}")
            entries += expect(answer, entries_key, list)
            start = answer.get(next_key)
        return entries

    async def _call(self, method: str, path: str, body: JsonObject | None = None) -> JsonObject:
        return await self._http.call(method, path, body=body, token=self._token())


def _listed_user(entry: JsonObject) -> ServerUser:
    return _user(entry, created_ms=expect(entry, "creation_ts", int))


def _single_user(entry: JsonObject) -> ServerUser:
    """Read an account on its own, whose `creation_ts`, unlike the list's, is in seconds."""
    return _user(entry, created_ms=expect(entry, "creation_ts", int) * 1000)


def _user(entry: JsonObject, created_ms: int) -> ServerUser:
    return ServerUser(
        user_id=UserId(expect(entry, "name", str)),
        display_name=entry.get("displayname"),
        is_admin=bool(entry.get("admin")),
        deactivated=bool(entry.get("deactivated")),
        is_guest=bool(entry.get("is_guest")),
        created_ms=created_ms,
        last_seen_ms=entry.get("last_seen_ts"),
    )


def _room(entry: JsonObject) -> ServerRoom:
    return ServerRoom(
        room_id=RoomId(expect(entry, "room_id", str)),
        name=entry.get("name"),
        canonical_alias=entry.get("canonical_alias"),
        joined_members=expect(entry, "joined_members", int),
        encrypted=entry.get("encryption") is not None,
        public=bool(entry.get("public")),
        creator=entry.get("creator"),
    )


def _user_path(user_id: UserId) -> str:
    return f"/_synapse/admin/v2/users/{_quoted(user_id)}"


def _quoted(identifier: str) -> str:
    return quote(identifier, safe="")
