"""The rooms of the seed: found again by what is remembered of them, or by name and creator."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from lunabot.admin.services import Services
from lunabot.admin.wording import code
from lunabot.config.seed import SeedRoom
from lunabot.errors import Refused, UserMistake
from lunabot.matrix.ids import RoomId, UserId
from lunabot.seeding.outcome import Outcome

_ENCRYPTION = "m.room.encryption"
_ALGORITHM = {"algorithm": "m.megolm.v1.aes-sha2"}


@dataclass(frozen=True, slots=True)
class SeedRooms:
    """Finds and makes rooms with Luna's account; with `update`, what differs is changed."""

    services: Services
    update: bool
    _known: dict[str, RoomId] = field(default_factory=dict)

    async def ensure(self, seed: SeedRoom) -> Outcome:
        """Make a room if it is missing; raises `WorldError`."""
        room_id = await self._find(seed.name)
        if room_id is None:
            room_id = await self._make(seed)
            self._remember(seed.name, room_id)
            return Outcome("made", f"room {code(seed.name)} `{room_id}`")
        self._remember(seed.name, room_id)
        return await self._compare(seed, room_id)

    async def existing(self, reference: str) -> RoomId:
        """Return a room by its id, alias, or its name in the seed once it was seen to.

        Raises `UserMistake`.
        """
        if reference.startswith("!"):
            return RoomId(reference)
        if reference.startswith("#"):
            found = await self.services.client_api.resolve_alias(reference)
        else:
            found = self._known.get(reference)
        if found is None:
            raise UserMistake(f"there is no room {code(reference)}")
        return found

    async def _find(self, name: str) -> RoomId | None:
        """Return the room that the seed calls so, if Luna is in it."""
        joined = await self.services.client_api.joined_rooms()
        remembered = RoomId(self.services.memory.state.fact(_fact(name)) or "")
        if remembered in joined:
            return remembered
        try:
            rooms = await self.services.admin_api.rooms()
        except Refused:
            return None  # no server administrator: then only what is remembered is found
        me = self.services.account.user_id
        named = (each.room_id for each in rooms if (each.name, each.creator) == (name, me))
        return min((each for each in named if each in joined), default=None)

    async def _make(self, seed: SeedRoom) -> RoomId:
        encryption = {"type": _ENCRYPTION, "state_key": "", "content": _ALGORITHM}
        return await self.services.client_api.create_room(
            {
                "preset": "private_chat",
                "name": seed.name,
                "initial_state": [encryption] if seed.encrypted else [],
            }
        )

    async def _compare(self, seed: SeedRoom, room_id: RoomId) -> Outcome:
        name = (await self._state(room_id, "m.room.name")).get("name", "")
        encrypted = bool(await self._state(room_id, _ENCRYPTION))
        wrong: dict[str, tuple[str, dict[str, str]]] = {}
        if name != seed.name:
            wrong[f"is called {code(name or '?')}"] = ("m.room.name", {"name": seed.name})
        if seed.encrypted and not encrypted:
            wrong["is not encrypted"] = (_ENCRYPTION, _ALGORITHM)
        for_ever = ["is encrypted, which cannot be undone"] if encrypted > seed.encrypted else []
        if self.update:
            for event_type, content in wrong.values():
                await self.services.client_api.set_state(room_id, event_type, content)
        return self._outcome(f"room {code(seed.name)}", list(wrong), for_ever)

    def _outcome(self, what: str, wrong: Sequence[str], for_ever: Sequence[str]) -> Outcome:
        if self.update and wrong:
            return Outcome("changed", f"{what}: it {' and '.join(wrong)} no more")
        if wrong or for_ever:
            return Outcome("different", f"{what} {' and '.join((*wrong, *for_ever))}")
        return Outcome("there", what)

    async def _state(self, room_id: RoomId, event_type: str) -> dict[str, str]:
        try:
            return await self.services.client_api.state(room_id, event_type)
        except Refused as error:
            if error.errcode == "M_NOT_FOUND":
                return {}
            raise

    def _remember(self, name: str, room_id: RoomId) -> None:
        self._known[name] = room_id
        if self.services.memory.state.fact(_fact(name)) != room_id:
            self.services.memory.state.set_fact(_fact(name), room_id)


@dataclass(frozen=True, slots=True)
class Place:
    """Somebody who is to be in a room of that name."""

    who: UserId
    room: str


def _fact(name: str) -> str:
    return f"seed room {name}"
