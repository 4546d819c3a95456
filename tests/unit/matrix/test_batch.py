"""What is read out of a sync answer, and what strange answers do to it."""

from typing import Any

import nio
import pytest

from lunabot.matrix.batch import Gap, SyncBatch, read_batch, read_decrypted
from lunabot.matrix.events import Invite, Message, Redaction, StateChange
from lunabot.matrix.ids import RoomId, UserId
from tests.room_events import Event, event, invited, joined, left, member, wrote

ME = UserId("@luna:localhost")
ADA = UserId("@ada:localhost")
ROOM = RoomId("!room:localhost")
REQUEST = "m.key.verification.request"


def read(answer: dict[str, Any], since: str | None = "s0") -> SyncBatch:
    whole = {"next_batch": "s1", "device_one_time_keys_count": {}, **answer}
    response = nio.SyncResponse.from_dict(whole)
    assert isinstance(response, nio.SyncResponse)
    return read_batch(ME, since, response, lambda event: True)


def in_room(*timeline: Event) -> SyncBatch:
    return read(joined(ROOM, *timeline))


def test_an_empty_sync_still_has_its_token() -> None:
    assert read({}) == SyncBatch(ME, "s1")


def test_events_keep_their_order() -> None:
    first, second = wrote(ADA, "one"), wrote(ADA, "two")
    redaction = event("m.room.redaction", ADA, {}, redacts=first["event_id"])
    batch = in_room(first, member(ADA), second, redaction)
    assert [type(event) for event in batch.events] == [Message, StateChange, Message, Redaction]
    assert [event.event_id for event in batch.events][:3:2] == [
        first["event_id"],
        second["event_id"],
    ]
    assert {event.room_id for event in batch.events} == {ROOM}


def test_state_before_the_timeline_is_no_event() -> None:
    assert read(joined(ROOM, state=[member(ADA)])).events == ()


@pytest.mark.parametrize(
    "strange",
    [
        event("m.room.message", ADA, {}),
        event("m.room.message", ADA, {"msgtype": "m.text"}),
        event("m.room.message", ADA, {"msgtype": "m.text", "body": 7}),
        event("org.example.thing", ADA, {"body": "hello"}),
        event("m.room.message", ADA, {"msgtype": "m.text", "body": "x"}, event_id=7),
        {"type": "m.room.message"},
        {},
    ],
)
def test_a_strange_event_costs_nobody_the_others(strange: Event) -> None:
    batch = in_room(wrote(ADA, "before"), strange, wrote(ADA, "after"))
    assert [getattr(event, "body", "") for event in batch.events] == ["before", "after"]


def test_only_an_image_is_a_message_too() -> None:
    image = event("m.room.message", ADA, {"msgtype": "m.image", "body": "moon.png", "url": "mxc:"})
    [message] = in_room(image).events
    assert isinstance(message, Message)
    assert (message.msgtype, message.body) == ("m.image", "moon.png")


def test_a_gap_says_where_it_ends() -> None:
    assert read(joined(ROOM, limited=True)).gaps == (Gap(ROOM, f"before-{ROOM}", "s0"),)
    assert read(joined(ROOM)).gaps == ()


def test_what_was_said_before_a_first_sync_is_no_gap() -> None:
    assert read(joined(ROOM, limited=True), since=None).gaps == ()


def test_invitations_of_this_account_only() -> None:
    asked = event("m.room.member", ADA, {"membership": "invite", "is_direct": True}, state_key=ME)
    other = member("@bob:localhost", "invite", by=ADA)
    assert read(invited(ROOM, other, asked)).invites == (Invite(ROOM, ADA, is_direct=True),)
    assert read(invited(ROOM, member(ME, "invite", by=ADA))).invites == (Invite(ROOM, ADA, False),)
    assert read(invited(ROOM, other)).invites == ()


def test_rooms_that_were_left() -> None:
    assert read(left(ROOM)).left == (ROOM,)


@pytest.mark.parametrize("part", ["timeline", "state"])
def test_of_a_room_that_was_left_only_the_own_leave_is_read(part: str) -> None:
    events = [wrote(ADA, "behind your back"), member(ADA, "leave"), member(ME, "leave", by=ADA)]
    batch = read(left(ROOM, *events) if part == "timeline" else left(ROOM, state=events))
    (leave,) = batch.events
    assert isinstance(leave, StateChange)
    assert (leave.state_key, leave.content["membership"]) == (ME, "leave")
    assert (leave.room_id, leave.sender) == (ROOM, ADA)


def test_verifications_through_a_room() -> None:
    asked = wrote(ADA, "verify me", msgtype=REQUEST, to=ME, methods=["m.sas.v1"])
    step = event("m.key.verification.start", ADA, {"method": "m.sas.v1"})
    batch = in_room(wrote(ADA, "hello"), asked, step)
    assert [(room_id, source["event_id"]) for room_id, source in batch.verifications] == [
        (ROOM, asked["event_id"]),
        (ROOM, step["event_id"]),
    ]


def test_verifications_to_the_device() -> None:
    content = {"from_device": "PHONE", "methods": ["m.sas.v1"], "timestamp": 1}
    asked = {"type": REQUEST, "sender": ADA, "content": {**content, "transaction_id": "t"}}
    batch = read({"to_device": {"events": [{}, asked]}})
    assert asked in batch.to_device


@pytest.mark.parametrize("genuine", [True, False])
def test_what_another_device_encrypted_counts_as_said_in_the_clear(genuine: bool) -> None:
    decrypted = nio.RoomMessageText.from_dict(wrote(ADA, "/shutdown"))
    decrypted.decrypted = True
    message = read_decrypted(decrypted, ROOM, lambda event: genuine)
    assert isinstance(message, Message)
    assert (message.body, message.encrypted) == ("/shutdown", genuine)
