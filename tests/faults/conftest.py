"""The world of the fault campaign, with a homeserver of its own."""

import random
from collections.abc import AsyncIterator, Callable

import pytest

from tests.e2e.conftest import fixture
from tests.e2e.homeserver import SynapseProcess
from tests.e2e.house import House
from tests.e2e.proxy import FaultyProxy
from tests.fake_model import FakeModel
from tests.faults.campaign import SEED, Campaign
from tests.faults.whims import Whims
from tests.faults.world import World, make_world


@fixture(scope="session")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """The world all campaigns share; each leaves it as it was."""
    server = SynapseProcess(tmp_path_factory.mktemp("homeserver"))
    await server.start()
    try:
        async with (
            FakeModel(Whims(random.Random(SEED), share=0)) as model,
            FaultyProxy(server.url) as proxy,
            House(server, tmp_path_factory.mktemp("house"), model.base_url) as house,
        ):
            yield await make_world(house, server, proxy, model)
    finally:
        await server.stop()


@fixture
async def campaign(world: World, tell: Callable[[str], None]) -> Campaign:
    """A campaign against a Luna who runs."""
    if not world.luna.process.running:
        await world.luna.start()
    return Campaign(world, tell)
