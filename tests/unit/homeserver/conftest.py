"""One real Synapse, Luna's own kind, for all tests of this folder that need one."""

import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from lunabot.homeserver.admin_api import AdminApi
from lunabot.homeserver.http import HomeserverClient
from lunabot.homeserver.registration import generate_password, register_with_shared_secret
from lunabot.homeserver.synapse import ManagedSynapse
from lunabot.matrix.session import Session

SERVER_NAME = "luna.test"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@dataclass(frozen=True)
class RunningServer:
    url: str
    registration_shared_secret: str
    director: Session


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningServer]:
    pytest.importorskip("synapse")
    folder: Path = tmp_path_factory.mktemp("homeserver") / "synapse"
    url = f"http://127.0.0.1:{free_port()}"
    synapse = ManagedSynapse(folder, url, SERVER_NAME)
    await synapse.start()
    secret = synapse.registration_shared_secret
    async with aiohttp.ClientSession() as session:
        director = await register_with_shared_secret(
            HomeserverClient(url, session), secret, "director", generate_password(), admin=True
        )
    yield RunningServer(url, secret, director)
    await synapse.stop()


@pytest.fixture
async def web() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def http(server: RunningServer, web: aiohttp.ClientSession) -> HomeserverClient:
    return HomeserverClient(server.url, web)


@pytest.fixture
def admin_api(server: RunningServer, http: HomeserverClient) -> AdminApi:
    return AdminApi(http, lambda: server.director.access_token)
