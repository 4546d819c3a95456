"""The sections of the configuration. Docstrings and descriptions are its user documentation."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, SecretStr

from lunabot.config.defaults import OPENAI_URL, PROMPT
from lunabot.config.section import Section
from lunabot.config.values import (
    Inviter,
    IpAddress,
    LensName,
    Listed,
    Localpart,
    Mapped,
    PathText,
    Room,
    Secret,
    ServerName,
    Text,
    Url,
    UserIdText,
)
from lunabot.matrix.ids import UserId

Lenses = Annotated[Mapping[LensName, Text], Mapped]
Skills = Annotated[tuple[PathText, ...], Listed]


class HomeserverSettings(Section):
    """The Matrix server Luna lives on: one of her own, or one that is there already."""

    url: Url = Field(
        default="http://127.0.0.1:8008",
        description="Where the server's client API answers. A server Luna runs herself listens "
        "there and only there, so this must then be an address of this machine.",
    )
    name: ServerName = Field(
        default="localhost",
        description="The server's name: the part behind the “:” in user ids such as "
        "`@luna:localhost`. A managed server keeps the name it was first started with.",
    )
    managed: bool = Field(
        default=True,
        description="`true`: Luna runs a small Synapse of her own on this machine, with its data "
        "in `data/synapse`, and stops it when she stops. `false`: she uses the existing server at "
        "`homeserver.url`.",
    )
    registration_shared_secret: Secret = Field(
        default=SecretStr(""),
        description="For an existing server: the `registration_shared_secret` of its "
        "`homeserver.yaml`. With it Luna makes her own account, a server administrator, when it "
        "is missing. A managed server has a generated one.",
    )


class LunaSettings(Section):
    """Luna's own account and character."""

    user: Localpart = Field(
        default="luna",
        description="The localpart of her account: `luna` is `@luna:localhost`.",
    )
    display_name: Text = Field(
        default="Luna", description="The name people see. In a group it is one way to call her."
    )
    handles: Annotated[tuple[Text, ...], Listed] = Field(
        default=("luna", "lunabot"),
        description="More words that call her in a group, in any case, besides a mention by the "
        "client, her user id and her display name.",
    )
    password: Secret = Field(
        default=SecretStr(""),
        description="For an existing server: her account's password, needed once. Afterwards her "
        "session is kept in `director_token.json` under `store.secrets`. Not needed on a managed "
        "server or with `homeserver.registration_shared_secret`.",
    )
    prompt: Text = Field(
        default=PROMPT,
        description="The system prompt: who she is and how she answers. It goes to the model with "
        "every question, so each word costs tokens each time.",
    )


class AdminSettings(Section):
    """The room from which Luna is run, and who may run her."""

    room: Room = Field(
        default="luna-admin",
        description="The admin room: the localpart of its alias (`luna-admin` is "
        "`#luna-admin:localhost`), made when it is missing, or the id (`!…`) of an existing room.",
    )
    users: Annotated[tuple[UserIdText, ...], Listed, Field(min_length=1)] = Field(
        default=(UserId("@admin:localhost"),),
        description="The administrators, as full user ids. They are invited to the admin room, and "
        "nobody else's commands are obeyed. On a managed server their accounts are made, and their "
        "passwords printed once.",
    )
    encrypted: bool = Field(
        default=True,
        description="Whether the admin room is made end-to-end encrypted. In an encrypted room, "
        "unencrypted commands are refused.",
    )
    describe_commands: bool = Field(
        default=True,
        description="Whether each command is described by an event of the admin room's state "
        "(MSC4391), from which clients such as gomuks offer and complete it.",
    )
    plain_words: bool = Field(
        default=True,
        description="Whether the model may propose a command when an administrator asks Luna for "
        "something in plain words; she asks before it runs. The list of commands takes some 1,100 "
        "tokens of each prompt in the admin room, within `context.budget_tokens`; with less than "
        "4,000 of those there is none.",
    )


class InvitesSettings(Section):
    """Whose invitations Luna follows. Others are told to the administrators."""

    allowed: Annotated[tuple[Inviter, ...], Listed] = Field(
        default=("local",),
        description="Who may invite her, besides the administrators, who always may: `local` "
        "(everybody on her own server), `everyone`, server names such as `example.org`, or user "
        "ids such as `@ada:example.org`.",
        examples=[["local", "example.org"]],
    )


class Price(Section):
    """What a model costs."""

    input: float = Field(
        ge=0,
        le=1_000_000,
        description="The price of a million tokens that it reads.",
        examples=[0.15],
    )
    output: float = Field(
        ge=0,
        le=1_000_000,
        description="The price of a million tokens that it writes.",
        examples=[0.6],
    )


Prices = Annotated[Mapping[Text, Price], Mapped]


class LlmSettings(Section):
    """The language model: any endpoint that speaks the OpenAI chat completions protocol.

    With neither `llm.api_key` nor another `llm.base_url`, Luna runs a tiny model on this machine.
    It is a toy to try her out with.
    """

    base_url: Url = Field(
        default=OPENAI_URL,
        description="The endpoint, up to and including `/v1`: OpenAI's, another provider's, or a "
        "server of your own such as `http://127.0.0.1:11434/v1` for Ollama.",
    )
    api_key: Secret = Field(
        default=SecretStr(""),
        description="The endpoint's key. A local server usually needs none.",
    )
    model: Text = Field(
        default="gpt-4o-mini", description="The model's name, as the endpoint knows it."
    )
    summary_model: Text = Field(
        default="",
        description="The model that sums up what was said, at the same endpoint: a cheaper one "
        "than `llm.model` mostly does. Empty: the same.",
        examples=["gpt-4.1-nano"],
    )
    temperature: float = Field(
        default=0.7,
        ge=0,
        le=2,
        description="How freely it words its answers: 0 is dry and repeatable, 1 is lively.",
    )
    timeout_s: float = Field(
        default=60,
        gt=0,
        le=3600,
        description="How many seconds one call may take before it is given up and tried again. "
        "An answer may take one and a half times as long, all tries together.",
    )
    max_concurrent: int = Field(
        default=64,
        ge=1,
        le=10_000,
        description="How many calls may run at the same time; more wait for their turn. Lower it "
        "when your provider complains about too many requests.",
    )
    vision: bool = Field(
        default=False,
        description="Whether the model takes images. `true`: it gets the newest ones of the "
        "conversation, three at most, scaled to 1024 pixels; each takes up to 1369 of its tokens. "
        "`false`: it is told that there was an image, and that it cannot see it.",
    )
    local_model: PathText = Field(
        default="",
        description="A GGUF file to use as the model on this machine, in place of the toy. It "
        "counts only while neither `llm.api_key` nor another `llm.base_url` is set.",
        examples=["models/qwen3-4b-q4.gguf"],
    )
    prices: Prices = Field(
        default={},
        title="mapping of models to prices",
        description="What models cost, by their names, for the command `usage`. A dated version "
        "of a model (`gpt-4o-mini-2024-07-18`) has its price, unless it has one of its own.",
        examples=['{"gpt-4o-mini": {"input": 0.15, "output": 0.60}}'],
    )
    currency: Text = Field(
        default="USD", description="What these prices are in: a word behind each sum of money."
    )

    @property
    def is_configured(self) -> bool:
        """Whether an endpoint was chosen; otherwise a model runs on this machine."""
        return bool(self.api_key.get_secret_value()) or self.base_url != OPENAI_URL


class StoreSettings(Section):
    """Where things are kept, relative to the folder of the configuration file."""

    state: PathText = Field(
        default="db.json",
        description="What Luna knows now: rooms, recent messages, personas, memory.",
    )
    archive: PathText = Field(
        default="archive.db",
        description="What ever happened: every message, answer and command (SQLite).",
    )
    secrets: PathText = Field(
        default="secrets",
        description="The folder of the secrets, one file of mode 0600 each: sessions, keys, "
        "generated passwords, and the secrets you put there yourself. Keep it to yourself; whoever "
        "has it is Luna.",
    )


class BackupSettings(Section):
    """Backups: the commands `backup` in the admin room, `luna backup` and `luna restore`."""

    passphrase: Secret = Field(
        default=SecretStr(""),
        description="What encrypts a backup, at least 12 characters. Without it there are no "
        "backups, and a backup is lost without the one it was made with: keep it elsewhere, too.",
    )


class MetricsSettings(Section):
    """Figures for a monitor: `/healthz` says whether Luna is well, `/metrics` is for Prometheus."""

    port: int = Field(
        default=0,
        ge=0,
        le=65_535,
        description="The port on which they are served over HTTP. 0: they are not.",
        examples=[9108],
    )
    host: IpAddress = Field(
        default="127.0.0.1",
        description="The address of this machine to listen on. Whoever reaches it reads the "
        "figures and what does not work, without a password.",
    )
