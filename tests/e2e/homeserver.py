"""The homeserver the end-to-end tests run against, by default a throwaway Synapse.

``LUNA_E2E`` says which:

- ``process`` starts the Synapse that is installed beside Luna, on a free port and in a folder of
  its own. It is the default where no container engine answers.
- ``docker`` starts ``docker/compose.test.yaml``. It is the default where an engine answers.
- ``http://…`` or ``https://…`` names a running server. ``LUNA_E2E_SECRET`` gives its registration
  shared secret. It must not limit the rate of requests, or the tests are slow; the settings in
  ``docker/synapse/test.yaml`` are those that are needed.

Tests that pause or kill a homeserver start a process of their own, whatever ``LUNA_E2E`` says.
"""

import asyncio
import base64
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from lunabot.tether import tethered
from tests.e2e.process import ChildProcess
from tests.e2e.session import Session, unique
from tests.e2e.waiting import until

SERVER_NAME = "localhost"
CONTAINERS = Path(__file__).resolve().parents[2] / "docker"


class Homeserver(ABC):
    """A server to test against: where it is, and the secret that makes accounts."""

    url: str
    server_name: str
    registration_shared_secret: str

    @abstractmethod
    async def start(self) -> None:
        """Return once the server answers."""

    @abstractmethod
    async def stop(self) -> None:
        """End what `start` began."""


class RunningHomeserver(Homeserver):
    """A server somebody else runs; faults cannot be made in it."""

    def __init__(self, url: str, registration_shared_secret: str) -> None:
        self.url = url.rstrip("/")
        self.registration_shared_secret = registration_shared_secret
        self.server_name = ""

    async def start(self) -> None:
        """Learn the server's name from an account made on it."""
        async with Session(self.url) as session:
            await session.register(self.registration_shared_secret, unique("probe"))
            self.server_name = session.identity.user_id.partition(":")[2]

    async def stop(self) -> None:
        """Leave it running."""


class SynapseProcess(Homeserver):
    """A Synapse of the tests' own: SQLite, loopback, open rate limits, no federation.

    `start` after `stop` or `kill` runs it again at the same address on the same data.
    """

    def __init__(self, folder: Path) -> None:
        self.server_name = SERVER_NAME
        self.registration_shared_secret = secrets.token_hex(16)
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        configuration = self._write(folder)
        command = [sys.executable, "-m", "synapse.app.homeserver", "-c", str(configuration)]
        # On a tether, for a test run that is killed has no time to end it.
        self.process = ChildProcess(tethered(command, folder / "synapse.pid"), folder=folder)

    def _write(self, folder: Path) -> Path:
        """Write the configuration, which is YAML by way of JSON; return its path."""
        seed = base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")
        (folder / "signing.key").write_text(f"ed25519 a_test {seed}\n")
        configuration = folder / "homeserver.yaml"
        configuration.write_text(json.dumps(self._configuration(folder)))
        return configuration

    def _configuration(self, folder: Path) -> dict[str, Any]:
        settings: dict[str, Any] = yaml.safe_load((CONTAINERS / "synapse/test.yaml").read_text())
        for listener in settings["listeners"]:
            listener.update(port=self._port, bind_addresses=["127.0.0.1"])
        # One thread: SQLite lets but one of them write, and each change of threads costs.
        arguments = {"database": str(folder / "homeserver.db"), "cp_min": 1, "cp_max": 1}
        return settings | {
            "server_name": self.server_name,
            "public_baseurl": self.url,
            "database": {"name": "sqlite3", "args": arguments},
            "media_store_path": str(folder / "media"),
            "signing_key_path": str(folder / "signing.key"),
            "log_config": str(CONTAINERS / "synapse/log.yaml"),
            "registration_shared_secret": self.registration_shared_secret,
            "macaroon_secret_key": secrets.token_hex(16),
            "form_secret": secrets.token_hex(16),
        }

    async def start(self) -> None:
        """Start Synapse and return once it answers (2 to 6 s)."""
        await self.process.start()
        await until(self._answers, 60, f"an answer of Synapse at {self.url}")

    async def _answers(self) -> bool:
        assert self.process.running, self.process.describe("Synapse ended while it started")
        try:
            async with Session(self.url) as session:
                await session.call("GET", "/_matrix/client/versions")
                return True
        except aiohttp.ClientError:
            return False

    async def stop(self) -> None:
        """End Synapse in order."""
        if self.process.running:
            await self.process.stop()

    async def kill(self) -> None:
        """End Synapse at once, as a crash would."""
        await self.process.kill()

    def pause(self) -> None:
        """Stop Synapse where it is: connections stay open and nothing is answered."""
        self.process.pause()

    def resume(self) -> None:
        """Let a paused Synapse go on."""
        self.process.resume()


class SynapseContainer(Homeserver):
    """The Synapse of ``docker/compose.test.yaml``, in a project that no other test run has."""

    def __init__(self) -> None:
        self.server_name = SERVER_NAME
        self.registration_shared_secret = secrets.token_hex(16)
        file = str(CONTAINERS / "compose.test.yaml")
        self._compose = ["docker", "compose", "-f", file, "-p", unique("luna-test")]

    async def start(self) -> None:
        """Start the container and return once it is healthy; the image may have to be fetched."""
        await self._run("up", "--wait", "--quiet-pull")
        self.url = f"http://{(await self._run('port', 'synapse', '8008')).strip()}"

    async def stop(self) -> None:
        """Remove the container and all it wrote."""
        await self._run("down", "--volumes")

    async def _run(self, *arguments: str) -> str:
        """Return what a command of compose prints; AssertionError with its errors if it fails."""
        process = await asyncio.create_subprocess_exec(
            *self._compose,
            *arguments,
            env={**os.environ, "LUNA_E2E_SECRET": self.registration_shared_secret},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        output, errors = await process.communicate()
        assert process.returncode == 0, f"docker compose {arguments[0]}: {errors.decode()}"
        return output.decode()


def chosen_homeserver(folder: Path) -> Homeserver:
    """Return the server that ``LUNA_E2E`` names, not started yet; `folder` is for its files."""
    choice = os.environ.get("LUNA_E2E") or ("docker" if engine_answers() else "process")
    if choice == "process":
        return SynapseProcess(folder)
    if choice == "docker":
        return SynapseContainer()
    if choice.startswith(("http://", "https://")):
        return RunningHomeserver(choice, os.environ["LUNA_E2E_SECRET"])
    raise ValueError(f"LUNA_E2E={choice}: expected process, docker or http://…")


def engine_answers() -> bool:
    """Whether there is a container engine: ``docker info`` fails without one."""
    if not (docker := shutil.which("docker")):
        return False
    command = [docker, "info", "--format", "{{.ServerVersion}}"]
    try:
        return subprocess.run(command, capture_output=True, timeout=10).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def free_port() -> int:
    """Return a port that is free on the loopback address at this moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
