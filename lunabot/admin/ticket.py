"""What an administrator sees of one command: receipt, ⏳, one notice that grows, ✅ or ❌."""

import asyncio
import logging
from collections.abc import Awaitable
from typing import TypeVar

from lunabot.admin.replies import Replies
from lunabot.errors import WorldError
from lunabot.matrix.account import Account
from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId
from lunabot.matrix.markdown import edit_content, text_content

log = logging.getLogger(__name__)

HOURGLASS_AFTER_S = 1.0
EDIT_EVERY_S = 2.0
FILE_FROM_BYTES = 8_000

_T = TypeVar("_T")


class Ticket:
    """The marks and the notice of a command; `open` first, then one of `close`, `suspend`, `drop`.

    A command that was suspended gets a second ticket when it goes on, with a `stage` of its own. A
    server that does not take a mark shows in the log and stops nothing: the command has run.
    """

    def __init__(self, account: Account, command: Message, stage: str = "") -> None:
        self._account = account
        self._command = command
        self._replies = Replies(account, command)
        self._stage = stage
        self._notice: EventId | None = None
        self._sent = 0
        self._next_edit = 0.0
        self._tasks: list[asyncio.Task[None]] = []
        self._closed = asyncio.Event()
        self._hourglass: EventId | None = None

    def open(self) -> None:
        """Mark the command as read, and with ⏳ if it takes over a second."""
        self._tasks = [
            asyncio.create_task(
                self._account.mark_read(self._command.room_id, self._command.event_id)
            ),
            asyncio.create_task(self._wait()),
        ]

    async def progress(self, markdown: str) -> None:
        """Show how far long work is; shown at once, then at most every two seconds."""
        now = asyncio.get_running_loop().time()
        if now >= self._next_edit:
            self._next_edit = now + EDIT_EVERY_S
            await self._show(markdown)

    async def close(self, markdown: str, *, ok: bool) -> None:
        """Show the result and set the mark, which comes last: who sees it has the answer."""
        await self._stop_waiting()
        if len(markdown.encode()) > FILE_FROM_BYTES:
            await self._attach(markdown)
        else:
            await self._show(markdown)
        await self._try(self._replies.mark(ok=ok))
        await self._take_hourglass()

    async def suspend(self) -> None:
        """End without an answer and without a mark: both are still to come."""
        await self._stop_waiting()
        await self._take_hourglass()

    def drop(self) -> None:
        """Set no more marks: the command was cut off. After `close` this changes nothing."""
        for task in self._tasks:
            task.cancel()

    async def _stop_waiting(self) -> None:
        self._closed.set()
        await asyncio.gather(*self._tasks)

    async def _take_hourglass(self) -> None:
        if self._hourglass:
            await self._account.redact(self._command.room_id, self._hourglass)

    async def _wait(self) -> None:
        try:
            await asyncio.wait_for(self._closed.wait(), HOURGLASS_AFTER_S)
        except TimeoutError:
            reaction = self._replies.react("⏳", f"{self._stage}hourglass")
            self._hourglass = await self._try(reaction)

    async def _attach(self, markdown: str) -> None:
        head = markdown.strip().partition("\n")[0]
        await self._show(f"{head}\n\nThe whole answer is long: it comes as a file.")
        try:
            await self._account.send_file(
                self._command.room_id, "answer.md", markdown.encode(), "text/markdown"
            )
        except WorldError as error:
            log.warning("the answer's file was not sent: %s", error)

    async def _show(self, markdown: str) -> None:
        content = text_content(markdown, msgtype="m.notice", in_reply_to=self._command.event_id)
        if self._notice:
            content = edit_content(self._notice, content)
        self._sent += 1
        sent = await self._try(self._replies.send(content, f"{self._stage}notice-{self._sent}"))
        self._notice = self._notice or sent

    async def _try(self, sending: Awaitable[_T]) -> _T | None:
        try:
            return await sending
        except WorldError as error:
            log.warning("a mark or notice was not sent: %s", error)
            return None
