"""A Synapse of Luna's own: on this machine only, run as her child process."""

import asyncio
import importlib.util
import ipaddress
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
from yarl import URL

from lunabot.children import Child
from lunabot.errors import WorldError
from lunabot.homeserver.synapse_folder import SynapseFolder

_ANSWER_TIMEOUT_S = 5.0
_READY_TIMEOUT_S = 600.0  # a new version may rewrite tables first: cut short, they are lost


class ManagedSynapse:
    """Kept in `folder`, where its first start writes it; listens at `url`, a loopback address."""

    def __init__(self, folder: Path, url: str, server_name: str) -> None:
        self._folder = SynapseFolder(folder.absolute())
        self._url = url.rstrip("/")
        self._server_name = server_name
        configurations = [f"--config-path={path}" for path in self._folder.configurations]
        self._child = Child(
            "local Synapse",
            [sys.executable, "-m", "synapse.app.homeserver", *configurations],
            ready=self._answers,
            log_file=self._folder.log,
            ready_timeout_s=_READY_TIMEOUT_S,
        )

    @property
    def registration_shared_secret(self) -> str:
        """The secret that makes accounts; there is one after the first `start`."""
        return self._folder.registration_shared_secret()

    @property
    def restarts(self) -> int:
        """How often `watch` has brought it back."""
        return self._child.restarts

    async def start(self) -> None:
        """Write what is missing, start it and return once it answers (2 s, the first time 3 s).

        Raises `WorldError` that says what to do: the package is missing, the address is not of
        this machine, the port is taken, the folder is another server's, Synapse gave up.
        """
        if importlib.util.find_spec("synapse") is None:
            raise WorldError(
                "The local Synapse is not installed: pip install 'lunabot[synapse]' – or set "
                "homeserver.managed: false and homeserver.url to your server"
            )
        host, port = loopback_address(self._url)
        await self._child.end_leftover()
        require_free(host, port)
        await asyncio.to_thread(self._folder.prepare, self._server_name, host, port)
        await self._child.start()

    async def erase(self) -> None:
        """Delete its accounts, rooms and media; its keys and secrets stay. It must not run.

        What an earlier Luna left running is ended. Raises `WorldError`.
        """
        await self._child.end_leftover()
        await asyncio.to_thread(self._folder.erase)

    async def watch(self, on_restart: Callable[[str], Awaitable[None]] | None = None) -> None:
        """Bring it back whenever it dies: see `Child.watch`."""
        await self._child.watch(on_restart)

    async def stop(self) -> None:
        """Stop it in order; it takes some 50 ms, a second at the most."""
        await self._child.stop()

    async def _answers(self) -> bool:
        timeout = aiohttp.ClientTimeout(total=_ANSWER_TIMEOUT_S)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.get(f"{self._url}/_matrix/client/versions") as response,
            ):
                return response.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False


def loopback_address(url: str) -> tuple[str, int]:
    """Return the IP address and port of a URL that leads to this machine over plain HTTP.

    Raises `WorldError` for any other: a managed Synapse is not for the network to see.
    """
    parts = URL(url)
    host = "127.0.0.1" if parts.host == "localhost" else parts.host or ""
    try:
        if parts.scheme == "http" and parts.port and ipaddress.ip_address(host).is_loopback:
            return host, parts.port
    except ValueError:  # a name, not an address
        pass
    raise WorldError(
        f"The local Synapse cannot listen at {url}: set homeserver.url to http://127.0.0.1:8008 "
        "or another port – or homeserver.managed: false to use the server there"
    )


def require_free(host: str, port: int) -> None:
    """Raise `WorldError` where something else listens at an address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as Synapse itself does
        try:
            probe.bind((host, port))
        except OSError as error:
            raise WorldError(
                f"The local Synapse cannot have port {port} ({error.strerror}): end what uses it, "
                "or set homeserver.url to another port"
            ) from error
