"""Changing a persona: on the server and in its document together, or not at all."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

from lunabot.errors import WorldError
from lunabot.homeserver.attachments import Attachment
from lunabot.homeserver.client_api import ClientApi
from lunabot.matrix.ids import RoomId, UserId
from lunabot.matrix.session import load_session
from lunabot.personas.exchange import Change
from lunabot.personas.fleet import Fleet
from lunabot.personas.home import Homes
from lunabot.personas.persona import Persona


@dataclass(frozen=True, slots=True)
class Shaper:
    """Changes personas: their documents, and in their own names their profiles and rooms."""

    homes: Homes
    fleet: Fleet

    async def change(
        self,
        user_id: UserId,
        apply: Callable[[Persona], Persona],
        avatar: Attachment | None = None,
    ) -> Change:
        """Let a persona be what `apply` makes of it, from its next answer on.

        `apply` leaves its stays alone; it is asked again when the server has agreed. Raises
        `WorldError`, or what `apply` raises, and then all is as it was.
        """
        before = self._now(user_id)
        after = apply(before)
        async with AsyncExitStack() as undo:
            if after.displayname != before.displayname:
                api = self._acting_for(user_id)
                undo.push_async_callback(api.set_displayname, user_id, before.displayname)
                await api.set_displayname(user_id, after.displayname)
            if avatar:
                await self._set_avatar(user_id, avatar, undo)
            after = apply(self._now(user_id))
            undo.callback(lambda: self.fleet.keep(replace(before, stays=self._now(user_id).stays)))
            self.fleet.keep(after)
            await self.fleet.state.flush()
            undo.pop_all()
        return Change(before, after)

    async def join(self, user_id: UserId, room_id: RoomId) -> None:
        """Invite a persona to a room and let it join; raises `UserMistake` or `WorldError`.

        Its document learns of it, as of every join and leave, with what its account syncs.
        """
        api = self._acting_for(user_id)
        await self.homes.invite(room_id, user_id)
        await api.join(room_id)

    async def leave(self, user_id: UserId, room_id: RoomId) -> bool:
        """Let a persona leave a room; return whether it was there. Raises `WorldError`."""
        api = self._acting_for(user_id)
        if room_id not in await api.joined_rooms():
            return False
        await api.leave(room_id)
        return True

    async def _set_avatar(self, user_id: UserId, avatar: Attachment, undo: AsyncExitStack) -> None:
        api = self._acting_for(user_id)
        uri = await api.upload(avatar.data, avatar.mimetype)
        undo.push_async_callback(api.set_avatar, user_id, await api.avatar(user_id))
        await api.set_avatar(user_id, uri)

    def _now(self, user_id: UserId) -> Persona:
        return self.fleet.company.personas()[user_id]

    def _acting_for(self, user_id: UserId) -> ClientApi:
        session = load_session(self.fleet.secrets.session(user_id))
        if session is None:
            raise WorldError(f"{user_id} is not logged in just now")
        return self.homes.client_api.acting_for(session.access_token)
