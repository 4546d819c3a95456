"""The sections of the configuration about talking and remembering, and what that may cost."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from lunabot.config.section import Section
from lunabot.config.values import (
    Listed,
    Mapped,
    RoomIdText,
)

Shares = Annotated[Mapping[RoomIdText, Annotated[tuple[RoomIdText, ...], Listed]], Mapped]


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
