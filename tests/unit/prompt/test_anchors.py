"""Anchors: remembered by conversation, and not without bound."""

from lunabot.matrix.ids import EventId, RoomId
from lunabot.prompt.anchors import Anchors
from tests.unit.prompt.conversations import LUNA


def test_each_conversation_has_its_own() -> None:
    anchors = Anchors()
    room, thread = (LUNA, RoomId("!a:x"), None), (LUNA, RoomId("!a:x"), EventId("$root"))
    anchors.put(room, EventId("$1"))
    anchors.put(thread, EventId("$2"))
    assert (anchors.get(room), anchors.get(thread)) == ("$1", "$2")
    anchors.put(room, None)
    assert anchors.get(room) is None
    assert anchors.get(thread) == "$2"


def test_those_that_were_not_used_longest_are_forgotten() -> None:
    anchors = Anchors()
    for number in range(1_001):
        anchors.put((LUNA, RoomId(f"!{number}:x"), None), EventId("$1"))
        anchors.put((LUNA, RoomId("!0:x"), None), EventId("$2"))
    assert anchors.get((LUNA, RoomId("!1:x"), None)) is None
    assert anchors.get((LUNA, RoomId("!0:x"), None)) == "$2"
    assert anchors.get((LUNA, RoomId("!1000:x"), None)) == "$1"
