"""Messages, edits and redactions, in any order and any number of times."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, RoomId, UserId
from lunabot.matrix.media import FileKeys, Media
from lunabot.memory import messages, schema
from lunabot.memory.retrieval.words import words
from tests.unit.memory.samples import ADA, BOB, OTHER_ROOM, ROOM, redacted, said
from tests.unit.memory.worlds import Event, deliveries, seen

PICTURE = Media("mxc://localhost/a", "cat.jpg", size=9, keys=FileKeys("key", "iv", "hash"))


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    opened = schema.connect(None)
    yield opened
    opened.close()


def _texts(connection: sqlite3.Connection, room_id: RoomId = ROOM) -> list[str]:
    return [message.body for message in messages.recent(connection, room_id, 100, None)]


def _found(connection: sqlite3.Connection, word: str) -> list[str]:
    rows = connection.execute(
        "SELECT event_id FROM message_index JOIN shown ON shown.id = message_index.rowid "
        "WHERE message_index MATCH ? ORDER BY event_id",
        (" ".join(words(word)),),
    )
    return [row[0] for row in rows]


def _check_index(connection: sqlite3.Connection) -> None:
    """Raise unless the full text holds exactly the words of the shown messages."""
    connection.execute(
        "INSERT INTO message_index (message_index, rank) VALUES ('integrity-check', 1)"
    )


def test_everything_of_a_message_comes_back(connection: sqlite3.Connection) -> None:
    message = Message(
        event_id=EventId("$1"),
        room_id=ROOM,
        sender=ADA,
        timestamp=1,
        body="Grüße 👋",
        msgtype="m.emote",
        formatted_body="<b>Grüße</b> 👋",
        mentions=frozenset({BOB, UserId("@luna:localhost")}),
        in_reply_to=EventId("$0"),
        thread=EventId("$root"),
        encrypted=True,
        media=PICTURE,
    )
    messages.record(connection, [message])
    assert messages.recent(connection, ROOM, 10, None) == (message,)


def test_no_mentions_differ_from_unknown_ones(connection: sqlite3.Connection) -> None:
    nobody = Message(EventId("$1"), ROOM, ADA, 1, "hi", mentions=frozenset())
    unknown = said("$2", at=2)
    messages.record(connection, [nobody, unknown])
    assert messages.recent(connection, ROOM, 10, None) == (nobody, unknown)


def test_recent_is_the_newest_in_time_order_of_that_room(connection: sqlite3.Connection) -> None:
    texts = [said(f"${at}", str(at), at=at) for at in (3, 1, 4, 2)]
    messages.record(connection, [*texts, said("$else", "elsewhere", room_id=OTHER_ROOM)])
    assert [found.body for found in messages.recent(connection, ROOM, 2, None)] == ["3", "4"]
    assert [found.body for found in messages.recent(connection, ROOM, 2, 4)] == ["2", "3"]


def test_messages_of_one_millisecond_keep_the_order_they_came_in(
    connection: sqlite3.Connection,
) -> None:
    messages.record(connection, [said(f"${name}", name) for name in "zay"])
    assert _texts(connection) == ["z", "a", "y"]


def test_an_edit_changes_what_is_shown_and_found(connection: sqlite3.Connection) -> None:
    messages.record(connection, [said("$1", "apple pie", at=1)])
    recorded = messages.record(connection, [said("$2", "cherry pie", at=2, replaces="$1")])
    assert recorded == messages.Recorded(frozenset({EventId("$2")}), (), frozenset({ROOM}))
    assert _texts(connection) == ["cherry pie"]
    assert (_found(connection, "apple"), _found(connection, "cherry")) == ([], ["$1"])
    original = connection.execute("SELECT body FROM messages WHERE event_id = '$1'").fetchone()
    assert original == ("apple pie",)


def test_a_stranger_cannot_edit(connection: sqlite3.Connection) -> None:
    messages.record(connection, [said("$1", "mine")])
    messages.record(connection, [said("$2", "yours", sender=BOB, replaces="$1")])
    assert _texts(connection) == ["mine"]


def test_a_redaction_leaves_a_tombstone_without_words(connection: sqlite3.Connection) -> None:
    messages.record(connection, [said("$1", "secret"), said("$2", "SECRET", replaces="$1")])
    messages.record(connection, [redacted("$1")])
    rows = connection.execute("SELECT event_id, body, redacted FROM messages ORDER BY id")
    assert rows.fetchall() == [("$1", "", 1), ("$2", "", 1)]
    assert _found(connection, "secret") == []


def test_a_redaction_leaves_nothing_of_a_picture(connection: sqlite3.Connection) -> None:
    messages.record(connection, [replace(said("$1"), media=PICTURE)])
    messages.record(connection, [redacted("$1")])
    assert connection.execute("SELECT media FROM messages").fetchall() == [(None,)]


def test_an_edit_brings_its_own_media(connection: sqlite3.Connection) -> None:
    other = replace(PICTURE, uri="mxc://localhost/b")
    edit = replace(said("$2", at=2, replaces="$1"), media=other)
    words = said("$3", "never mind", at=3, replaces="$1")
    messages.record(connection, [replace(said("$1"), media=PICTURE)])
    for newest, expected in ((edit, other), (words, None)):
        messages.record(connection, [newest])
        assert messages.recent(connection, ROOM, 1, None)[0].media == expected


def test_redacting_an_edit_brings_the_original_back(connection: sqlite3.Connection) -> None:
    messages.record(connection, [said("$1", "before"), said("$2", "after", replaces="$1")])
    messages.record(connection, [redacted("$2")])
    assert (_texts(connection), _found(connection, "before")) == (["before"], ["$1"])


def test_what_comes_redacted_is_not_new(connection: sqlite3.Connection) -> None:
    messages.record(connection, [redacted("$late")])
    recorded = messages.record(
        connection, [said("$late", "x"), said("$1", "y"), redacted("$1", event_id="$r")]
    )
    assert recorded == messages.Recorded(frozenset(), (), frozenset())


def test_accents_and_case_do_not_hide_words(connection: sqlite3.Connection) -> None:
    messages.record(connection, [said("$1", "Élan vital"), said("$2", "пример Текста")])
    assert (_found(connection, "elan"), _found(connection, "текста")) == (["$1"], ["$2"])


@given(deliveries())
def test_order_and_repetition_do_not_matter(
    delivery: tuple[list[Event], list[list[Event]]],
) -> None:
    history, batches = delivery
    connection = schema.connect(None)
    new = [event_id for batch in batches for event_id in messages.record(connection, batch).new]
    shown = [
        (message.event_id, message.body)
        for room_id in (ROOM, OTHER_ROOM)
        for message in messages.recent(connection, room_id, 100, None)
    ]
    expected = seen(history)
    assert sorted(shown) == sorted(expected)
    assert len(new) == len(set(new))
    assert set(new) >= {event_id for event_id, _ in expected}
    for word in ("apple", "birch"):
        assert _found(connection, word) == sorted(key for key, text in expected if text == word)
    _check_index(connection)
    connection.close()


@given(st.text(st.characters(codec=None, categories=["L", "Cs", "Cc", "So"])))
def test_any_text_a_client_can_send_can_be_stored(text: str) -> None:
    connection = schema.connect(None)
    message = Message(
        EventId("$1"), ROOM, ADA, 1, text, msgtype=text, formatted_body=text, thread=EventId(text)
    )
    messages.record(connection, [message, redacted(text), said("$2", replaces=text or None)])
    expected = text.encode("utf-8", "replace").decode()
    found = messages.recent(connection, ROOM, 10, None)[0]
    assert (found.body, found.msgtype, found.formatted_body) == (expected,) * 3
    connection.close()
