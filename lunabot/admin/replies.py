"""What Luna sends because of a command, each part of it once, however often it is tried."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lunabot.matrix.account import Account
from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId
from lunabot.matrix.transaction import transaction_id


@dataclass(frozen=True, slots=True)
class Replies:
    """Sends parts under transaction ids that follow from the command and the part's name.

    Everything raises as `Account.send` does.
    """

    account: Account
    command: Message

    async def send(
        self, content: Mapping[str, Any], part: str, event_type: str = "m.room.message"
    ) -> EventId:
        """Send an event into the command's room."""
        transaction = transaction_id(self.account.user_id, self.command.event_id, part)
        return await self.account.send(
            self.command.room_id, content, transaction, event_type=event_type
        )

    async def react(self, key: str, part: str, to: EventId | None = None) -> EventId:
        """React to an event, or else to the command."""
        target = to or self.command.event_id
        relation = {"rel_type": "m.annotation", "event_id": target, "key": key}
        return await self.send({"m.relates_to": relation}, part, "m.reaction")

    async def mark(self, *, ok: bool) -> None:
        """Set the command's mark. The first one stays: a crash cannot lead to a second."""
        await self.react("✅" if ok else "❌", "mark")
