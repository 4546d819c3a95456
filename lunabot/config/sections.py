"""The sections of the configuration. Docstrings and descriptions are its user documentation."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from lunabot.config.defaults import OPENAI_URL, PROMPT
from lunabot.config.values import (
    Inviter,
    IpAddress,
    LensName,
    Listed,
    Localpart,
    Mapped,
    PathText,
    Room,
    RoomIdText,
    Secret,
    ServerName,
    Text,
    Url,
    UserIdText,
)
from lunabot.matrix.ids import UserId

Lenses = Annotated[Mapping[LensName, Text], Mapped]
Shares = Annotated[Mapping[RoomIdText, Annotated[tuple[RoomIdText, ...], Listed]], Mapped]
Skills = Annotated[tuple[PathText, ...], Listed]


class Section(BaseModel):
    """What all sections share: they are frozen, know their keys, and never show a value."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False
    )

    @model_validator(mode="before")
    @classmethod
    def _empty_means_default(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {
            key: value
            for key, value in data.items()
            if value not in (None, "") or key not in cls.model_fields
        }


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


class ContextSettings(Section):
    """How much the model gets to read and may write."""

    budget_tokens: int = Field(
        default=8000,
        ge=100,
        le=10_000_000,
        description="The most tokens of one call, the prompt and the reserve for the reply "
        "together. More remembers more and costs more; it must fit the model's context window.",
    )
    reply_tokens: int = Field(
        default=1000,
        ge=1,
        le=1_000_000,
        description="How many of these tokens are kept free for the reply: its greatest length.",
    )


class MemorySettings(Section):
    """What Luna remembers beyond the newest messages: chapters, lenses and personas' notes.

    A model writes them in the background from what was said. The messages themselves are kept, too,
    and found again by what somebody asks.
    """

    summarise: bool = Field(
        default=True,
        description="Whether she sums up by herself. `false`: only at the command `summarise`.",
    )
    new_tokens: int = Field(
        default=2000,
        ge=100,
        le=1_000_000,
        description="After how many tokens of new talk in a room its lenses are brought up to "
        "date. Fewer cost more: each time, each lens takes these tokens and its own text.",
    )
    daily_tokens: int = Field(
        default=200_000,
        ge=0,
        le=10_000_000_000,
        description="The most tokens that summing up may cost a day (UTC), prompts and texts "
        "together. What is left over is done on the next day.",
    )
    embeddings: str = Field(
        default="",
        description="What finds words said in other words, besides the full text: empty, nothing; "
        "`wordllama`, an offline model of 19 MB that `pip install 'luna[wordllama]'` brings (MIT, "
        "made from the token embeddings of Llama, whose terms are Meta's); any other name, that "
        "model at `llm.base_url`, which needs `numpy` and costs a request for each message.",
    )
    share: Shares = Field(
        default={},
        title="mapping of room ids to lists of room ids",
        description="By room id, the rooms whose messages may be found from that room as well, "
        "for whoever was there. Without it nothing is carried from one room to another.",
        examples=['{"!office:example.org": ["!archive:example.org"]}'],
    )


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


class SyncSettings(Section):
    """How Luna keeps up with the server."""

    gap_fill_minutes: int = Field(
        default=10,
        ge=1,
        le=100_000,
        description="How often, in minutes, she looks for messages she may have missed.",
    )
    backlog_minutes: int = Field(
        default=60,
        ge=0,
        le=1_000_000,
        description="How old, in minutes, a message may be to be answered still, when she comes "
        "back after a break. Older ones are stored and counted as missed.",
    )


class AnswersSettings(Section):
    """The pace at which answers come."""

    quiet_s: float = Field(
        default=0,
        ge=0,
        le=600,
        description="How many seconds a room must be quiet before it is answered: for people who "
        "write one thought in several messages. She waits ten times as long at most.",
    )
    grow_after_s: float = Field(
        default=3,
        ge=0,
        le=3600,
        description="After how many seconds an answer that is still being written appears, to "
        "grow by edits. 0: answers appear when they are whole.",
    )
    edit_every_s: float = Field(
        default=1,
        ge=0.5,
        le=600,
        description="How many seconds lie between two of these edits, at least.",
    )


class LoopsSettings(Section):
    """When bots talking in circles are stopped. People meet none of these limits."""

    pattern_repeats: int = Field(
        default=5,
        ge=2,
        le=1000,
        description="How often the same bots may speak in the same order before they are paused.",
    )
    bot_turns: int = Field(
        default=12,
        ge=1,
        le=10_000,
        description="How many answers in a room may follow each other without a person's message.",
    )
    pair_events: int = Field(
        default=20,
        ge=2,
        le=10_000,
        description="How many messages two senders in a group may exchange within "
        "`loops.pair_seconds`; in a direct room, how many exchanges in a row at inhuman speed.",
    )
    pair_seconds: int = Field(
        default=60, ge=1, le=86_400, description="The time, in seconds, for `loops.pair_events`."
    )
    inhuman_seconds: float = Field(
        default=3,
        ge=0,
        le=3600,
        description="Who answers faster than this many seconds, every time, is taken for a bot.",
    )
    cooldown_s: int = Field(
        default=600,
        ge=1,
        le=1_000_000,
        description="After how many seconds a paused room goes on by itself.",
    )


class LimitsSettings(Section):
    """The most tokens that may be spent in a day (UTC), prompts and answers together; 0: no limit.

    At 80 % of one the administrators are warned. Where it is reached, a notice takes the place of
    the next answer, and what is asked after that is not answered before the next day. An answer
    that is being written then is finished. `usage` shows what was spent.
    """

    person_tokens: int = Field(
        default=0,
        ge=0,
        le=1_000_000_000_000,
        description="For the answers to one person, in all rooms.",
    )
    persona_tokens: int = Field(
        default=0,
        ge=0,
        le=1_000_000_000_000,
        description="For the answers of one persona, or of Luna.",
    )
    room_tokens: int = Field(
        default=0, ge=0, le=1_000_000_000_000, description="For the answers in one room."
    )
    daily_tokens: int = Field(
        default=0,
        ge=0,
        le=1_000_000_000_000,
        description="For everything together, summing up included. It stops answers only: summing "
        "up has its own limit, `memory.daily_tokens`.",
    )
