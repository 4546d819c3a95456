"""One answer: a prompt from what was said, a completion, a message sent exactly once."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lunabot.dispatch.attention import Attention
from lunabot.dispatch.cast import Cast
from lunabot.dispatch.queue import Question
from lunabot.errors import LunaError, Refused, WorldError, new_reference
from lunabot.llm.completion import Completion
from lunabot.llm.source import Model
from lunabot.matrix.account import Account
from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, UserId
from lunabot.matrix.markdown import text_content
from lunabot.matrix.splitting import render_parts
from lunabot.matrix.transaction import transaction_id
from lunabot.memory.memory import Memory
from lunabot.memory.usage import Usage
from lunabot.prompt.builder import Prompt

log = logging.getLogger(__name__)

BuildPrompt = Callable[[Account, Message], Awaitable[Prompt]]
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Answering:
    """Answers questions of one account in one room, together, with one message.

    Whatever fails ends as a notice in that room and a line to the administrators (`tell`).
    """

    accounts: Mapping[UserId, Account]
    cast: Cast
    build_prompt: BuildPrompt
    model: Callable[[], Model]
    memory: Memory
    attention: Attention
    tell: Tell

    async def __call__(self, questions: Sequence[Question]) -> None:
        """Answer; what is cancelled on the way, or whose account does not run, stays owed."""
        last = questions[-1]
        account = self.accounts.get(last.account)
        if account is None:
            return
        try:
            if questions := await self._still_asked(account, questions):
                await self._answer(account, questions)
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
        """Return the questions that were not taken back while they stood in line."""
        asked = [question.message.event_id for question in questions]
        known = await self.memory.archive.messages(asked)
        gone = [event_id for event_id in asked if event_id not in known]
        if gone:
            await self.memory.archive.record_unanswered(account.user_id, gone, "ignored")
        return [question for question in questions if question.message.event_id in known]

    async def _answer(self, account: Account, questions: Sequence[Question]) -> None:
        message = questions[-1].message
        async with self.attention.on(account, message.room_id, message.event_id):
            prompt = await self.build_prompt(account, message)
            model = self.cast.characters()[account.user_id].model
            completion = await self.model().complete(prompt.turns, model=model or None)
        await self._spent(account, message, prompt, completion)
        asked = [question.message.event_id for question in questions]
        # Dense Markdown takes 4 ms a kilobyte.
        parts = await asyncio.to_thread(render_parts, completion.text)
        for number, part in enumerate(parts, start=1):
            content = text_content(part, thread=message.thread)
            sent = await self._send(account, message, content, number)
            await self._record(account, sent, asked if number == len(parts) else ())

    async def _send(
        self, account: Account, question: Message, content: dict[str, Any], part: int
    ) -> Message:
        """Send a part of the answer and return it as it will be remembered."""
        transaction = transaction_id(account.user_id, question.event_id, f"answer {part}")
        event_id = await account.send(question.room_id, content, transaction)
        return Message(
            event_id,
            question.room_id,
            account.user_id,
            max(account.server_now(), question.timestamp + part),
            body=content["body"],
            msgtype=content["msgtype"],
            formatted_body=content.get("formatted_body"),
            thread=question.thread,
            encrypted=question.encrypted,
        )

    async def _record(
        self, account: Account, sent: Message, settled: Sequence[EventId]
    ) -> None:
        """Store what was sent. A disk that is full costs no answer: it stays owed, and the next
        start sends it again under the same transaction id, which is the same message."""
        try:
            if settled:
                await self.memory.record_answer(account.user_id, settled, sent)
            else:
                await self.memory.record_outbound(sent)
        except WorldError as error:
            log.error("an answer was sent and not stored: %s", error)
            self.tell(f"⚠️ An answer was sent and could not be stored: {error}")

    async def _spent(
        self, account: Account, question: Message, prompt: Prompt, completion: Completion
    ) -> None:
        await self.memory.archive.record_usage(
            Usage(
                int(time.time() * 1000),
                question.room_id,
                account.user_id,
                question.sender,
                completion.model,
                completion.prompt_tokens or prompt.tokens,
                completion.completion_tokens or 0,
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
        self.tell(f"No answer to {message.sender} in {message.room_id}: {reason}.")
