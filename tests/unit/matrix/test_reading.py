"""Reading events: the shapes of the specification, and whatever else a stranger may send."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunabot.matrix.command_call import CommandCall
from lunabot.matrix.events import Message, Reaction, Redaction, StateChange, Undecryptable
from lunabot.matrix.ids import EventId, RoomId, UserId
from lunabot.matrix.reading import read_event

ROOM = RoomId("!room:server")


def event(content: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "type": "m.room.message",
        "event_id": "$1",
        "sender": "@ann:server",
        "origin_server_ts": 1000,
        "content": content,
        **more,
    }


def read_message(content: dict[str, Any]) -> Message:
    read = read_event(event(content), ROOM)
    assert isinstance(read, Message)
    return read


def test_a_text() -> None:
    assert read_message({"msgtype": "m.text", "body": "hello"}) == Message(
        EventId("$1"), ROOM, UserId("@ann:server"), 1000, "hello"
    )


def test_mentions_are_told_from_no_mentions() -> None:
    text = {"msgtype": "m.text", "body": "hi"}
    assert read_message(text).mentions is None
    assert read_message({**text, "m.mentions": {}}).mentions == frozenset()
    named = read_message({**text, "m.mentions": {"user_ids": ["@luna:server", 7]}})
    assert named.mentions == frozenset({UserId("@luna:server")})


@pytest.mark.parametrize(
    "key", ["m.forwarded", "com.famedly.app.forwarded", "org.matrix.msc4553.forwarded"]
)
def test_a_forwarded_message_is_told_from_an_own_one(key: str) -> None:
    text = {"msgtype": "m.text", "body": "hi"}
    assert not read_message(text).forwarded
    assert read_message({**text, key: {"sender": "@bob:server"}}).forwarded


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ({"command": "rooms add", "arguments": {"x": 1}}, CommandCall("rooms add", {"x": 1})),
        ({"command": "health"}, CommandCall("health", {})),
        ({"command": "health", "arguments": [1]}, CommandCall("health", {})),
        ({"command": 5}, None),
        ("health", None),
    ],
)
@pytest.mark.parametrize("key", ["m.bot.command", "org.matrix.msc4391.command"])
def test_a_command_sent_as_data(key: str, sent: Any, read: CommandCall | None) -> None:
    assert read_message({"msgtype": "m.text", "body": "x", key: sent}).call == read


def test_an_edit_carries_the_new_text_and_what_it_replaces() -> None:
    read = read_message(
        {
            "msgtype": "m.text",
            "body": "* new",
            "m.new_content": {"msgtype": "m.text", "body": "new"},
            "m.relates_to": {"rel_type": "m.replace", "event_id": "$0"},
        }
    )
    assert (read.body, read.replaces) == ("new", "$0")


def test_a_reply_in_a_thread() -> None:
    read = read_message(
        {
            "msgtype": "m.text",
            "body": "yes",
            "m.relates_to": {
                "rel_type": "m.thread",
                "event_id": "$root",
                "m.in_reply_to": {"event_id": "$2"},
            },
        }
    )
    assert (read.thread, read.in_reply_to, read.replaces) == ("$root", "$2", None)


@pytest.mark.parametrize("redacts", [{"redacts": "$0"}, {"content": {"redacts": "$0"}}])
def test_a_redaction_of_old_and_new_room_versions(redacts: dict[str, Any]) -> None:
    read = read_event({**event({}, type="m.room.redaction"), **redacts}, ROOM)
    assert isinstance(read, Redaction)
    assert read.target == "$0"


def test_a_reaction() -> None:
    content = {"m.relates_to": {"rel_type": "m.annotation", "event_id": "$0", "key": "✅"}}
    read = read_event(event(content, type="m.reaction"), ROOM)
    assert isinstance(read, Reaction)
    assert (read.target, read.key) == ("$0", "✅")


def test_state_counts_only_in_the_clear() -> None:
    """The server checks power levels of state it can see; what is inside a ciphertext it cannot."""
    source = event({"membership": "join"}, type="m.room.member", state_key="@ann:server")
    assert isinstance(read_event(source, ROOM), StateChange)
    assert read_event(source, ROOM, encrypted=True) is None


@pytest.mark.parametrize(
    ("unsigned", "previous"),
    [
        ({"unsigned": {"prev_content": {"membership": "invite"}}}, {"membership": "invite"}),
        ({"unsigned": {"replaces_state": "$before"}}, None),
        ({"unsigned": {"age": 5}}, {}),
        ({"unsigned": [], "prev_content": {"membership": "join"}}, {}),
        ({}, {}),
    ],
)
def test_what_a_state_event_replaced(unsigned: dict[str, Any], previous: Any) -> None:
    member = event({"membership": "join"}, type="m.room.member", state_key="@ann:server")
    change = read_event(member | unsigned, ROOM)
    assert isinstance(change, StateChange)
    assert change.previous == previous


def test_what_could_not_be_decrypted() -> None:
    assert isinstance(read_event(event({}, type="m.room.encrypted"), ROOM), Undecryptable)


@pytest.mark.parametrize(
    "content",
    [{}, {"msgtype": "m.text"}, {"body": 7, "msgtype": "m.text"}, {"body": "x", "msgtype": None}],
)
def test_a_message_without_a_body_is_none(content: dict[str, Any]) -> None:
    assert read_event(event(content), ROOM) is None


KEYS = [
    *("body", "msgtype", "formatted_body", "m.mentions", "user_ids", "m.new_content"),
    *("m.relates_to", "rel_type", "event_id", "key", "m.in_reply_to", "redacts", "membership"),
    *("m.image", "m.audio", "url", "file", "info", "filename", "hashes", "duration", "m.voice"),
    *("m.location", "geo_uri", "description", "m.poll", "question", "answers", "m.text"),
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(KEYS),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=4), inner, max_size=5)
    ),
    max_leaves=20,
)
TYPES = st.sampled_from(
    [
        *("m.room.message", "m.reaction", "m.room.redaction", "m.sticker", "m.room.encrypted"),
        *("m.poll.start", "m.location", "x", 3),
    ]
)


@given(content=JSON, kind=TYPES, encrypted=st.booleans())
def test_nothing_raises(content: Any, kind: Any, encrypted: bool) -> None:
    read = read_event(event(content, type=kind), ROOM, encrypted=encrypted)
    if isinstance(read, Message):
        assert isinstance(read.body, str)
        assert read.encrypted == encrypted


@given(source=JSON)
def test_nothing_raises_on_any_json(source: Any) -> None:
    assert read_event(source, ROOM) is None
