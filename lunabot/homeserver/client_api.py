"""The client-server API as one account: rooms and invitations over plain HTTP."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from lunabot.errors import Refused
from lunabot.homeserver.http import HomeserverClient, JsonObject, expect
from lunabot.matrix.ids import EventId, RoomId, UserId

_MEDIA = "/_matrix/client/v1/media"
_UPLOADS = "/_matrix/media/v3"  # and downloads of servers before Matrix 1.11


class ClientApi:
    """Calls the server with an account's access token, which `token` returns.

    Every method raises `Refused` when the server says no, `WorldError` when it is out of reach.
    """

    def __init__(self, http: HomeserverClient, token: Callable[[], str]) -> None:
        self._http = http
        self._token = token

    def acting_for(self, token: str) -> "ClientApi":
        """Return the same API as the account of another access token."""
        return ClientApi(self._http, lambda: token)

    async def create_room(self, body: JsonObject) -> RoomId:
        """Make a room; `body` as in the specification, "Creation"."""
        return RoomId(expect(await self._call("POST", "/createRoom", body), "room_id", str))

    async def default_room_version(self) -> str:
        """Return the version of the rooms the server makes."""
        answer = await self._call("GET", "/capabilities")
        versions = answer.get("capabilities", {}).get("m.room_versions", {})
        return str(versions.get("default", "1"))

    async def resolve_alias(self, alias: str) -> RoomId | None:
        """Return the room an alias leads to, or None."""
        try:
            answer = await self._call("GET", f"/directory/room/{quote(alias, safe='')}")
        except Refused as error:
            if error.errcode == "M_NOT_FOUND":
                return None
            raise
        return RoomId(expect(answer, "room_id", str))

    async def joined_rooms(self) -> frozenset[RoomId]:
        """Return the rooms the account is in."""
        rooms = expect(await self._call("GET", "/joined_rooms"), "joined_rooms", list)
        return frozenset(map(RoomId, rooms))

    async def memberships(self, room_id: RoomId) -> dict[UserId, str]:
        """Return the membership (join, invite, leave, ban, knock) of everybody a room knows."""
        answer = await self._call("GET", f"/rooms/{_quoted(room_id)}/members")
        return {
            UserId(event["state_key"]): str(event["content"].get("membership"))
            for event in expect(answer, "chunk", list)
        }

    async def join(self, room_id: RoomId) -> None:
        """Join a room."""
        await self._call("POST", f"/join/{_quoted(room_id)}", {})

    async def leave(self, room_id: RoomId) -> None:
        """Leave a room, or decline the invitation to it."""
        await self._call("POST", f"/rooms/{_quoted(room_id)}/leave", {})

    async def state(self, room_id: RoomId, event_type: str) -> JsonObject:
        """Return the content of a room's state event with an empty state key."""
        return await self._call("GET", f"/rooms/{_quoted(room_id)}/state/{_quoted(event_type)}/")

    async def set_state(
        self, room_id: RoomId, event_type: str, content: JsonObject, state_key: str = ""
    ) -> None:
        """Set a room's state event."""
        path = f"/rooms/{_quoted(room_id)}/state/{_quoted(event_type)}/{_quoted(state_key)}"
        await self._call("PUT", path, content)

    async def invite(self, room_id: RoomId, user_id: UserId) -> None:
        """Invite somebody."""
        await self._call("POST", f"/rooms/{_quoted(room_id)}/invite", {"user_id": user_id})

    async def kick(self, room_id: RoomId, user_id: UserId, reason: str) -> None:
        """Remove somebody from a room."""
        body = {"user_id": user_id, "reason": reason}
        await self._call("POST", f"/rooms/{_quoted(room_id)}/kick", body)

    async def event(self, room_id: RoomId, event_id: EventId) -> JsonObject:
        """Return an event as the server has it: an encrypted one as it stands."""
        return await self._call("GET", f"/rooms/{_quoted(room_id)}/event/{_quoted(event_id)}")

    async def set_displayname(self, user_id: UserId, name: str) -> None:
        """Change the account's display name, in all its rooms."""
        await self._call("PUT", f"/profile/{_quoted(user_id)}/displayname", {"displayname": name})

    async def avatar(self, user_id: UserId) -> str:
        """Return the address (``mxc://…``) of somebody's avatar, empty where there is none."""
        answer = await self._call("GET", f"/profile/{_quoted(user_id)}")
        return str(answer.get("avatar_url") or "")

    async def set_avatar(self, user_id: UserId, uri: str) -> None:
        """Change the account's avatar to an uploaded image, or to none where `uri` is empty."""
        await self._call("PUT", f"/profile/{_quoted(user_id)}/avatar_url", {"avatar_url": uri})

    async def upload(self, data: bytes, mimetype: str) -> str:
        """Store a file on the server; return its address (``mxc://…``)."""
        answer = await self._http.upload(f"{_UPLOADS}/upload", data, mimetype, self._token())
        return expect(answer, "content_uri", str)

    async def download(self, uri: str, limit: int) -> bytes:
        """Return a file by its address; `Refused` (``M_TOO_LARGE``) beyond `limit` bytes."""
        server, _, media = uri.removeprefix("mxc://").partition("/")
        path = f"download/{_quoted(server)}/{_quoted(media)}"
        try:
            return await self._http.download(f"{_MEDIA}/{path}", self._token(), limit)
        except Refused as error:
            if error.errcode != "M_UNRECOGNIZED":
                raise
        return await self._http.download(f"{_UPLOADS}/{path}", self._token(), limit)

    async def _call(self, method: str, path: str, body: Any = None) -> JsonObject:
        return await self._http.call(
            method, f"/_matrix/client/v3{path}", body=body, token=self._token()
        )


def _quoted(identifier: str) -> str:
    return quote(identifier, safe="")
