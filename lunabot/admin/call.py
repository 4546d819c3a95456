"""What a skill is given, and what it gives back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lunabot.matrix.events import Message
from lunabot.matrix.ids import RoomId, UserId

if TYPE_CHECKING:
    from lunabot.admin.services import Services
    from lunabot.charts.canvas import Picture


@dataclass(frozen=True, slots=True)
class Call:
    """One command that is being run: who asked, where, and everything Luna can do about it."""

    event: Message
    services: Services
    report: Callable[[str], Awaitable[None]]

    @property
    def sender(self) -> UserId:
        """The administrator who asked."""
        return self.event.sender

    @property
    def room_id(self) -> RoomId:
        """The admin room."""
        return self.event.room_id

    async def progress(self, text: str) -> None:
        """Show how far long work is, in Markdown: the notice that ends as the answer is edited."""
        await self.report(text)

    async def show(self, name: str, draw: Callable[[], Picture]) -> None:
        """Draw a picture, in a thread, and send it to the admin room. Raises `WorldError`."""
        picture = await asyncio.to_thread(draw)
        size = (picture.width, picture.height)
        account = self.services.account
        await account.send_image(self.room_id, name, picture.png, "image/png", size)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said in reply, in Markdown, and whether the command gets ✅ (`ok`) or ❌."""

    markdown: str
    ok: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """What a destructive command would do, shown with the question whether it should.

    `markdown` tells the consequences, names and counts first. `fingerprint` is any text that is
    another one when what would go is: the plan is made again when somebody said yes, and nothing
    is done where they differ.
    """

    markdown: str
    fingerprint: str
