"""The configuration: config.yaml, secrets and the environment, as one frozen `Settings`."""

from lunabot.config.document import ConfigError
from lunabot.config.loading import load_settings
from lunabot.config.sections import (
    AdminSettings,
    AnswersSettings,
    ContextSettings,
    HomeserverSettings,
    InvitesSettings,
    LlmSettings,
    LoopsSettings,
    LunaSettings,
    MemorySettings,
    StoreSettings,
    SyncSettings,
)
from lunabot.config.seed import SeedPersona, SeedRoom, SeedSettings, SeedUser
from lunabot.config.settings import Settings

__all__ = [
    "AdminSettings",
    "AnswersSettings",
    "ConfigError",
    "ContextSettings",
    "HomeserverSettings",
    "InvitesSettings",
    "LlmSettings",
    "LoopsSettings",
    "LunaSettings",
    "MemorySettings",
    "SeedPersona",
    "SeedRoom",
    "SeedSettings",
    "SeedUser",
    "Settings",
    "StoreSettings",
    "SyncSettings",
    "load_settings",
]
