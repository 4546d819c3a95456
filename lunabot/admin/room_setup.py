"""The admin room: made when it is missing, otherwise left as it is."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from lunabot.errors import Refused
from lunabot.homeserver.http import HomeserverClient
from lunabot.matrix.ids import RoomId, UserId

log = logging.getLogger(__name__)

TOPIC = "Luna's admin room. Type !commands to see what she does. “!” works in every client, “/” in most."
_CREATORS_STAND_ABOVE = 12  # room version from which creators are not in the power levels (MSC4289)


@dataclass(frozen=True, slots=True)
class RoomPlan:
    """What the admin room should be. `room` is an alias localpart or a room id."""

    room: str
    server_name: str
    administrators: Sequence[UserId]
    encrypted: bool


@dataclass(frozen=True, slots=True)
class AdminRoomFound:
    """The admin room's id, whether it was made just now, and what could not be done."""

    room_id: RoomId
    made: bool
    problems: tuple[str, ...] = ()


class AdminRoomSetup:
    """Finds or makes the admin room over plain HTTP, before Luna's first sync.

    Calls raise `WorldError` when the server is out of reach.
    """

    def __init__(self, http: HomeserverClient, token: str, plan: RoomPlan) -> None:
        self._http = http
        self._token = token
        self._plan = plan

    async def ensure(self, remembered: RoomId | None) -> AdminRoomFound:
        """Return the admin room with every administrator a member or invited.

        `remembered` is the room of the last start: it counts where the alias leads nowhere or
        belongs to somebody else.
        """
        joined = await self._joined_rooms()
        pointed, problems = await self._resolve(), []
        room_id, made = pointed, False
        if pointed is not None and pointed not in joined and not await self._join(pointed):
            problems.append(self._taken())
            room_id = None
        if room_id is None and remembered in joined:
            room_id = remembered
        if room_id is None:
            room_id, made = await self._create(with_alias=pointed is None), True
        problems += await self._invite_missing(room_id)
        return AdminRoomFound(room_id, made, tuple(problems))

    async def _resolve(self) -> RoomId | None:
        if self._plan.room.startswith("!"):
            return RoomId(self._plan.room)
        alias = quote(f"#{self._plan.room}:{self._plan.server_name}")
        try:
            found = await self._call("GET", f"/directory/room/{alias}")
        except Refused:
            return None
        return RoomId(str(found["room_id"]))

    async def _joined_rooms(self) -> list[str]:
        rooms = await self._call("GET", "/joined_rooms")
        return list(rooms.get("joined_rooms", []))

    async def _join(self, room_id: RoomId) -> bool:
        try:
            await self._call("POST", f"/join/{quote(room_id)}", {})
        except Refused:
            return False
        return True

    def _taken(self) -> str:
        return (
            f"admin.room “{self._plan.room}” leads to a room that Luna is not in and cannot join. "
            "She uses a room of her own without that name: invite her there, or change admin.room."
        )

    async def _create(self, *, with_alias: bool) -> RoomId:
        body: dict[str, Any] = {
            "preset": "private_chat",
            "visibility": "private",
            "name": "Luna – admin",
            "topic": TOPIC,
            "invite": list(self._plan.administrators),
            "initial_state": list(self._initial_state()),
            "power_level_content_override": {"users": await self._power_levels()},
        }
        if with_alias and not self._plan.room.startswith("!"):
            body["room_alias_name"] = self._plan.room
        made = await self._call("POST", "/createRoom", body)
        log.info("made the admin room %s", made["room_id"])
        return RoomId(str(made["room_id"]))

    def _initial_state(self) -> Sequence[dict[str, Any]]:
        state = [
            {"type": "m.room.join_rules", "content": {"join_rule": "invite"}},
            {"type": "m.room.guest_access", "content": {"guest_access": "forbidden"}},
            # "invited": who is invited reads what was said since then, and nobody else does.
            {"type": "m.room.history_visibility", "content": {"history_visibility": "invited"}},
        ]
        if self._plan.encrypted:
            algorithm = {"algorithm": "m.megolm.v1.aes-sha2"}
            state.append({"type": "m.room.encryption", "content": algorithm})
        return [{"state_key": "", **event} for event in state]

    async def _power_levels(self) -> dict[str, int]:
        levels: dict[str, int] = dict.fromkeys(self._plan.administrators, 100)
        if await self._default_room_version() < _CREATORS_STAND_ABOVE:
            me = await self._call("GET", "/account/whoami")
            levels[str(me["user_id"])] = 100
        return levels

    async def _default_room_version(self) -> int:
        answer = await self._call("GET", "/capabilities")
        versions = answer.get("capabilities", {}).get("m.room_versions", {})
        default = str(versions.get("default", "1"))
        return int(default) if default.isdigit() else _CREATORS_STAND_ABOVE

    async def _invite_missing(self, room_id: RoomId) -> list[str]:
        """Invite every administrator who is neither a member, invited, nor banned."""
        answer = await self._call("GET", f"/rooms/{quote(room_id)}/members")
        known = {
            event["state_key"]
            for event in answer.get("chunk", [])
            if event["content"].get("membership") in ("join", "invite", "ban")
        }
        problems = []
        for administrator in self._plan.administrators:
            if administrator in known:
                continue
            try:
                await self._call(
                    "POST", f"/rooms/{quote(room_id)}/invite", {"user_id": administrator}
                )
            except Refused as error:
                problems.append(f"{administrator} could not be invited here: {error}")
        return problems

    async def _call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        return await self._http.call(
            method, f"/_matrix/client/v3{path}", body=body, token=self._token
        )
