"""The whole configuration as one frozen value."""

from pathlib import Path
from typing import Self

from pydantic import Field, PrivateAttr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from lunabot.config.defaults import LENSES
from lunabot.config.sections import (
    AdminSettings,
    BackupSettings,
    HomeserverSettings,
    InvitesSettings,
    Lenses,
    LlmSettings,
    LunaSettings,
    MetricsSettings,
    Skills,
    StoreSettings,
)
from lunabot.config.seed import SeedSettings
from lunabot.config.talk import (
    AnswersSettings,
    ContextSettings,
    LimitsSettings,
    LoopsSettings,
    MemorySettings,
    SyncSettings,
)
from lunabot.matrix.ids import UserId, user_id


class Settings(BaseSettings):
    """Everything that can be set, checked; `load_settings` reads one from a file.

    One made by hand holds what it is given and the defaults: it reads no file and no environment.
    """

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        env_prefix="LUNA_",
        env_nested_delimiter="__",
        enable_decoding=False,  # lists are read by our own types, so that all mistakes are found
    )

    homeserver: HomeserverSettings = HomeserverSettings()
    luna: LunaSettings = LunaSettings()
    admin: AdminSettings = AdminSettings()
    invites: InvitesSettings = InvitesSettings()
    llm: LlmSettings = LlmSettings()
    context: ContextSettings = ContextSettings()
    memory: MemorySettings = MemorySettings()
    store: StoreSettings = StoreSettings()
    sync: SyncSettings = SyncSettings()
    answers: AnswersSettings = AnswersSettings()
    loops: LoopsSettings = LoopsSettings()
    limits: LimitsSettings = LimitsSettings()
    lenses: Lenses = Field(
        default=LENSES,
        description="What Luna watches for when she sums up a room: a name, and what to look for, "
        "each. What you write here takes the place of the three defaults. In the environment each "
        "lens may have a variable of its own, such as `LUNA_LENSES__LEGAL`.",
        examples=['{"legal": "Contracts, deadlines, who agreed to what."}'],
    )
    skills: Skills = Field(
        default=("skills",),
        description="The folders whose Python files hold Luna's commands, relative to the folder "
        "of the configuration file. Whoever can write there can do everything Luna can.",
    )
    backup: BackupSettings = BackupSettings()
    metrics: MetricsSettings = MetricsSettings()
    seed: SeedSettings = SeedSettings()

    _folder: Path = PrivateAttr(default_factory=Path.cwd)
    _file: str = "config.yaml"
    _warnings: tuple[str, ...] = ()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read nothing but what is given: `load_settings` puts the sources together."""
        return (init_settings,)

    def placed(
        self, folder: Path, warnings: tuple[str, ...] = (), file: str = "config.yaml"
    ) -> Self:
        """Return a copy whose relative paths start from `folder`, with warnings to show.

        `file` is the name of the configuration file there.
        """
        copy = self.model_copy()
        copy._folder = folder.absolute()
        copy._file = file
        copy._warnings = warnings
        return copy

    @property
    def folder(self) -> Path:
        """The folder of the configuration file, from which relative paths start."""
        return self._folder

    @property
    def config_path(self) -> Path:
        """The configuration file."""
        return self._folder / self._file

    @property
    def warnings(self) -> tuple[str, ...]:
        """What works but should be changed, a line each."""
        return self._warnings

    @property
    def data(self) -> Path:
        """The folder of what Luna keeps besides her stores: the managed server, logs, locks."""
        return self._folder / "data"

    @property
    def state_path(self) -> Path:
        """The TinyDB file of what Luna knows."""
        return self._folder / self.store.state

    @property
    def archive_path(self) -> Path:
        """The SQLite file of what happened."""
        return self._folder / self.store.archive

    @property
    def secrets_path(self) -> Path:
        """The folder of the secrets."""
        return self._folder / self.store.secrets

    @property
    def session_path(self) -> Path:
        """The file of Luna's own session, the key to the house."""
        return self.secrets_path / "director_token.json"

    @property
    def skill_paths(self) -> tuple[Path, ...]:
        """The folders to find skills in."""
        return tuple(self._folder / folder for folder in self.skills)

    @property
    def local_model_path(self) -> Path | None:
        """The GGUF file to run on this machine, or None for the toy that comes with Luna."""
        return self._folder / self.llm.local_model if self.llm.local_model else None

    @property
    def luna_user_id(self) -> UserId:
        """Luna's own user id."""
        return user_id(self.luna.user, self.homeserver.name)

    @property
    def admin_alias(self) -> str | None:
        """The admin room's alias, or None where the room is given by its id."""
        room = self.admin.room
        return None if room.startswith("!") else f"#{room}:{self.homeserver.name}"
