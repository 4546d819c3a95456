"""Events to record, made with as few words as a test needs."""

from collections.abc import Sequence

from lunabot.matrix.events import Message, Redaction
from lunabot.matrix.ids import EventId, RoomId, UserId
from lunabot.memory.ledger import Debt

ROOM = RoomId("!room:localhost")
OTHER_ROOM = RoomId("!other:localhost")
ADA = UserId("@ada:localhost")
BOB = UserId("@bob:localhost")
LUNA = UserId("@luna:localhost")


def said(
    event_id: str,
    body: str = "hello",
    *,
    at: int = 1_000,
    sender: UserId = ADA,
    room_id: RoomId = ROOM,
    replaces: str | None = None,
    encrypted: bool = False,
    answers: Sequence[str] = (),
    unfinished: bool = False,
) -> Message:
    return Message(
        event_id=EventId(event_id),
        room_id=room_id,
        sender=sender,
        timestamp=at,
        body=body,
        replaces=EventId(replaces) if replaces else None,
        encrypted=encrypted,
        answers=tuple(map(EventId, answers)),
        unfinished=unfinished,
    )


def redacted(
    target: str, *, event_id: str = "$redaction", at: int = 2_000, room_id: RoomId = ROOM
) -> Redaction:
    return Redaction(EventId(event_id), room_id, ADA, at, EventId(target))


def debt(event_id: str, *, account: UserId = LUNA, received_at: int = 5_000) -> Debt:
    return Debt(account, EventId(event_id), ROOM, received_at)
