"""A Luna with a persona, behind a proxy, and the people who talk with them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.e2e.administrator import Administrator
from tests.e2e.homeserver import SynapseProcess
from tests.e2e.house import House, Household
from tests.e2e.luna import LunaProcess
from tests.e2e.person import Person
from tests.e2e.proxy import FaultyProxy
from tests.e2e.session import unique
from tests.e2e.timeline import membership
from tests.fake_model import FakeModel

PEOPLE = 10
GROUPS = 2
# Her people write at any speed, which other tests look at; slow answers soon show, and grow.
SECTIONS = {
    "answers": {"grow_after_s": 0.3},
    "llm": {"timeout_s": 6},
    "loops": {"inhuman_seconds": 0, "pair_events": 10_000},
}


@dataclass(frozen=True, slots=True)
class Place:
    """A person in a room, and who answers there: user ids and the names they are called by.

    `listener` is who follows the room, where the person's own client does not.
    """

    person: Person
    room: str
    addressees: Mapping[str, str]
    listener: Person | None = None


@dataclass(frozen=True, slots=True)
class World:
    """Everything a fault can be made in, and the places where people talk."""

    server: SynapseProcess
    proxy: FaultyProxy
    model: FakeModel
    luna: LunaProcess
    admin: Administrator
    places: Sequence[Place]


async def make_world(
    house: House, server: SynapseProcess, proxy: FaultyProxy, model: FakeModel
) -> World:
    """Bring everybody together: each person alone with Luna, and some in groups of two."""
    household = await house.household(homeserver_url=proxy.url, sections=SECTIONS)
    persona = await _summon(household)
    people = await asyncio.gather(*(house.person() for _ in range(PEOPLE)))
    luna = household.luna.user_id
    rooms = await asyncio.gather(*(person.direct(luna, timeout_s=60) for person in people))
    places = [Place(person, room, {luna: ""}) for person, room in zip(people, rooms, strict=True)]
    for pair in zip(people[:GROUPS], people[GROUPS : 2 * GROUPS], strict=True):
        room = await _gather(*pair, luna, persona)
        names = {luna: "luna", persona: persona.partition(":")[0].removeprefix("@")}
        places += [Place(person, room, names) for person in pair]
    return World(server, proxy, model, household.luna, household.admin, places)


async def _summon(household: Household) -> str:
    name = unique("scout")
    result = await household.admin.command(f"/spawn {name} You know trails.")
    assert result.mark == "✅", result
    return f"@{name}:{household.luna.user_id.partition(':')[2]}"


async def _gather(host: Person, guest: Person, *accounts: str) -> str:
    room = await host.create_room(invite=[guest.user_id, *accounts])
    await guest.accept_invitation(room)
    for account in accounts:
        await host.wait_for(room, membership(account, "join"))
    return room
