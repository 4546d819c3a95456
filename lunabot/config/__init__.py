"""The configuration: config.yaml, secrets and the environment, as one frozen `Settings`."""

from lunabot.config.document import ConfigError
from lunabot.config.loading import load_settings
from lunabot.config.sections import (
    AdminSettings,
    BackupSettings,
    HomeserverSettings,
    InvitesSettings,
    LlmSettings,
    LunaSettings,
    MetricsSettings,
    Price,
    StoreSettings,
)
from lunabot.config.seed import SeedPersona, SeedRoom, SeedSettings, SeedUser
from lunabot.config.settings import Settings
from lunabot.config.talk import (
    AnswersSettings,
    ContextSettings,
    LimitsSettings,
    LoopsSettings,
    MemorySettings,
    SyncSettings,
)

__all__ = [
    "AdminSettings",
    "AnswersSettings",
    "BackupSettings",
    "ConfigError",
    "ContextSettings",
    "HomeserverSettings",
    "InvitesSettings",
    "LimitsSettings",
    "LlmSettings",
    "LoopsSettings",
    "LunaSettings",
    "MemorySettings",
    "MetricsSettings",
    "Price",
    "SeedPersona",
    "SeedRoom",
    "SeedSettings",
    "SeedUser",
    "Settings",
    "StoreSettings",
    "SyncSettings",
    "load_settings",
]
