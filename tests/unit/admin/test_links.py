"""Links to messages, in each of their forms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunabot.admin.links import event_id_in, linked_event

EVENT = "$" + 43 * "x"


@pytest.mark.parametrize(
    ("text", "room", "event"),
    [
        ("https://matrix.to/#/!room:server/$event?via=server", "!room:server", "$event"),
        ("https://matrix.to/#/%21room%3Aserver/%24event", "!room:server", "$event"),
        ("https://matrix.to/#/#alias:server/$event", "#alias:server", "$event"),
        ("see [it](https://matrix.to/#/!room/$event:server).", "!room", "$event:server"),
        ("<https://matrix.to/#/!room:server/$event>", "!room:server", "$event"),
        ("matrix:roomid/room:server/e/event?via=server", "!room:server", "$event"),
        ("matrix:r/alias:server/event/event", "#alias:server", "$event"),
    ],
)
def test_a_link_names_room_and_event(text: str, room: str, event: str) -> None:
    assert linked_event(text) == (room, event)
    assert event_id_in(text) == event


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://matrix.to/#/!room:server",
        "https://matrix.to/#/@ann:server",
        "https://matrix.to/#/@ann:server/$event",
        "https://matrix.to/#/!room:server/event",
        "matrix:u/ann:server/e/event",
        "$5 for the map",
        "$5",
    ],
)
def test_other_texts_are_none(text: str) -> None:
    assert linked_event(text) is None
    assert event_id_in(text) is None


@pytest.mark.parametrize("text", [EVENT, f" {EVENT}\n", "$1234:server"])
def test_an_event_id_stands_for_itself(text: str) -> None:
    assert event_id_in(text) == text.strip()


@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    linked_event(f"https://matrix.to/#/{text}")
    linked_event(f"matrix:roomid/{text}")
