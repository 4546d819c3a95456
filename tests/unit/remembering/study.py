"""A study in which what was said is summed up by a stand-in for a model."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from lunabot.config import Settings
from lunabot.dispatch.cast import Character
from lunabot.dispatch.queue import Question, RoomQueues
from lunabot.llm.client import ModelClient
from lunabot.matrix.events import Message
from lunabot.matrix.ids import UserId
from lunabot.memory.memory import Memory
from lunabot.problems import Problems
from lunabot.prompt.tokens import Tokenizer
from lunabot.remembering.desk import Desk
from lunabot.remembering.summariser import Summariser
from lunabot.remembering.writer import Writer
from tests.fake_model import Answer, FakeModel, Request, Script
from tests.unit.remembering.talk import LUNA, NAMES

LENSES = {"emotional": "Moods and worries.", "technical": "Tools and figures."}
TOKENIZER = Tokenizer("gpt-4o-mini")  # its tables take half a second
CHAPTER = "# Boats\n\nAda sold her boat for 900 to Bob.\n\nOpen: who paints it?"


def kind(request: Request) -> str:
    """Return what a request asks for: a ``chapter``, ``notes`` or a ``lens``."""
    if "# a title" in request.system:
        return "chapter"
    return "notes" if "what you want to remember" in request.system else "lens"


def fitting(request: Request) -> Script:
    """Answer as a model does that has understood."""
    match kind(request):
        case "chapter":
            return Answer(CHAPTER)
        case "notes":
            return Answer("Ada: She sold her boat.\nMe: I like boats.")
        case _:
            return Answer(f"Record {len(request.last_user)}.")


class Study:
    """What is summed up, by whom and when; answers to people take until `holding` is set."""

    def __init__(self, memory: Memory, model: FakeModel, **settings: Any) -> None:
        self.memory = memory
        self.model = model
        self.settings = Settings(**{"lenses": LENSES} | settings)
        self.cast = {LUNA: Character(LUNA, ("Luna",), "You are Luna.")}
        self.problems = Problems(lambda text: None)
        self.queues = RoomQueues(self._answer)
        self.places = 64
        self.clock = int(time.time() * 1000)
        self.answering: list[Sequence[Question]] = []
        self.holding = asyncio.Event()
        self.client = ModelClient(
            model.base_url, "", "fake", temperature=0, timeout_s=5, max_tokens=1000,
            max_concurrent=4, retry_total_s=5, first_pause_s=0.01,
        )  # fmt: skip
        self.desk = Desk(
            memory,
            self,
            lambda room_id: NAMES,
            lambda message: not message.body.startswith("!command"),
            lambda: self.settings,
            lambda: self.clock,
        )
        self.writer = Writer(
            LUNA,
            memory.archive,
            self.queues,
            TOKENIZER,
            lambda: self.client,
            lambda: self.settings,
            lambda: self.settings.context,
            lambda: self.places,
            lambda: self.clock,
        )
        self.summariser = self.anew()

    def anew(self) -> Summariser:
        """Return a summariser that knows nothing of what another one did, as after a crash."""
        return Summariser(self.desk, self.writer, self.problems)

    def change(self, **settings: Any) -> None:
        """Set settings besides the lenses."""
        self.settings = Settings(**{"lenses": LENSES} | settings)

    def characters(self) -> dict[UserId, Character]:
        """Return who may take notes."""
        return self.cast

    async def hear(self, talk: Sequence[Message]) -> None:
        """Record what was said."""
        await self.memory.record_sync(LUNA, "s1", talk)

    @property
    def said(self) -> list[str]:
        """What the model was given to read, call by call."""
        return [request.last_user for request in self.model.requests]

    @property
    def kinds(self) -> list[str]:
        """What was asked of the model, call by call."""
        return [kind(request) for request in self.model.requests]

    async def _answer(self, questions: Sequence[Question]) -> None:
        await self.holding.wait()
        self.answering.append(questions)
