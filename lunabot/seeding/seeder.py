"""Making what is missing of the seed: accounts, rooms, personas, memberships, in this order."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

from lunabot.admin.services import Services
from lunabot.admin.wording import code
from lunabot.config.seed import SeedPersona, SeedSettings, SeedUser
from lunabot.errors import LunaError, UserMistake
from lunabot.homeserver.sessions import keep_password
from lunabot.matrix.ids import RoomId, UserId, server_name, user_id
from lunabot.personas import portrait
from lunabot.personas.exchange import Change
from lunabot.personas.persona import Persona, from_document, to_document
from lunabot.personas.summoning import Summons
from lunabot.personas.trait import check_traits
from lunabot.seeding.outcome import Outcome
from lunabot.seeding.rooms import Place, SeedRooms

Report = Callable[[str], Awaitable[None]]
Work = Callable[[], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class Seeder:
    """Makes what is missing. With `update` it changes what differs; it never takes away.

    `asker` is noted as who made the personas.
    """

    services: Services
    asker: UserId
    update: bool
    _new: set[UserId] = field(default_factory=set)

    async def sow(self, report: Report) -> list[Outcome]:
        """Do it all, one after the other; what cannot be made keeps nothing else.

        It may be cut short anywhere and done again. `report` hears how far it is.
        """
        works = list(self._works(self.services.settings.seed))
        outcomes: list[Outcome] = []
        for done, (what, work) in enumerate(works):
            await report(f"{done} of {len(works)} are seen to.")
            try:
                outcomes.append(await work())
            except LunaError as error:
                outcomes.append(Outcome("failed", f"{what}: {error}"))
        await self.services.memory.state.flush()
        return outcomes

    def _works(self, seed: SeedSettings) -> Iterator[tuple[str, Work]]:
        """Yield what there is to see to, with what it is called where it fails."""
        rooms = SeedRooms(self.services, self.update)
        for user in seed.users:
            yield f"`{self._id(user.name)}`", partial(self._user, user)
        for room in seed.rooms:
            yield f"room {code(room.name)}", partial(rooms.ensure, room)
        places = self._places(seed)
        for persona in seed.personas:
            yield f"`{self._id(persona.name)}`", partial(self._persona, persona, rooms, places)
        for place in places:
            what = f"`{place.who}` in {code(place.room)}"
            yield what, partial(self._membership, place, rooms)

    def _places(self, seed: SeedSettings) -> list[Place]:
        """Return who is to be where, each once."""
        of_rooms = (Place(self._id(who), room.name) for room in seed.rooms for who in room.members)
        of_personas = (
            Place(self._id(each.name), room) for each in seed.personas for room in each.rooms
        )
        return list(dict.fromkeys((*of_personas, *of_rooms)))

    async def _user(self, seed: SeedUser) -> Outcome:
        who, api = self._id(seed.name), self.services.admin_api
        found = await api.user(who)
        if found and not found.deactivated:
            return Outcome("there", f"`{who}`")
        if found and not self.update:
            return Outcome("different", f"`{who}` is deactivated")
        path = self.services.settings.secrets_path / "passwords" / seed.name
        password = await asyncio.to_thread(keep_password, path)
        await api.put_user(who, password=password, deactivated=False)
        self._new.add(who)
        return Outcome("changed" if found else "made", f"account `{who}`", password=True)

    async def _persona(self, seed: SeedPersona, rooms: SeedRooms, places: list[Place]) -> Outcome:
        who, keeper = self._id(seed.name), self.services.personas()
        known = self.services.memory.state.personas().get(who)
        if known is None:
            wanted = [place.room for place in places if place.who == who]
            room = await rooms.existing(wanted[0]) if wanted else None
            receipt = await keeper.spawn(self._summons(seed, room))
            self._new.add(who)
            where = code(wanted[0]) if wanted else f"`{receipt.alias}`"
            return Outcome("made", f"persona `{who}` in {where}")
        difference = portrait.difference(Change(known, _shaped(known, seed)))
        if not difference:
            return Outcome("there", f"`{who}`")
        if not self.update:
            return Outcome("different", f"`{who}` would get {difference}")
        await keeper.change(who, lambda now: _shaped(now, seed))
        return Outcome("changed", f"`{who}`: {difference}")

    def _summons(self, seed: SeedPersona, room: RoomId | None) -> Summons:
        return Summons(
            user_id=self._id(seed.name),
            displayname=seed.displayname or seed.name,
            system_prompt=seed.system_prompt,
            asker=self.asker,
            traits=check_traits(list(seed.traits.items())),
            room=room,
        )

    async def _membership(self, place: Place, rooms: SeedRooms) -> Outcome:
        """See that somebody is in a room; who has left it is only asked again with `update`."""
        services, what = self.services, f"`{place.who}` in {code(place.room)}"
        room_id = await rooms.existing(place.room)
        is_persona = place.who in services.memory.state.personas()
        membership = (await services.client_api.memberships(room_id)).get(place.who)
        if membership == "join" or (membership == "invite" and not is_persona):
            return Outcome("there", what)
        if membership == "ban":
            raise UserMistake("is banned there: whoever runs the room can lift that")
        has_left = membership == "leave" and place.who not in self._new
        if has_left and not self.update:
            return Outcome("different", f"`{place.who}` has left {code(place.room)}")
        if is_persona:
            await services.personas().join(place.who, room_id)
        else:
            await services.client_api.invite(room_id, place.who)
        return Outcome("changed" if has_left else "made", what)

    def _id(self, member: str) -> UserId:
        """Return the user id of a localpart of this server, or of a user id."""
        if member.startswith("@"):
            return UserId(member)
        return user_id(member, server_name(self.services.account.user_id))


def _shaped(persona: Persona, seed: SeedPersona) -> Persona:
    """Return a persona as the seed wants it, in the form in which its document is read again."""
    wanted = replace(
        persona,
        displayname=seed.displayname or seed.name,
        system_prompt=seed.system_prompt,
        traits=check_traits(list(seed.traits.items())),
    )
    return from_document(persona.user_id, to_document(wanted))
