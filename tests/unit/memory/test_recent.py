"""The newest messages of a room as plain fields."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, UserId
from lunabot.memory import recent
from tests.unit.memory.samples import ADA, BOB, ROOM, said
from tests.unit.memory.test_media import MEDIA

_optional_ids = st.none() | st.text(max_size=3).map(EventId)


@st.composite
def _messages(draw: st.DrawFn) -> Message:
    mentioned = st.frozensets(st.sampled_from([ADA, BOB, UserId("@c:d")]))
    return Message(
        event_id=EventId(draw(st.text(max_size=3))),
        room_id=ROOM,
        sender=draw(st.sampled_from([ADA, BOB])),
        timestamp=draw(st.integers(0, 2**53)),
        body=draw(st.text()),
        msgtype=draw(st.sampled_from(["m.text", "m.notice"])),
        formatted_body=draw(st.none() | st.text()),
        mentions=draw(st.none() | mentioned),
        in_reply_to=draw(_optional_ids),
        thread=draw(_optional_ids),
        encrypted=draw(st.booleans()),
        media=draw(st.none() | MEDIA),
    )


@given(_messages())
def test_a_message_survives_json(message: Message) -> None:
    stored = json.loads(json.dumps(recent.to_fields(message)))
    assert recent.to_message(ROOM, stored) == message


def test_defaults_take_no_place() -> None:
    expected = {"event_id": "$1", "sender": ADA, "timestamp": 1_000, "body": "hello"}
    assert recent.to_fields(said("$1")) == expected


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 30)), max_size=20))
def test_the_newest_are_kept_as_far_as_the_limits_allow(drawn: list[tuple[int, int]]) -> None:
    messages = [
        recent.to_fields(said(f"${number}", "x" * length, at=at))
        for number, (at, length) in enumerate(drawn)
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recent, "RECENT_MESSAGES", 6)
        patch.setattr(recent, "RECENT_CHARACTERS", 60)
        kept = recent.newest(messages)
    in_time = sorted(messages, key=lambda message: int(message["timestamp"]))
    size = sum(len(message["body"]) for message in kept)
    assert kept == in_time[len(in_time) - len(kept) :]
    assert len(kept) <= 6 and (size <= 60 or len(kept) == 1)
    if len(kept) < min(6, len(in_time)):
        assert size + len(in_time[-len(kept) - 1]["body"]) > 60


def test_the_newest_message_is_kept_at_any_length() -> None:
    huge = recent.to_fields(said("$2", "x" * (recent.RECENT_CHARACTERS + 1), at=2))
    assert recent.newest([recent.to_fields(said("$1", at=1)), huge]) == [huge]


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@given(_messages(), st.sampled_from(sorted(recent.to_fields(said("$1")))), _json)
def test_what_is_no_message_is_passed_over(message: Message, name: str, value: object) -> None:
    fields = recent.to_fields(message)
    damaged: dict[str, object] = {**fields, name: value}
    for found in recent.sound(ROOM, [damaged, fields, value]):
        assert recent.newest([recent.to_fields(found)]) == [recent.to_fields(found)]
    assert recent.sound(ROOM, [value, fields])[-1:] == (message,)
    assert recent.sound(ROOM, value if not isinstance(value, list) else None) == ()
