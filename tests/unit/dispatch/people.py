"""Who talks in these tests, and what they say, with as few words as a test needs."""

import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any

from lunabot.dispatch.cast import Character
from lunabot.dispatch.recall import Recall
from lunabot.homeserver.client_api import ClientApi
from lunabot.matrix.account import Account
from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, RoomId, UserId
from lunabot.memory.memory import Memory
from lunabot.memory.retrieval.retriever import Retriever
from lunabot.remembering.records import Records

LUNA, OWL, ADA, BOB = (UserId(f"@{name}:localhost") for name in ("luna", "owl", "ada", "bob"))
ROOM, OTHER_ROOM = RoomId("!room:localhost"), RoomId("!other:localhost")


class Troupe:
    """Luna, and a persona called Owl, which is known to have joined the rooms of `nests`."""

    def __init__(self, saw: Callable[[Message], bool] = lambda message: True) -> None:
        self.nests: set[RoomId] = set()
        self._characters = {
            LUNA: Character(LUNA, ("Luna", "lunabot"), "You are Luna."),
            OWL: Character(
                OWL, ("Owl",), "You are an owl.", "owl-model", saw, self.nests.__contains__
            ),
        }

    def characters(self) -> Mapping[UserId, Character]:
        return self._characters


def no_api(account: Account) -> ClientApi:
    """Stands in where no request is to be made."""
    raise AssertionError


def said(
    body: str = "hello", sender: UserId = ADA, *, event_id: str = "", ago_ms: int = 0, **more: Any
) -> Message:
    """Return a message of now, or of some time ago."""
    usual: dict[str, Any] = {
        "event_id": EventId(event_id or f"$event-{secrets.token_hex(4)}"),
        "room_id": ROOM,
        "timestamp": int(time.time() * 1000) - ago_ms,
    }
    return Message(sender=sender, body=body, **(usual | more))


def recall(memory: Memory) -> Recall:
    """Return what remembers all that is in a memory, in any room by itself."""
    records = Records(memory, lambda: {}, lambda: 8_000)
    return Recall(records, Retriever(memory.archive), lambda: {}, lambda message: True)
