"""What lives on the homeserver, as administrators may purge it: personas, rooms, all of it."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from lunabot import renewal
from lunabot.admin.services import Services
from lunabot.admin.wording import code, counted
from lunabot.errors import LunaError, Refused, UserMistake, WorldError
from lunabot.homeserver.admin_api import ServerRoom
from lunabot.matrix.ids import RoomId, UserId
from lunabot.memory import purging
from lunabot.purging.scope import Holdings, Report

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Personas:
    """All personas, each dismissed."""

    services: Services

    async def look(self) -> Holdings | None:
        """Return who would go."""
        found = self._all()
        if not found:
            return None
        return Holdings(
            f"{counted(len(found), 'persona')}, with account, document and keys",
            _some([f"`{who}`" for who in found]),
            "What was said stays in the rooms.",
            " ".join(found),
        )

    async def empty(self, report: Report) -> str:
        """Dismiss each; those that cannot go are named, and the others go."""
        found = self._all()
        trouble: list[str] = []
        for done, who in enumerate(found):
            await report(f"{done} of {counted(len(found), 'persona')} are gone.")
            try:
                await self.services.personas().despawn(who)
            except LunaError as error:
                trouble.append(f"`{who}`: {error}")
        await purging.scrub(self.services.memory)
        return _result(counted(len(found), "persona"), len(self._all()), trouble)

    def _all(self) -> list[UserId]:
        state = self.services.memory.state
        return sorted({*state.personas(), *state.broken_personas()})


@dataclass(frozen=True, slots=True)
class Rooms:
    """The rooms that Luna or a persona made, with all that was said there; never the admin room."""

    services: Services

    async def look(self) -> Holdings | None:
        """Return which rooms would go."""
        found = await self._all()
        if not found:
            return None
        members = sum(room.joined_members for room in found)
        return Holdings(
            f"{counted(len(found), 'room')} that we made, with {counted(members, 'membership')} "
            "and all that was said there, on the server and in my memory",
            _some([f"{code(room.name or 'no name')} `{room.room_id}`" for room in found]),
            "This room stays, and so do rooms that others made. There is no way back.",
            " ".join(room.room_id for room in found),
        )

    async def empty(self, report: Report) -> str:
        """Delete each; those that cannot go are named, and the others go."""
        found = await self._all()
        trouble: list[str] = []
        for done, room in enumerate(found):
            await report(f"{done} of {counted(len(found), 'room')} are gone.")
            try:
                await self._delete(room.room_id)
            except WorldError as error:
                trouble.append(f"`{room.room_id}`: {error}")
        await purging.scrub(self.services.memory)
        return _result(counted(len(found), "room"), len(await self._all()), trouble)

    async def _all(self) -> list[ServerRoom]:
        own = self.services.own_accounts()
        rooms = await self.services.admin_api.rooms()
        return sorted(
            (each for each in rooms if each.creator in own and not self._is_admin_room(each)),
            key=lambda room: room.room_id,
        )

    def _is_admin_room(self, room: ServerRoom) -> bool:
        alias = self.services.settings.admin_alias
        return room.room_id == self.services.admin_room or (
            alias is not None and room.canonical_alias == alias
        )

    async def _delete(self, room_id: RoomId) -> None:
        """Delete a room, first what can be asked for no more once it is gone.

        Those are its messages here, and its invitations: clients would show them for ever.
        """
        services, now = self.services, self.services.account.server_now()
        await purging.purge_messages(services.memory, room_id, None, now, _unheard)
        with contextlib.suppress(Refused):  # we are not there, or may not
            for user, membership in (await services.client_api.memberships(room_id)).items():
                if membership == "invite":
                    await services.client_api.kick(room_id, user, "the room is deleted")
        await services.admin_api.delete_room(room_id)
        services.personas().fleet.forget_room(room_id)


@dataclass(frozen=True, slots=True)
class Server:
    """The managed homeserver: all of it is made anew."""

    services: Services

    async def look(self) -> Holdings | None:
        """Return what is on the server; raises `UserMistake` where it is not Luna's own."""
        services = self.services
        if not services.settings.homeserver.managed:
            raise UserMistake("That is not my homeserver: whoever runs it can empty it.")
        users = [user for user in await services.admin_api.users() if not user.deactivated]
        rooms = await services.admin_api.rooms()
        personas = services.memory.state.personas()
        ids = sorted([*(user.user_id for user in users), *(room.room_id for room in rooms)])
        return Holdings(
            "**The whole homeserver**, with all accounts, rooms, messages and files",
            [
                f"{counted(len(users), 'account')}, {counted(len(personas), 'persona')} among them",
                counted(len(rooms), "room"),
                "all that I remember",
                "my keys and everybody's sessions: you log in anew, and verify me anew",
            ],
            "The administrators get the passwords that they had first (in `secrets/passwords` at "
            "my machine), I make a new admin room and invite them, and nothing else. The audit "
            "trail and the tokens spent stay. There is no way back.",
            sha256(" ".join(ids).encode()).hexdigest(),
        )

    async def empty(self, report: Report) -> str:
        """Order it, and begin anew: nobody is here any more to read what comes of it."""
        holdings = await self.look()
        await asyncio.to_thread(renewal.order, self.services.settings)
        self.services.begin_anew("the homeserver is made anew, as was ordered")
        lines = ", ".join(holdings.lines[:2]) if holdings else "nothing"
        return (
            f"{lines} before; after it, the administrators and me. I begin anew now: log in again "
            "in a few seconds."
        )


def _some(lines: Sequence[str]) -> list[str]:
    more = len(lines) - _SHOWN
    return [*lines[:_SHOWN], *([f"and {more:,} more"] if more > 0 else [])]


def _result(before: str, after: int, trouble: Sequence[str]) -> str:
    told = f"{before} before, {after:,} after."
    if trouble:
        raise WorldError(
            "\n".join([told, "These could not go:", *(f"- {each}" for each in trouble)])
        )
    return told


async def _unheard(taken: int) -> None:
    """Report to nobody."""
