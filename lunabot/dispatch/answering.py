"""One answer: a prompt from what was said, a completion, and what of it stands in the room."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Protocol

from lunabot.config import AnswersSettings
from lunabot.dispatch.attention import Attention
from lunabot.dispatch.cast import Cast
from lunabot.dispatch.growth import Growth
from lunabot.dispatch.proposals import NoProposals, Proposals
from lunabot.dispatch.queue import Question
from lunabot.dispatch.stops import Stops
from lunabot.dispatch.writing import Addressed, Said, Writing
from lunabot.errors import LunaError, Refused, WorldError, new_reference
from lunabot.llm.completion import Completion
from lunabot.llm.errors import ModelError
from lunabot.llm.source import Model
from lunabot.llm.tools import Tool
from lunabot.matrix.account import Account
from lunabot.matrix.ids import EventId, RoomId, UserId
from lunabot.matrix.markdown import text_content
from lunabot.matrix.text import inline_code
from lunabot.matrix.transaction import transaction_id
from lunabot.memory.memory import Memory
from lunabot.memory.usage import Usage
from lunabot.prompt.builder import Prompt

log = logging.getLogger(__name__)

Allows = Callable[[Account, Sequence[Question]], Awaitable[bool]]
Tell = Callable[[str], None]

_REWORDINGS = 3  # edits of a question that each begin its answer anew
_STOPPED = "*(stopped)*"
_BROKEN_OFF = "*(The model broke off here.)*"


class Prompts(Protocol):
    """Builds prompts, and counts tokens as they are counted there."""

    async def __call__(
        self, account: Account, questions: Sequence[Question], tools: Sequence[Tool] = ()
    ) -> Prompt:
        """Return the prompt for questions of one conversation, to be sent with some tools."""

    async def tokens(self, text: str) -> int:
        """Return how many tokens a text takes."""


@dataclass(frozen=True, slots=True)
class Answering:
    """Answers questions of one account in one room, together, with one answer.

    `allows` is the word of the loop guard and of the ceilings. Whatever fails ends as a notice in
    that room and a line to the administrators (`tell`). What the model asks for in place of a text
    is `proposals`' business; the questions are settled with it.
    """

    accounts: Mapping[UserId, Account]
    cast: Cast
    prompts: Prompts
    model: Callable[[], Model]
    memory: Memory
    attention: Attention
    allows: Allows
    said: Said
    addressed: Addressed
    pace: Callable[[], AnswersSettings]
    stops: Stops
    tell: Tell
    proposals: Proposals = field(default_factory=NoProposals)

    async def __call__(self, questions: Sequence[Question]) -> None:
        """Answer; what is cancelled on the way, or whose account does not run, stays owed."""
        last = questions[-1]
        account = self.accounts.get(last.account)
        if account is None:
            return
        try:
            # Another account may have heard the question before this one's sync brought the room.
            await account.wait_for_room(last.message.room_id)
            revision = self.memory.revision
            asked = await self._still_asked(account, questions)
            if asked and await self.allows(account, asked):
                await self._answer(account, asked, revision)
        except LunaError as error:
            log.warning("no answer to %s: %s", last.message.event_id, error)
            await self._apologise(account, questions, str(error))
        except Exception:
            reference = new_reference()
            log.exception("no answer to %s, reference %s", last.message.event_id, reference)
            await self._apologise(account, questions, f"a fault of mine, reference {reference}")

    async def _still_asked(
        self, account: Account, questions: Sequence[Question]
    ) -> Sequence[Question]:
        """Return the questions that still want an answer, as they are worded now.

        One may have been taken back, or put in line twice and be answered by now.
        """
        current, owed = await self._as_they_are(account, questions)
        return [each for each in current if each.again or each.message.event_id in owed]

    async def _as_they_are(
        self, account: Account, questions: Sequence[Question]
    ) -> tuple[list[Question], set[EventId]]:
        """Return those that were not taken back, as they are worded now, and which are owed."""
        asked = [question.message.event_id for question in questions]
        known, owed = await self.memory.archive.asked(account.user_id, asked)
        gone = [event_id for event_id in asked if event_id not in known]
        if gone:
            await self.memory.archive.record_unanswered(account.user_id, gone, "ignored")
        current = [
            replace(question, message=known[question.message.event_id])
            for question in questions
            if question.message.event_id in known
        ]
        return current, owed

    async def _answer(self, account: Account, questions: Sequence[Question], revision: int) -> None:
        """Answer questions that are as they were at a revision of the memory.

        Where one is taken back, the others are answered anew. Where one is edited, they all are,
        unless something of the answer is in the room already.
        """
        rewordings = 0
        while True:
            writing = Writing(account, questions, self.said, self.addressed)
            text = await self._write(writing)
            if self.memory.revision == revision:
                break
            revision = self.memory.revision
            current, _ = await self._as_they_are(account, questions)
            if len(current) == len(questions):
                rewordings += 1
                is_late = writing.has_appeared or rewordings > _REWORDINGS
                if current == questions or is_late or not text:
                    break
            elif not current:
                await writing.withdraw()
                return
            parts, tried = tuple(writing.parts), writing.was_tried
            questions = [replace(each, parts=parts, tried=tried) for each in current]
        await self._end(writing, text)

    async def _end(self, writing: Writing, text: str) -> None:
        """Say an answer, or settle its questions without one."""
        if text:
            await writing.finish(text)
            return
        if not writing.is_replacement:
            await writing.withdraw()
        asked = [question.message.event_id for question in writing.questions]
        await self.memory.archive.record_unanswered(writing.account.user_id, asked, "ignored")

    async def _write(self, writing: Writing) -> str:
        """Have the model write, and show it growing; return the whole, empty to say nothing."""
        account, message = writing.account, writing.question
        async with (
            self.attention.on(account, message.room_id, message.event_id),
            Growth(writing, self.pace()) as growth,
        ):
            try:
                async with self.stops.watch(writing) as scope:
                    completion = await self._complete(writing, growth)
                    if completion.tool_calls:
                        await self.proposals.propose(writing.questions, completion.tool_calls)
                return completion.text
            except TimeoutError:
                if not scope.expired():
                    raise
            except ModelError as error:
                if not growth.is_seen:
                    raise
                self.tell(f"An answer in {_shown(account, message.room_id)} is not whole: {error}")
                return f"{growth.text}\n\n{_BROKEN_OFF}"
        return f"{growth.text}\n\n{_STOPPED}" if growth.is_seen else ""

    async def _complete(self, writing: Writing, growth: Growth) -> Completion:
        tools = self.proposals.tools(writing.account, writing.questions)
        prompt = await self.prompts(writing.account, writing.questions, tools)
        try:
            return await self._ask(writing, growth, prompt, tools)
        except ModelError as error:
            if not tools or error.passing or growth.text:
                raise
            log.warning("no answer with tools, it is asked for without: %s", error)
            return await self._ask(writing, growth, prompt, ())

    async def _ask(
        self, writing: Writing, growth: Growth, prompt: Prompt, tools: Sequence[Tool]
    ) -> Completion:
        model, name = self.model(), self.cast.characters()[writing.account.user_id].model or None
        if self.pace().grow_after_s:
            pieces = model.stream(prompt.turns, model=name, tools=tools)
            try:
                return await self._metered(writing, growth, prompt, _gathered(pieces, growth))
            except ModelError as error:
                if not growth.text:
                    raise
                log.warning("an answer broke off, it is asked for anew: %s", error)
        whole = model.complete(prompt.turns, model=name, tools=tools)
        return await self._metered(writing, growth, prompt, whole)

    async def _metered(
        self, writing: Writing, growth: Growth, prompt: Prompt, asking: Awaitable[Completion]
    ) -> Completion:
        """Wait for a completion and note what it cost, were it stopped or broken off half-way."""
        before = len(growth.text)
        try:
            completion = await asking
        except (ModelError, asyncio.CancelledError):
            if streamed := growth.text[before:]:
                model = self.cast.characters()[writing.account.user_id].model or self.model().model
                partly = Completion(streamed, model, None, None, None)
                await self._spent(writing, prompt, partly)
            raise
        await self._spent(writing, prompt, completion)
        return completion

    async def _spent(self, writing: Writing, prompt: Prompt, completion: Completion) -> None:
        """Note what a completion cost; what the endpoint does not tell is counted."""
        written = completion.completion_tokens
        await self.memory.archive.record_usage(
            Usage(
                int(time.time() * 1000),
                writing.question.room_id,
                writing.account.user_id,
                writing.question.sender,
                completion.model,
                completion.prompt_tokens or prompt.tokens,
                await self.prompts.tokens(completion.text) if written is None else written,
            )
        )

    async def _apologise(
        self, account: Account, questions: Sequence[Question], reason: str
    ) -> None:
        """Say in the room, and to the administrators, that there is no answer, and why.

        Not for an account that ended meanwhile: its questions stay owed, or went with it.
        """
        if self.accounts.get(account.user_id) is not account:
            return
        message = questions[-1].message
        asked: list[EventId] = [question.message.event_id for question in questions]
        notice = text_content(
            f"I could not answer: {reason}. The administrators know. "
            "What you wrote is kept; ask again in a while.",
            msgtype="m.notice",
            in_reply_to=message.event_id,
            thread=message.thread,
        )
        try:
            transaction = transaction_id(account.user_id, message.event_id, "apology")
            await account.send(message.room_id, notice, transaction)
            await self.memory.archive.record_unanswered(account.user_id, asked, "missed")
        except Refused as error:
            log.warning("no apology in %s: %s", message.room_id, error)
            await self.memory.archive.record_unanswered(account.user_id, asked, "missed")
        except WorldError as error:
            log.warning("no apology in %s: %s", message.room_id, error)
        room = _shown(account, message.room_id)
        self.tell(f"No answer to {message.sender} in {room}: {reason}.")


def _shown(account: Account, room_id: RoomId) -> str:
    return f"{inline_code(account.room_name(room_id))} `{room_id}`"


async def _gathered(pieces: AsyncGenerator[str | Completion], growth: Growth) -> Completion:
    """Let an answer grow by the pieces of a stream, and return the whole; raises `ModelError`."""
    async with aclosing(pieces):
        async for piece in pieces:
            if isinstance(piece, Completion):
                return piece
            growth.text += piece
    raise ModelError("the stream had no end")
