"""Many people, rooms and personas around one Luna: the world of the soak.

In each room one person's client follows what is said, and the others look over its shoulder: 200
that follow would take all the time of a Synapse on a small machine, and tell nothing more of Luna.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

from tests.e2e.administrator import Administrator
from tests.e2e.homeserver import SynapseProcess, free_port
from tests.e2e.house import House
from tests.e2e.person import Person
from tests.e2e.proxy import FaultyProxy
from tests.e2e.session import unique
from tests.e2e.talk import name_of
from tests.e2e.timeline import membership
from tests.fake_model import FakeModel
from tests.faults.world import SECTIONS, Place, World

PATIENCE_S = 120.0
AT_ONCE = 4  # rooms that are made at a time
IN_A_GROUP = 2  # personas


@dataclass(frozen=True, slots=True)
class Size:
    """How large a town is. A third of the rooms are direct ones, with Luna or with a persona."""

    rooms: int
    personas: int
    people: int


@dataclass(frozen=True, slots=True)
class Town:
    """A world, and where its Luna serves her figures."""

    world: World
    metrics_url: str


async def found(
    house: House, server: SynapseProcess, proxy: FaultyProxy, model: FakeModel, size: Size
) -> Town:
    """Bring everybody together; takes a minute or two."""
    port = free_port()
    sections: dict[str, Any] = {**SECTIONS, "metrics": {"port": port}}
    household = await house.household(homeserver_url=proxy.url, sections=sections, forked=False)
    luna, admin = household
    personas = [await _summon(admin) for _ in range(size.personas)]
    people = [await house.person() for _ in range(size.people)]
    limit = asyncio.Semaphore(AT_ONCE)

    async def settle(guests: Sequence[Person], accounts: Sequence[str]) -> list[Place]:
        async with limit:
            return await _settle(guests, accounts, luna.user_id)

    settled = await asyncio.gather(
        *(settle(*each) for each in _share_out(people, personas, luna.user_id, size.rooms))
    )
    places = [place for room in settled for place in room]
    world = World(server, proxy, model, luna, admin, places)
    return Town(world, f"http://127.0.0.1:{port}/metrics")


async def _summon(admin: Administrator) -> str:
    name = unique("scout")
    result = await admin.command(f"/spawn {name} You know trails.", PATIENCE_S)
    assert result.mark == "✅", result
    return f"@{name}:{admin.luna_id.partition(':')[2]}"


def _share_out(
    people: Sequence[Person], personas: Sequence[str], luna: str, rooms: int
) -> Iterator[tuple[list[Person], list[str]]]:
    """Yield who is in which room: people, and those who answer there."""
    direct = rooms // 3
    speakers = cycle(personas)
    for number, person in enumerate(people[:direct]):
        yield [person], [luna if number % 2 else next(speakers)]
    groups = rooms - direct
    for number in range(groups):
        yield list(people[direct + number :: groups]), [luna, *islice(speakers, IN_A_GROUP)]


async def _settle(people: Sequence[Person], accounts: Sequence[str], luna: str) -> list[Place]:
    host, *guests = people
    if not guests:
        room = await host.direct(accounts[0], timeout_s=PATIENCE_S)
        return [Place(host, room, {accounts[0]: ""})]
    invited = [*(guest.user_id for guest in guests), *accounts]
    room = await host.create_room(invite=invited)
    for guest in guests:
        await guest.accept_invitation(room, timeout_s=PATIENCE_S)
    for user in invited:
        await host.wait_for(room, membership(user, "join"), PATIENCE_S)
    for guest in guests:
        await guest.rest()
    names = {each: "luna" if each == luna else name_of(each) for each in accounts}
    return [Place(person, room, names, listener=host) for person in people]
