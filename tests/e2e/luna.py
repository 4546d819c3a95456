"""A Luna as people run her: ``luna up`` in a process of its own, configured by the test."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.e2e.homeserver import Homeserver
from tests.e2e.process import ChildProcess, PythonProcess
from tests.e2e.session import unique

ROOT = Path(__file__).resolve().parents[2]
READY = r"^Luna is ready"
Section = Mapping[str, Any]


class LunaProcess:
    """A Luna on an existing homeserver, with an account and an admin room alias nobody else has.

    `sections` adds to, or replaces parts of, the sections of her configuration:
    ``{"context": {"budget_tokens": 500}}``. Her environment holds the homeserver's registration
    shared secret and what `environment` adds. She may be started again after every end, on what
    she left in her folder. Where it counts how she starts, and how much memory she takes, she is
    not to be `forked` (see `PythonProcess`).
    """

    def __init__(
        self,
        folder: Path,
        homeserver: Homeserver,
        *,
        model_url: str,
        administrators: Sequence[str],
        encrypted: bool = False,
        homeserver_url: str | None = None,
        sections: Mapping[str, Section] | None = None,
        environment: Mapping[str, str] | None = None,
        forked: bool = True,
    ) -> None:
        self.folder = folder
        self.localpart = unique("luna")
        self.user_id = f"@{self.localpart}:{homeserver.server_name}"
        self.admin_alias = f"#{self.localpart}-admin:{homeserver.server_name}"
        self._lines_before = 0
        self.configuration: dict[str, Any] = {
            "homeserver": {
                "url": homeserver_url or homeserver.url,
                "name": homeserver.server_name,
                "managed": False,
            },
            "luna": {"user": self.localpart, "handles": ["luna"]},
            "admin": {
                "room": f"{self.localpart}-admin",
                "users": list(administrators),
                "encrypted": encrypted,
                "describe_commands": False,  # a state event each: costly on a busy machine
            },
            "llm": {"base_url": model_url, "model": "fake"},
            "skills": [str(ROOT / "skills")],
        }
        for name, section in (sections or {}).items():
            self.configure(name, section)
        secret = homeserver.registration_shared_secret
        process = PythonProcess if forked else ChildProcess
        self.process: ChildProcess = process(
            [sys.executable, "-m", "lunabot", "up", "--config", str(self.configuration_file)],
            environment={
                "PYTHONPATH": str(ROOT),
                "LUNA_HOMESERVER__REGISTRATION_SHARED_SECRET": secret,
                **(environment or {}),
            },
            folder=folder,
        )

    @property
    def configuration_file(self) -> Path:
        return self.folder / "config.yaml"

    @property
    def exit_status(self) -> int | None:
        """How her last run ended; None while she runs."""
        return self.process.exit_status

    @property
    def log(self) -> str:
        """What she has said on standard error in all her runs."""
        return "\n".join(self.process.errors)

    def configure(self, name: str, section: Section) -> None:
        """Change keys of a section of the configuration, from the next start on."""
        self.configuration.setdefault(name, {}).update(section)

    def write_configuration(self) -> None:
        """Write the file as `configuration` has it now, which every start does, too."""
        self.configuration_file.write_text(json.dumps(self.configuration, indent=1))  # YAML, too

    async def start(self, timeout_s: float = 30) -> None:
        """Start her and return once she is ready; AssertionError with what she said otherwise."""
        await self.spawn()
        await self.process.wait_for_line(READY, timeout_s, after=self._lines_before)

    async def spawn(self) -> None:
        """Start her and do not wait: for a start that fails, or is slow on purpose."""
        self.write_configuration()
        self._lines_before = len(self.process.output)
        await self.process.start()

    async def stop(self, grace_s: float = 10) -> int:
        """End her with SIGTERM; return the exit status, which is 0 for a clean stop."""
        return await self.process.stop(grace_s)

    async def kill(self) -> None:
        """End her at once (SIGKILL), as a power cut would."""
        await self.process.kill()

    async def restart(self) -> None:
        """Stop her cleanly and start her again."""
        status = await self.stop()
        assert status == 0, self.process.describe("Luna did not stop cleanly")
        await self.start()

    async def close(self) -> None:
        """End her if she still runs."""
        if self.process.running:
            await self.stop()
