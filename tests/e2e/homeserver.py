"""The homeserver the end-to-end tests run against, by default a throwaway Synapse.

``LUNA_E2E`` says which: ``process`` (the default) starts the Synapse that is installed beside
Luna, on a free port and in a folder of its own; an ``http://…`` address names a running server,
whose registration shared secret ``LUNA_E2E_SECRET`` then gives. That server must not limit the
rate of requests, or the tests are slow.
"""

import base64
import json
import os
import secrets
import socket
import sys
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import aiohttp

from lunabot.tether import tethered
from tests.e2e.process import ChildProcess
from tests.e2e.session import Session, unique
from tests.e2e.waiting import until

SERVER_NAME = "localhost"


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
        (folder / "log.yaml").write_text(json.dumps(_LOGGING))
        configuration = folder / "homeserver.yaml"
        configuration.write_text(json.dumps(self._configuration(folder)))
        return configuration

    def _configuration(self, folder: Path) -> dict[str, Any]:
        resources = [{"names": ["client"], "compress": False}]
        listener = {"port": self._port, "type": "http", "bind_addresses": ["127.0.0.1"]}
        database = {"name": "sqlite3", "args": {"database": str(folder / "homeserver.db")}}
        return {
            "server_name": self.server_name,
            "public_baseurl": self.url,
            "listeners": [{**listener, "resources": resources}],
            "database": database,
            "media_store_path": str(folder / "media"),
            "signing_key_path": str(folder / "signing.key"),
            "log_config": str(folder / "log.yaml"),
            "registration_shared_secret": self.registration_shared_secret,
            "macaroon_secret_key": secrets.token_hex(16),
            "form_secret": secrets.token_hex(16),
            "bcrypt_rounds": 4,
            "report_stats": False,
            # Else it takes a minute over them, and revives no account before their end.
            "background_updates": {"sleep_enabled": False},
            "trusted_key_servers": [],
            "federation_domain_whitelist": [],
            **_OPEN_RATE_LIMITS,
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


def chosen_homeserver(folder: Path) -> Homeserver:
    """Return the server that ``LUNA_E2E`` names, not started yet; `folder` is for its files."""
    choice = os.environ.get("LUNA_E2E", "process")
    if choice == "process":
        return SynapseProcess(folder)
    if choice.startswith(("http://", "https://")):
        return RunningHomeserver(choice, os.environ["LUNA_E2E_SECRET"])
    # A choice "docker" belongs here: another Homeserver, which starts docker/compose.test.yaml.
    raise ValueError(f"LUNA_E2E={choice}: expected process or http://…")


def free_port() -> int:
    """Return a port that is free on the loopback address at this moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


_LIMIT = {"per_second": 10_000, "burst_count": 10_000}
_OPEN_RATE_LIMITS: dict[str, Any] = {
    "rc_message": _LIMIT,
    "rc_registration": _LIMIT,
    "rc_login": {"address": _LIMIT, "account": _LIMIT, "failed_attempts": _LIMIT},
    "rc_joins": {"local": _LIMIT, "remote": _LIMIT},
    "rc_joins_per_room": _LIMIT,
    "rc_admin_redaction": _LIMIT,
    "rc_invites": {"per_room": _LIMIT, "per_user": _LIMIT, "per_issuer": _LIMIT},
    "rc_room_creation": _LIMIT,
    "rc_presence": {"per_user": _LIMIT},
    "rc_key_requests": _LIMIT,
    "rc_3pid_validation": _LIMIT,
}
_LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"level": "WARNING", "handlers": ["console"]},
}
