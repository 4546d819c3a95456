"""Luna is killed at random moments while people talk with her, and started again."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import cycle, islice

import pytest
from aiohttp import web

from tests.e2e.faults import Behaviour, Forward, hold, late_answer
from tests.faults.campaign import LONG, Campaign
from tests.faults.stores import check_stores
from tests.faults.world import World

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(7200 if LONG else 300),
]
KILLS = 100 if LONG else 10
LONGEST_LIFE_S = 2.0
MOST_REQUESTS = 5

Life = Callable[[World, random.Random], Awaitable[None]]


async def some_seconds(world: World, draw: random.Random) -> None:
    """Live for a random time, from before she is ready on."""
    await world.luna.spawn()
    await asyncio.sleep(draw.uniform(0, LONGEST_LIFE_S))


async def up_to_a_request(
    pattern: str, at_last: Behaviour, world: World, draw: random.Random
) -> None:
    """Live until one of her next requests of a kind, which remains without an answer."""
    reached, left = asyncio.Event(), draw.randint(0, MOST_REQUESTS)

    async def behave(request: web.Request, forward: Forward) -> web.Response:
        nonlocal left
        left -= 1
        if left >= 0:
            return await forward()
        reached.set()
        return await at_last(request, forward)

    with world.proxy.fault(pattern, behave):
        await world.luna.spawn()
        async with asyncio.timeout(60):
            await reached.wait()
        await world.luna.kill()


NEVER = asyncio.Event()
LIVES: tuple[Life, ...] = (
    some_seconds,
    partial(up_to_a_request, "/send/m.room.message", hold(NEVER)),
    partial(up_to_a_request, "/send/m.room.message", late_answer(NEVER)),
    partial(up_to_a_request, "/sync", late_answer(NEVER)),
)


async def test_killed_at_random_moments(world: World, campaign: Campaign) -> None:
    lives = list(islice(cycle(LIVES), KILLS))
    campaign.draw.shuffle(lives)
    async with campaign.load():
        await world.luna.kill()
        for live in lives:
            await live(world, campaign.draw)
            await world.luna.kill()
            check_stores(world.luna.folder)
        await world.luna.start()
    await campaign.conclude(f"killed {KILLS} times")
