"""An answer as it stands in a room: its messages, each sent once and changed by edits."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lunabot.dispatch.queue import Question
from lunabot.errors import WorldError
from lunabot.matrix.account import Account
from lunabot.matrix.answer_mark import marked
from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, UserId
from lunabot.matrix.markdown import Rendered, edit_content, text_content
from lunabot.matrix.splitting import render_parts
from lunabot.matrix.transaction import transaction_id

GROWING = " …"
_SHORT = 1_000  # characters

Said = Callable[[Account, Message], Awaitable[None]]
"""Stores what an account has said."""

Addressed = Callable[[Account, Message], Sequence[UserId]]
"""Whom of Luna's accounts a message of one of them addresses."""


@dataclass
class Writing:
    """The answer of an account to some questions, of which `parts` are in the room already.

    A part is sent under a transaction id that follows from the oldest question, so that whatever
    is sent again after a crash or a lost response is one message, though other questions may have
    come. What a part says by now is changed by edits, as many as it takes.
    """

    account: Account
    questions: Sequence[Question]
    said: Said
    addressed: Addressed
    parts: list[EventId] = field(init=False)
    _shown: dict[int, Rendered] = field(init=False, default_factory=dict)
    _tried: set[int] = field(init=False, default_factory=set)

    def __post_init__(self) -> None:
        self.parts = list(self.questions[0].parts)

    @property
    def question(self) -> Message:
        """The newest message that is answered."""
        return self.questions[-1].message

    @property
    def is_replacement(self) -> bool:
        """Whether it takes the place of an answer that was whole."""
        return self.questions[0].again

    @property
    def was_tried(self) -> bool:
        """Whether something of it may be in the room that nobody here has heard of."""
        return self._was_asked_before or any(each >= len(self.parts) for each in self._tried)

    @property
    def has_appeared(self) -> bool:
        """Whether people have seen something of it."""
        return bool(self._shown)

    async def grow(self, text: str) -> None:
        """Show as much of the answer as there is. Raises `Refused` or `WorldError`."""
        rendered = await _rendered(text + GROWING)
        for number, part in enumerate(rendered):
            await self._put(number, part, unfinished=True)

    async def finish(self, text: str) -> None:
        """Show the whole answer and settle its questions. Raises `Refused` or `WorldError`.

        What is in the room of an earlier, longer version goes.
        """
        rendered = await _rendered(text)
        if not rendered:
            raise WorldError("the model said nothing that can be shown")
        *before, last = rendered
        for number, part in enumerate(before):
            await self._put(number, part, unfinished=True)
        for surplus in self.parts[len(rendered) :]:
            await self.account.redact(self.question.room_id, surplus)
        mentions = self.addressed(self.account, self._message(Rendered(text, None)))
        await self._put(len(before), last, mentions)

    async def withdraw(self) -> None:
        """Take back what is in the room: nobody asks any more."""
        for part in self.parts:
            await self.account.redact(self.question.room_id, part)

    async def _put(
        self,
        number: int,
        rendered: Rendered,
        mentions: Sequence[UserId] = (),
        *,
        unfinished: bool = False,
    ) -> None:
        if unfinished and self._shown.get(number) == rendered:
            return
        asked = tuple(question.message.event_id for question in self.questions)
        content = text_content(rendered, thread=self.question.thread, mentions=mentions)
        content = marked(content, asked, unfinished=unfinished)
        said = replace(
            self._message(rendered),
            mentions=frozenset(mentions),
            answers=asked,
            unfinished=unfinished,
        )
        if number < len(self.parts):
            said = await self._edit(self.parts[number], content, said)
        else:
            is_first = number not in self._tried and not self._was_asked_before
            self._tried.add(number)
            said = await self._send(number, content, said)
            if not is_first:  # the first try may have come through, with what there was then
                await self.said(self.account, replace(said, unfinished=True))
                said = await self._edit(said.event_id, content, said)
        self._shown[number] = rendered
        if not (unfinished and said.replaces):  # of what grows, the last is worth keeping
            await self.said(self.account, said)

    async def _send(self, number: int, content: dict[str, Any], said: Message) -> Message:
        cause = self.questions[0].message.event_id
        transaction = transaction_id(self.account.user_id, cause, f"answer {number + 1}")
        event_id = await self.account.send(self.question.room_id, content, transaction)
        self.parts.append(event_id)
        return replace(said, event_id=event_id)

    async def _edit(self, target: EventId, content: dict[str, Any], said: Message) -> Message:
        edit = edit_content(target, content)
        event_id = await self.account.send(self.question.room_id, edit, uuid.uuid4().hex)
        return replace(said, event_id=event_id, replaces=target)

    @property
    def _was_asked_before(self) -> bool:
        return any(question.tried for question in self.questions)

    def _message(self, rendered: Rendered) -> Message:
        """Return a part of the answer as it will be remembered, without its id."""
        question = self.question
        return Message(
            EventId(""),
            question.room_id,
            self.account.user_id,
            max(self.account.server_now(), question.timestamp + 1 + len(self.parts)),
            body=rendered.body,
            formatted_body=rendered.formatted_body,
            thread=question.thread,
            encrypted=question.encrypted,
        )


async def _rendered(text: str) -> list[Rendered]:
    """Return the parts of a text. Dense Markdown takes 4 ms a kilobyte: a long one, in a thread."""
    if len(text) <= _SHORT:
        return render_parts(text)
    return await asyncio.to_thread(render_parts, text)
