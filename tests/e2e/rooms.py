"""What a person does with rooms, over plain HTTP; encryption has no part in it."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from tests.e2e.session import CLIENT, Json, Session

ENCRYPTION = {
    "type": "m.room.encryption",
    "state_key": "",
    "content": {"algorithm": "m.megolm.v1.aes-sha2"},
}


def room_path(room: str, rest: str) -> str:
    """Return the path of an endpoint of a room."""
    return f"{CLIENT}/rooms/{quote(room, safe='')}/{rest}"


class Rooms:
    """The rooms of the account that a session is logged in to."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def create_room(
        self,
        *,
        invite: Sequence[str] = (),
        room_version: str | None = None,
        encrypted: bool = False,
        **options: Any,
    ) -> str:
        """Make a private room and return its id; `options` are those of ``createRoom``."""
        body: Json = {"preset": "private_chat", "invite": list(invite), **options}
        if room_version is not None:
            body["room_version"] = room_version
        if encrypted:
            body["initial_state"] = [*options.get("initial_state", []), ENCRYPTION]
        answer = await self.session.call("POST", f"{CLIENT}/createRoom", body)
        return str(answer["room_id"])

    async def invite(self, room: str, user_id: str) -> None:
        await self._membership(room, "invite", user_id)

    async def kick(self, room: str, user_id: str) -> None:
        await self._membership(room, "kick", user_id)

    async def ban(self, room: str, user_id: str) -> None:
        await self._membership(room, "ban", user_id)

    async def _membership(self, room: str, verb: str, user_id: str) -> None:
        await self.session.call("POST", room_path(room, verb), {"user_id": user_id})

    async def join(self, room: str) -> str:
        """Join a room given by id or alias; return its id."""
        path = f"{CLIENT}/join/{quote(room, safe='')}"
        return str((await self.session.call("POST", path, {}))["room_id"])

    async def leave(self, room: str) -> None:
        await self.session.call("POST", room_path(room, "leave"), {})

    async def state(self, room: str, kind: str, key: str = "") -> Json:
        """Return the content of a state event."""
        return await self.session.call("GET", room_path(room, f"state/{kind}/{quote(key)}"))

    async def set_state(self, room: str, kind: str, content: Json, key: str = "") -> None:
        path = room_path(room, f"state/{kind}/{quote(key)}")
        await self.session.call("PUT", path, content)

    async def joined_members(self, room: str) -> set[str]:
        """Return the user ids of everybody who is in the room."""
        answer = await self.session.call("GET", room_path(room, "joined_members"))
        return set(answer["joined"])

    async def history(self, room: str, limit: int = 200) -> list[Json]:
        """Return the room's last events as the server holds them, oldest first."""
        path = room_path(room, "messages")
        answer = await self.session.call("GET", path, dir="b", limit=str(limit))
        return list(reversed(answer["chunk"]))

    async def whole_history(self, room: str) -> list[Json]:
        """Return all of the room's events that the account may see, oldest first."""
        events: list[Json] = []
        page: Json = {"end": ""}
        while "end" in page:
            since = {"from": page["end"]} if page["end"] else {}
            path = room_path(room, "messages")
            page = await self.session.call("GET", path, dir="b", limit="500", **since)
            events += page["chunk"]
        return events[::-1]
