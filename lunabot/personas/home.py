"""The rooms personas live in: made for one, or joined on an invitation of Luna's."""

import logging
from dataclasses import dataclass

from lunabot.errors import Refused, UserMistake
from lunabot.homeserver.admin_api import AdminApi
from lunabot.homeserver.client_api import ClientApi
from lunabot.matrix.ids import RoomId, UserId, localpart, server_name
from lunabot.matrix.session import load_session
from lunabot.personas.secrets import PersonaSecrets

log = logging.getLogger(__name__)

_MARK = "org.luna.persona"  # in the creation event: whose room it was made to be


@dataclass(frozen=True, slots=True)
class Homes:
    """Makes rooms and memberships with Luna's account, and takes them back."""

    client_api: ClientApi
    admin_api: AdminApi
    secrets: PersonaSecrets

    async def free_alias(self, persona: UserId) -> str:
        """Return an alias, after the persona's name, that leads nowhere yet."""
        name, server = localpart(persona), server_name(persona)
        number = 1
        while await self.client_api.resolve_alias(alias := _alias(name, number, server)):
            number += 1
        return alias

    async def make(self, alias: str, name: str, *, persona: UserId, invited: UserId) -> RoomId:
        """Make a persona's room; asked again with the same alias, return the one that was made.

        The alias makes it so: where the answer to the first request was lost, the second is
        refused because of it.
        """
        body = {
            "preset": "private_chat",
            "name": name,
            "room_alias_name": localpart(alias),
            "invite": [invited],
            "creation_content": {_MARK: persona},
        }
        try:
            return await self.client_api.create_room(body)
        except Refused as error:
            room_id = await self._made_for(alias, persona)
            if error.errcode == "M_ROOM_IN_USE" and room_id:
                return room_id
            raise

    async def delete(self, alias: str, *, persona: UserId, invited: UserId) -> None:
        """Delete the room that was made for a persona under an alias, if it was.

        Who was invited has to go first: of a room that is no more, clients show the invitation for
        ever, and Synapse fails at the sync that would bring its end.
        """
        room_id = await self._made_for(alias, persona)
        if room_id is None:
            return
        try:
            await self.client_api.kick(room_id, invited, "the persona could not be made")
        except Refused as error:
            log.info("%s stays in %s until it is deleted: %s", invited, room_id, error)
        await self.admin_api.delete_room(room_id)

    async def invite(self, room_id: RoomId, persona: UserId) -> None:
        """Invite a persona to a room; raises `UserMistake` where Luna cannot."""
        try:
            membership = (await self.client_api.memberships(room_id)).get(persona)
            if membership not in ("join", "invite"):
                await self.client_api.invite(room_id, persona)
        except Refused as error:
            raise UserMistake(
                f"I cannot invite anybody to `{room_id}` ({error}): invite me there first, and "
                "give me the power level to invite."
            ) from error

    async def leave(self, room_id: RoomId, persona: UserId) -> None:
        """Let a persona leave a room, or decline its invitation, if it is still logged in."""
        session = load_session(self.secrets.session(persona))
        if session is None:
            return
        try:
            await self.client_api.acting_for(session.access_token).leave(room_id)
        except Refused:
            return  # it was not there, or is no more

    async def _made_for(self, alias: str, persona: UserId) -> RoomId | None:
        room_id = await self.client_api.resolve_alias(alias)
        if room_id is None:
            return None
        try:
            creation = await self.client_api.state(room_id, "m.room.create")
        except Refused:
            return None  # somebody else's
        return room_id if creation.get(_MARK) == persona else None


def _alias(name: str, number: int, server: str) -> str:
    return f"#{name}:{server}" if number == 1 else f"#{name}-{number}:{server}"
