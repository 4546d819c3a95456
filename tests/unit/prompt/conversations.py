"""Messages for the tests of prompts."""

from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, RoomId, UserId

LUNA = UserId("@luna:localhost")
ALICE = UserId("@alice:localhost")
BOB = UserId("@bob:localhost")
NAMES = {LUNA: "Luna", ALICE: "Alice", BOB: "Bob"}
DIRECT = {LUNA: "Luna", ALICE: "Alice"}


def say(number: int, sender: UserId, body: str, msgtype: str = "m.text") -> Message:
    """Return the message of that number in a room."""
    event_id, room_id = EventId(f"${number}"), RoomId("!room:localhost")
    return Message(event_id, room_id, sender, 1_000 * number, body, msgtype)


def talk(*said: tuple[UserId, str]) -> list[Message]:
    """Return a conversation."""
    return [say(number, sender, body) for number, (sender, body) in enumerate(said)]
