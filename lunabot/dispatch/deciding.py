"""What the rules need to know of a room, fetched from where it is kept."""

from collections.abc import Callable
from dataclasses import dataclass

from lunabot.config import Settings
from lunabot.dispatch.mentions import Addressee
from lunabot.dispatch.rules import Decision, decide
from lunabot.matrix.account import Account
from lunabot.matrix.events import Message
from lunabot.matrix.ids import UserId
from lunabot.memory.state import State


@dataclass(frozen=True, slots=True)
class Deciding:
    """Applies the rules to a message as the account sees its room now."""

    settings: Callable[[], Settings]
    state: State

    def __call__(self, account: Account, message: Message) -> Decision:
        """Decide whether the account answers."""
        settings = self.settings()
        luna = settings.luna
        return decide(
            message,
            account=Addressee.of(account.user_id, (luna.display_name, *luna.handles)),
            joined_members=account.joined_count(message.room_id),
            now_ms=account.server_now(),
            backlog_ms=settings.sync.backlog_minutes * 60_000,
            replied_to_sender=self._replied_to(message),
        )

    def _replied_to(self, message: Message) -> UserId | None:
        """Return who wrote the message that this one replies to, as far as it is remembered."""
        if message.in_reply_to is None:
            return None
        recent = self.state.recent(message.room_id)
        senders = (each.sender for each in recent if each.event_id == message.in_reply_to)
        return next(senders, None)
