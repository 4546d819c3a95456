"""Messages whose key has not come yet: tried again with each sync, and told of when it never does.

Keys travel apart from messages (specification, "End-to-End Encryption", m.room_key), so a message
may be here first.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import nio

from lunabot.matrix.account import Account
from lunabot.matrix.events import RoomEvent, Undecryptable
from lunabot.matrix.ids import EventId

PATIENCE_S = 20.0
_LIMIT = 200


@dataclass(frozen=True, slots=True)
class _Waiting:
    event: nio.MegolmEvent
    since: float
    told: bool = False


class Unread:
    """The unreadable messages of one account, the newest 200."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._waiting: dict[EventId, _Waiting] = {}

    def add(self, events: Iterable[nio.MegolmEvent], now: float) -> None:
        """Keep messages that could not be read; `now` in seconds."""
        for event in events:
            self._waiting[EventId(event.event_id)] = _Waiting(event, now)
        for event_id in list(self._waiting)[:-_LIMIT]:
            del self._waiting[event_id]

    def readable(self) -> tuple[RoomEvent, ...]:
        """Return, and keep no longer, what can be read by now."""
        read = []
        for event_id, waiting in list(self._waiting.items()):
            event = self._account.read(waiting.event)
            if isinstance(event, Undecryptable):
                continue
            del self._waiting[event_id]
            if event:
                read.append(event)
        return tuple(read)

    def overdue(self, now: float) -> tuple[nio.MegolmEvent, ...]:
        """Return, once each, the messages whose key does not come; they are tried on."""
        late = []
        for event_id, waiting in self._waiting.items():
            if not waiting.told and now - waiting.since >= PATIENCE_S:
                self._waiting[event_id] = _Waiting(waiting.event, waiting.since, told=True)
                late.append(waiting.event)
        return tuple(late)
