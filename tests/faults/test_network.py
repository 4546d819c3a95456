"""The homeserver goes away, or its answers do, while people talk with Luna."""

import asyncio
import random

import pytest
from aiohttp import web

from tests.e2e.faults import Behaviour, Forward, lost_answer
from tests.faults.campaign import LONG, Campaign
from tests.faults.world import World

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(7200 if LONG else 300),
]
RESTARTS = 10 if LONG else 1
CUT_S = 60.0 if LONG else 3.0
QUESTIONS = 1000 if LONG else 30


def sometimes(draw: random.Random, share: float, behaviour: Behaviour) -> Behaviour:
    """Behave so towards a share of the requests; the others go on."""

    async def behave(request: web.Request, forward: Forward) -> web.Response:
        return await (behaviour(request, forward) if draw.random() < share else forward())

    return behave


async def test_the_server_restarts(world: World, campaign: Campaign) -> None:
    async with campaign.load():
        for _ in range(RESTARTS):
            await campaign.asked(10)
            await world.server.stop()
            await world.server.start()
            await campaign.asked(10)
            await asyncio.gather(world.server.kill(), world.luna.kill())
            await world.server.start()
            await world.luna.start()
    await campaign.conclude(f"server restarted {2 * RESTARTS} times, killed in half of them")


async def test_the_connection_is_cut(world: World, campaign: Campaign) -> None:
    async with campaign.load():
        await campaign.asked(10)
        await world.proxy.stop()
        await asyncio.sleep(CUT_S)
        await world.proxy.start()
        await campaign.asked(10)
    await campaign.conclude(f"connection cut for {CUT_S:.0f} s")


async def test_answers_of_the_server_are_lost(world: World, campaign: Campaign) -> None:
    losing = sometimes(campaign.draw, 0.3, lost_answer())
    with world.proxy.fault("/send/|/sync|/typing|/receipt", losing) as lost:
        async with campaign.load():
            await campaign.asked(QUESTIONS)
    await campaign.conclude(f"a third of {lost.hits} answers of the server lost")
