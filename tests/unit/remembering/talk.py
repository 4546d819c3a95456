"""Conversations to remember, made with as few words as a test needs."""

from collections.abc import Sequence

from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, RoomId, UserId
from lunabot.remembering.segments import PAUSE_MS

ROOM = RoomId("!trails:localhost")
OTHER_ROOM = RoomId("!office:localhost")
LUNA = UserId("@luna:localhost")
MARA = UserId("@mara:localhost")
ADA = UserId("@ada:localhost")
BOB = UserId("@bob:localhost")
NAMES = {LUNA: "Luna", MARA: "Mara", ADA: "Ada", BOB: "Bob"}
MINUTE = 60_000
START = 1_700_000_000_000


def talk(
    bodies: Sequence[str],
    *,
    start: int = START,
    every: int = MINUTE,
    room_id: RoomId = ROOM,
    senders: Sequence[UserId] = (ADA, BOB),
) -> list[Message]:
    """Return what people said in turn, a minute apart."""
    return [
        Message(
            EventId(f"${room_id}-{start + number * every}"),
            room_id,
            senders[number % len(senders)],
            start + number * every,
            body,
        )
        for number, body in enumerate(bodies)
    ]


def chatter(topic: str, count: int) -> list[str]:
    """Return so many messages of about 48 tokens about a topic."""
    return [
        f"{topic} {number}: " + f"we spoke of {topic} once more; " * 6 for number in range(count)
    ]


EVENING = talk(chatter("boats", 12))
MORNING = talk(chatter("tea", 12), start=START + 2 * PAUSE_MS)
NOON = talk(["Lunch?"], start=START + 5 * PAUSE_MS)
DAY = [*EVENING, *MORNING, *NOON]
"""Two chapters, and the beginning of a third."""
