"""Summoning a persona: account, device, room, membership, document and life, or nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from lunabot.errors import UserMistake
from lunabot.homeserver.admin_api import AdminApi
from lunabot.matrix.account import Account
from lunabot.matrix.ids import RoomId, UserId
from lunabot.memory.journal import Undertaking
from lunabot.memory.memory import Memory
from lunabot.opening import Opened
from lunabot.personas.fleet import Fleet
from lunabot.personas.home import Homes
from lunabot.personas.persona import Persona
from lunabot.personas.transaction import Facts, Step, carry_out, take_back

SPAWN = "spawn"


@dataclass(frozen=True, slots=True)
class Summons:
    """Who is to be summoned. Without a `room`, one is made and `asker` invited.

    `notes` and `extra` are those of a persona that is a copy, or comes from a file.
    """

    user_id: UserId
    displayname: str
    system_prompt: str
    asker: UserId
    traits: Mapping[str, int | str]
    model: str = ""
    room: RoomId | None = None
    notes: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a summons made. `alias` is that of the new room, empty where the room was given."""

    persona: Persona
    room_id: RoomId
    alias: str


@dataclass(frozen=True, slots=True)
class Summoner:
    """Carries out summons, several at a time. `luna` tells the server's time."""

    luna: Account
    admin_api: AdminApi
    homes: Homes
    memory: Memory
    fleet: Fleet

    async def spawn(self, summons: Summons) -> Receipt:
        """Make a persona; raises `UserMistake` or `WorldError`, and then nothing was made."""
        await self._require_free(summons)
        alias = "" if summons.room else await self.homes.free_alias(summons.user_id)
        facts = {"room": summons.room or "", "alias": alias, "asker": summons.asker}
        birth = _Birth(self, summons)
        try:
            facts = await carry_out(
                self.memory.archive, SPAWN, summons.user_id, facts, birth.steps()
            )
        finally:
            await birth.close()
        persona = self.fleet.company.personas()[summons.user_id]
        return Receipt(persona, RoomId(facts["room"]), alias)

    async def take_back(self, undertaking: Undertaking) -> bool:
        """Undo a summons that a crash cut off; return whether all of it could be."""
        user_id = UserId(undertaking.subject)
        nobody = Summons(user_id, "", "", user_id, {})
        return await take_back(self.memory.archive, undertaking, _Birth(self, nobody).steps())

    async def _require_free(self, summons: Summons) -> None:
        if summons.user_id in self.fleet.company.characters():
            raise UserMistake(f"{summons.user_id} is mine already: `!personas` lists them.")
        found = await self.admin_api.user(summons.user_id)
        if found and not found.deactivated:
            raise UserMistake(
                f"{summons.user_id} belongs to somebody: choose another name for the persona."
            )


class _Birth:
    """The steps of one summons; `opened` is the account between two of them."""

    def __init__(self, summoner: Summoner, summons: Summons) -> None:
        self._s = summoner
        self._summons = summons
        self._user_id = summons.user_id
        self._opened: Opened | None = None

    def steps(self) -> tuple[Step, ...]:
        return (
            Step("account", self._make_account, self._erase_account),
            Step("device", self._make_device, self._drop_device),
            Step("room", self._make_room, self._delete_room),
            Step("membership", self._join, self._leave),
            Step("document", self._write, self._remove),
            Step("life", self._begin, self._end),
        )

    async def close(self) -> None:
        """Close the account, if it was opened and the fleet has not taken it."""
        opened, self._opened = self._opened, None
        if opened:
            await opened.account.close()

    async def _make_account(self, facts: Facts) -> None:
        await self._s.admin_api.put_user(
            self._user_id,
            password=self._s.fleet.secrets.password(self._user_id),
            display_name=self._summons.displayname,
            deactivated=False,
        )
        await self._s.admin_api.override_ratelimit(self._user_id)

    async def _erase_account(self, facts: Facts) -> None:
        found = await self._s.admin_api.user(self._user_id)
        if found and not found.deactivated:
            await self._s.admin_api.deactivate(self._user_id, erase=True)
        self._s.fleet.secrets.remove(self._user_id)

    async def _make_device(self, facts: Facts) -> None:
        # An account that is revived has an identity whose keys were deleted with the persona.
        self._opened = await self._s.fleet.open(self._user_id, reset_identity=True)

    async def _drop_device(self, facts: Facts) -> None:
        await self.close()
        await self._s.memory.archive.forget_account(self._user_id)

    async def _make_room(self, facts: Facts) -> None:
        if facts["alias"]:
            facts["room"] = await self._s.homes.make(
                facts["alias"],
                self._summons.displayname,
                persona=self._user_id,
                invited=self._summons.asker,
            )

    async def _delete_room(self, facts: Facts) -> None:
        if facts["alias"]:
            await self._s.homes.delete(
                facts["alias"], persona=self._user_id, invited=UserId(facts["asker"])
            )

    async def _join(self, facts: Facts) -> None:
        room_id = RoomId(facts["room"])
        await self._s.homes.invite(room_id, self._user_id)
        assert self._opened
        await self._opened.account.join(room_id)

    async def _leave(self, facts: Facts) -> None:
        if facts["room"]:
            await self._s.homes.leave(RoomId(facts["room"]), self._user_id)

    async def _write(self, facts: Facts) -> None:
        summons = self._summons
        persona = Persona(
            user_id=summons.user_id,
            displayname=summons.displayname,
            system_prompt=summons.system_prompt,
            traits=summons.traits,
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            created_by=summons.asker,
            model=summons.model,
            notes=summons.notes,
            extra=summons.extra,
        )
        self._s.fleet.keep(persona.joined(RoomId(facts["room"]), self._s.luna.server_now()))
        await self._s.memory.state.flush()

    async def _remove(self, facts: Facts) -> None:
        await self._s.fleet.forget(self._user_id)

    async def _begin(self, facts: Facts) -> None:
        assert self._opened
        opened, self._opened = self._opened, None  # the fleet closes it from now on
        await self._s.fleet.admit(self._user_id, opened)

    async def _end(self, facts: Facts) -> None:
        await self._s.fleet.dismiss(self._user_id)
