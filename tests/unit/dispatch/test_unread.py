"""Messages whose key is late are read when it comes, and told of once when it does not."""

from typing import Any

import nio
import pytest

from lunabot.dispatch.unread import PATIENCE_S, Unread
from lunabot.matrix.events import Message, RoomEvent
from lunabot.matrix.ids import RoomId
from lunabot.matrix.reading import read_event
from tests.fake_account import FakeAccount

ADA = "@ada:localhost"
ROOM = "!room:localhost"


class Reader(FakeAccount):
    """An account that has the keys of some messages."""

    def __init__(self) -> None:
        super().__init__()
        self.sources: dict[str, dict[str, Any]] = {}

    def read(self, event: nio.MegolmEvent) -> RoomEvent | None:
        source = self.sources.get(event.event_id)
        return read_event(source or event.source, RoomId(ROOM), encrypted=bool(source))

    def receive_key(self, event_id: str, content: dict[str, Any]) -> None:
        head = {"event_id": event_id, "sender": ADA, "origin_server_ts": 1}
        self.sources[event_id] = {**head, "type": "m.room.message", "content": content}


@pytest.fixture
def reader() -> Reader:
    return Reader()


@pytest.fixture
def unread(reader: Reader) -> Unread:
    return Unread(reader)


def encrypted(event_id: str) -> nio.MegolmEvent:
    content = {
        "algorithm": "m.megolm.v1.aes-sha2",
        "ciphertext": "AwgA",
        "session_id": "session",
        "sender_key": "key",
        "device_id": "PHONE",
    }
    head = {"event_id": event_id, "sender": ADA, "origin_server_ts": 1, "room_id": ROOM}
    event = nio.MegolmEvent.from_dict({**head, "type": "m.room.encrypted", "content": content})
    assert isinstance(event, nio.MegolmEvent)
    return event


def text(body: str) -> dict[str, Any]:
    return {"msgtype": "m.text", "body": body}


def test_a_message_is_read_once_its_key_is_there(unread: Unread, reader: Reader) -> None:
    unread.add([encrypted("$1"), encrypted("$2")], now=0)
    assert unread.readable() == ()
    reader.receive_key("$2", text("second"))
    [message] = unread.readable()
    assert isinstance(message, Message)
    assert (message.event_id, message.room_id, message.body) == ("$2", ROOM, "second")
    assert message.encrypted
    assert unread.readable() == ()
    reader.receive_key("$1", text("first"))
    assert [event.event_id for event in unread.readable()] == ["$1"]


def test_what_says_nothing_is_dropped(unread: Unread, reader: Reader) -> None:
    unread.add([encrypted("$1")], now=0)
    reader.receive_key("$1", {})
    assert unread.readable() == ()
    assert unread.overdue(PATIENCE_S + 1) == ()


def test_a_key_that_does_not_come_is_told_of_once(unread: Unread, reader: Reader) -> None:
    unread.add([encrypted("$1")], now=100)
    assert unread.overdue(100 + PATIENCE_S - 0.1) == ()
    assert [event.event_id for event in unread.overdue(100 + PATIENCE_S)] == ["$1"]
    assert unread.overdue(1000) == ()
    reader.receive_key("$1", text("late, but here"))
    assert [event.event_id for event in unread.readable()] == ["$1"]


def test_the_newest_two_hundred_are_kept(unread: Unread, reader: Reader) -> None:
    unread.add([encrypted(f"${number}") for number in range(150)], now=0)
    unread.add([encrypted(f"${number}") for number in range(150, 300)], now=0)
    for number in range(300):
        reader.receive_key(f"${number}", text("hello"))
    assert [event.event_id for event in unread.readable()] == [f"${n}" for n in range(100, 300)]
