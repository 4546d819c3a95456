"""The world of the end-to-end tests: one homeserver a run, one model and one Luna a module.

All of it, and all tests here, run in one event loop, so that what a fixture starts in the
background lives on while its tests run.
"""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.e2e.administrator import Administrator
from tests.e2e.homeserver import Homeserver, SynapseProcess, chosen_homeserver
from tests.e2e.house import House, Household
from tests.e2e.luna import LunaProcess
from tests.e2e.person import Person
from tests.e2e.proxy import FaultyProxy
from tests.e2e.server_operator import ServerOperator
from tests.fake_model import FakeModel

HERE = Path(__file__).parent
fixture = partial(pytest_asyncio.fixture, loop_scope="session")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run every test of this folder in the session's event loop."""
    for item in items:
        if HERE in item.path.parents and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@fixture(scope="session")
async def homeserver(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Homeserver]:
    """The homeserver all tests share; everything made on it has a name of its own."""
    server = chosen_homeserver(tmp_path_factory.mktemp("homeserver"))
    await server.start()
    yield server
    await server.stop()


@fixture
async def own_homeserver(tmp_path: Path) -> AsyncIterator[SynapseProcess]:
    """A Synapse for one test alone, which may pause, kill and restart it."""
    server = SynapseProcess(tmp_path)
    await server.start()
    yield server
    await server.stop()


@fixture
async def proxy(homeserver: Homeserver) -> AsyncIterator[FaultyProxy]:
    """A proxy before the shared homeserver, for a Luna made with ``homeserver_url=proxy.url``."""
    async with FaultyProxy(homeserver.url) as server:
        yield server


@fixture(scope="module")
async def model() -> AsyncIterator[FakeModel]:
    """The model of the module's Lunas: it echoes unless a test enqueues scripts."""
    async with FakeModel() as server:
        yield server


@pytest.fixture(scope="module")
def luna_options() -> dict[str, Any]:
    """How the module's Luna differs from the default; a module may have its own such fixture.

    The options are those of `House.household`, such as ``{"encrypted": True}``.
    """
    return {}


@fixture(scope="module")
async def household(
    homeserver: Homeserver,
    model: FakeModel,
    luna_options: dict[str, Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Household]:
    """The module's Luna and her administrator."""
    async with House(homeserver, tmp_path_factory.mktemp("house"), model.base_url) as house:
        yield await house.household(**luna_options)


@fixture(scope="module")
async def luna(household: Household) -> LunaProcess:
    """The module's Luna, running; a test that ends her starts her again."""
    return household.luna


@fixture(scope="module")
async def admin(household: Household) -> Administrator:
    """The administrator of the module's Luna, in the admin room."""
    return household.admin


@fixture
async def house(homeserver: Homeserver, model: FakeModel, tmp_path: Path) -> AsyncIterator[House]:
    """Makes people and Lunas of the test's own."""
    async with House(homeserver, tmp_path / "house", model.base_url) as own:
        yield own


@fixture
async def alice(house: House) -> Person:
    """Somebody who is no administrator."""
    return await house.person("alice")


@fixture
async def bob(house: House) -> Person:
    """Somebody else."""
    return await house.person("bob")


@fixture
async def operator(homeserver: Homeserver) -> AsyncIterator[ServerOperator]:
    """Whoever runs the homeserver."""
    async with await ServerOperator.of(homeserver) as session:
        yield session


@pytest.fixture(params=["10", "12"], ids=lambda version: f"v{version}")
def room_version(request: pytest.FixtureRequest) -> str:
    """The room versions that matter: in 12 a room id names no server, and creators rule."""
    return str(request.param)
