"""Dismissing a persona: all of it goes, and a crash in the middle only delays that."""

from dataclasses import dataclass

from lunabot.errors import Refused, UserMistake
from lunabot.homeserver.admin_api import AdminApi
from lunabot.homeserver.sessions import open_session
from lunabot.matrix.ids import RoomId, UserId, localpart
from lunabot.memory.journal import Undertaking
from lunabot.memory.memory import Memory
from lunabot.personas.fleet import Fleet
from lunabot.personas.home import Homes
from lunabot.personas.transaction import Facts, Step, go_on

DESPAWN = "despawn"


@dataclass(frozen=True, slots=True)
class Departure:
    """What a dismissal would take, or took: `exists` is the account on the server."""

    user_id: UserId
    has_document: bool
    exists: bool
    rooms: tuple[RoomId, ...]


@dataclass(frozen=True, slots=True)
class Dismisser:
    """Dismisses personas. A dismissal is never taken back, only completed."""

    admin_api: AdminApi
    homes: Homes
    memory: Memory
    fleet: Fleet

    async def look(self, user_id: UserId) -> Departure:
        """Return what a dismissal would take; raises `UserMistake` for whoever is no persona."""
        found = await self.admin_api.user(user_id)
        persona = self.fleet.company.personas().get(user_id)
        broken = user_id in self.memory.state.broken_personas()
        exists = found is not None and not found.deactivated
        if exists and not (persona or broken or self._is_ours(user_id)):
            raise UserMistake(f"{user_id} is no persona of mine: I dismiss nobody else.")
        return Departure(
            user_id, persona is not None or broken, exists, persona.rooms if persona else ()
        )

    async def despawn(self, user_id: UserId, *, redact: bool = False) -> None:
        """Dismiss a persona; what is gone already is passed over. Raises `WorldError`.

        With `redact` what it said goes, too. What fails is gone on with later.
        """
        facts = {"redact": "yes" if redact else ""}
        undertaking = await self.memory.archive.begin(DESPAWN, user_id, facts)
        await self.complete(undertaking)

    async def complete(self, undertaking: Undertaking) -> None:
        """Do, or go on with, a dismissal; raises `WorldError`."""
        user_id = UserId(undertaking.subject)

        async def stop(facts: Facts) -> None:
            await self.fleet.dismiss(user_id)

        async def take_words_back(facts: Facts) -> None:
            if facts["redact"]:
                await self.admin_api.redact_user(user_id)

        async def leave(facts: Facts) -> None:
            await self._leave_rooms(user_id)

        async def erase(facts: Facts) -> None:
            found = await self.admin_api.user(user_id)
            if found and not found.deactivated:
                await self.admin_api.deactivate(user_id, erase=True)

        async def forget(facts: Facts) -> None:
            await self.fleet.forget(user_id)
            await self.memory.archive.forget_account(user_id)
            self.fleet.secrets.remove(user_id)

        steps = [
            Step("stop", stop),
            Step("redact", take_words_back),
            Step("leave", leave),
            Step("erase", erase),
            Step("forget", forget),
        ]
        await go_on(self.memory.archive, undertaking, steps)

    def _is_ours(self, user_id: UserId) -> bool:
        """Tell whether an account without a document was a persona: its secrets are here still."""
        return localpart(user_id) in self.fleet.secrets.known()

    async def _leave_rooms(self, user_id: UserId) -> None:
        """Leave every room, while the account can still log in."""
        secrets, api = self.fleet.secrets, self.homes.client_api
        try:
            session = await open_session(
                self.fleet.http, secrets.session(user_id), user_id, secrets.password(user_id)
            )
            persona_api = api.acting_for(session.access_token)
            for room_id in await persona_api.joined_rooms():
                await persona_api.leave(room_id)
        except Refused:
            return  # the account is gone, and the server sees to its rooms
