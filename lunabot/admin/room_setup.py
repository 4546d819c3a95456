"""The admin room: made when it is missing, otherwise left as it is."""

import logging
from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Any

from lunabot.errors import Refused
from lunabot.homeserver.client_api import ClientApi
from lunabot.matrix.ids import RoomId, UserId

log = logging.getLogger(__name__)

TOPIC = (
    "Luna's admin room. Type !commands to see what she does. "
    "“!” works in every client, “/” in most."
)
_CREATORS_STAND_ABOVE = 12  # room version from which creators are not in the power levels (MSC4289)


@dataclass(frozen=True, slots=True)
class RoomPlan:
    """What the admin room should be: `me` makes it, `room` is an alias localpart or a room id."""

    me: UserId
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

    def __init__(self, api: ClientApi, plan: RoomPlan) -> None:
        self._api = api
        self._plan = plan

    async def ensure(self, remembered: RoomId | None) -> AdminRoomFound:
        """Return the admin room with every administrator a member or invited.

        `remembered` is the room that was found last time by the same plan. It goes before the
        alias, which somebody else may have pointed at a room of theirs since.
        """
        joined, pointed = await self._api.joined_rooms(), await self._resolve()
        room_id = remembered if remembered in joined else None
        if room_id is None and pointed and await self._move_in(pointed, joined):
            room_id = pointed
        problems = [self._taken()] if pointed not in (None, room_id) else []
        made = room_id is None
        if room_id is None:
            room_id = await self._create(with_alias=pointed is None)
        problems += await self._invite_missing(room_id)
        return AdminRoomFound(room_id, made, tuple(problems))

    async def _resolve(self) -> RoomId | None:
        if self._plan.room.startswith("!"):
            return RoomId(self._plan.room)
        return await self._api.resolve_alias(f"#{self._plan.room}:{self._plan.server_name}")

    async def _move_in(self, room_id: RoomId, joined: Container[RoomId]) -> bool:
        """Join a room that was made ready for this; one with strangers in it is left again."""
        if room_id not in joined:
            try:
                await self._api.join(room_id)
            except Refused:
                return False
        memberships = await self._api.memberships(room_id)
        members = {user for user, membership in memberships.items() if membership == "join"}
        if members <= {self._plan.me, *self._plan.administrators}:
            return True
        if room_id not in joined:
            await self._api.leave(room_id)
        return False

    def _taken(self) -> str:
        return (
            f"admin.room “{self._plan.room}” leads to a room that Luna cannot join, or that is not "
            "the administrators' alone. She uses a room of her own without that name: put that "
            "right and invite her there, or change admin.room."
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
        room_id = await self._api.create_room(body)
        log.info("made the admin room %s", room_id)
        return room_id

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

    async def _power_levels(self) -> dict[UserId, int]:
        levels = dict.fromkeys(self._plan.administrators, 100)
        version = await self._api.default_room_version()
        if version.isdigit() and int(version) < _CREATORS_STAND_ABOVE:
            levels[self._plan.me] = 100
        return levels

    async def _invite_missing(self, room_id: RoomId) -> list[str]:
        """Invite every administrator who is neither a member, invited, nor banned."""
        memberships = await self._api.memberships(room_id)
        problems = []
        for administrator in self._plan.administrators:
            if memberships.get(administrator) in ("join", "invite", "ban"):
                continue
            try:
                await self._api.invite(room_id, administrator)
            except Refused as error:
                problems.append(f"{administrator} could not be invited here: {error}")
        return problems
