"""A local Synapse from start to stop, and everything that keeps it from starting."""

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import aiohttp
import pytest

from lunabot import tether
from lunabot.errors import WorldError
from lunabot.homeserver.http import HomeserverClient
from lunabot.homeserver.registration import login_with_password, register_with_shared_secret
from lunabot.homeserver.synapse import ManagedSynapse, loopback_address
from tests.unit.homeserver.conftest import free_port


@pytest.fixture
def url() -> str:
    return f"http://127.0.0.1:{free_port()}"


async def test_a_killed_synapse_comes_back_with_its_data(
    tmp_path: Path, url: str, web: aiohttp.ClientSession
) -> None:
    pytest.importorskip("synapse")
    (tmp_path / "homeserver.db").touch()  # an interrupted first start
    synapse = ManagedSynapse(tmp_path, url, "luna.test")
    http = HomeserverClient(url, web)
    restarted: asyncio.Queue[str] = asyncio.Queue()
    await synapse.start()
    watching = asyncio.create_task(synapse.watch(restarted.put))
    try:
        secret = synapse.registration_shared_secret
        await register_with_shared_secret(http, secret, "ada", "password", admin=False)
        process_id = tether.holder(tmp_path / "synapse.pid")
        assert process_id is not None
        os.kill(process_id, signal.SIGKILL)
        assert "local Synapse was ended by SIGKILL" in await restarted.get()
        assert synapse.restarts == 1
        session = await login_with_password(http, "ada", "password", "DEVICE", "Test")
        assert session.user_id == "@ada:luna.test"
    finally:
        watching.cancel()
        await synapse.stop()
    assert tether.holder(tmp_path / "synapse.pid") is None


async def test_what_synapse_complains_about_is_told(tmp_path: Path, url: str) -> None:
    pytest.importorskip("synapse")
    (tmp_path / "homeserver.d").mkdir()
    (tmp_path / "homeserver.d" / "mine.yaml").write_text("max_upload_size: a lot\n")
    with pytest.raises(WorldError, match=r"local Synapse ended .* invalid literal .*a lot"):
        await ManagedSynapse(tmp_path, url, "luna.test").start()


async def test_a_taken_port_is_named(tmp_path: Path) -> None:
    pytest.importorskip("synapse")
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        port = somebody.getsockname()[1]
        synapse = ManagedSynapse(tmp_path / "new", f"http://localhost:{port}", "luna.test")
        with pytest.raises(WorldError, match=rf"port {port} .*homeserver\.url"):
            await synapse.start()
    assert not (tmp_path / "new").exists()


async def test_a_missing_package_is_named(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "synapse", None)
    with pytest.raises(WorldError, match=r"lunabot\[synapse\].*homeserver\.managed: false"):
        await ManagedSynapse(tmp_path / "new", url, "luna.test").start()
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://127.0.0.1:8008", ("127.0.0.1", 8008)),
        ("http://127.0.0.2:8008/", ("127.0.0.2", 8008)),
        ("http://localhost:8448", ("127.0.0.1", 8448)),
        ("http://[::1]:8008", ("::1", 8008)),
        ("http://127.0.0.1", ("127.0.0.1", 80)),
    ],
)
def test_addresses_of_this_machine(url: str, address: tuple[str, int]) -> None:
    assert loopback_address(url) == address


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1:8448",
        "http://192.168.1.5:8008",
        "http://0.0.0.0:8008",
        "http://matrix.example:8008",
        "127.0.0.1:8008",
        "",
    ],
)
def test_addresses_a_local_synapse_does_not_listen_at(url: str) -> None:
    with pytest.raises(WorldError, match=r"homeserver\.managed: false"):
        loopback_address(url)
