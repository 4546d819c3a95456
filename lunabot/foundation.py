"""What a Luna stands on: what is opened once and outlives a session that was lost."""

from collections.abc import Callable
from dataclasses import dataclass

import aiohttp

from lunabot.config import Settings
from lunabot.homeserver.http import HomeserverClient
from lunabot.llm.source import ModelSource
from lunabot.memory.memory import Memory
from lunabot.stopping import Stopping


@dataclass(frozen=True, slots=True)
class Foundation:
    """The parts below an account.

    `load` reads the configuration anew, `say` writes a line for whoever started Luna.
    `registration_secret` is empty where Luna may not make accounts.
    """

    settings: Settings
    load: Callable[[], Settings]
    http: HomeserverClient
    web: aiohttp.ClientSession
    registration_secret: str
    memory: Memory
    models: ModelSource
    stopping: Stopping
    say: Callable[[str], None]
