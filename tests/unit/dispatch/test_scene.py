"""Who was in a room when something was said, found by going back from who is there now."""

from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lunabot.dispatch.scene import joined_then
from lunabot.matrix.events import RoomEvent, StateChange
from lunabot.matrix.ids import EventId, RoomId, UserId
from tests.unit.dispatch.people import ADA, BOB, LUNA, OTHER_ROOM, OWL, ROOM, said

JOIN, LEAVE = {"membership": "join"}, {"membership": "leave"}
MEMBERSHIPS = ("join", "leave", "invite", "knock", "ban")


def change(
    who: UserId, content: Any, previous: Any, room: RoomId = ROOM, kind: str = "m.room.member"
) -> StateChange:
    return StateChange(EventId("$state"), room, who, 1, kind, who, content, previous)


def test_each_message_has_the_members_of_its_moment() -> None:
    first, second, third = (said(event_id=f"${number}") for number in (1, 2, 3))
    events: list[RoomEvent] = [
        first,
        change(BOB, JOIN, {}),
        second,
        change(ADA, LEAVE, JOIN),
        third,
    ]
    found = joined_then(events, lambda room: {LUNA, BOB})
    assert found == {"$1": {LUNA, ADA}, "$2": {LUNA, ADA, BOB}, "$3": {LUNA, BOB}}


def test_nothing_is_said_of_rooms_in_which_nobody_came_or_went() -> None:
    renamed = change(BOB, {**JOIN, "displayname": "Bobby"}, JOIN)
    declined = change(BOB, LEAVE, {"membership": "invite"})
    untold = change(BOB, JOIN, None)
    topic = change(BOB, JOIN, LEAVE, kind="m.room.topic")
    elsewhere = change(BOB, JOIN, LEAVE, OTHER_ROOM)
    events: list[RoomEvent] = [said(), renamed, declined, untold, topic, elsewhere]
    assert joined_then(events, lambda room: {LUNA, ADA, BOB}) == {}


def test_what_the_room_does_not_agree_with_is_no_trouble() -> None:
    came = change(BOB, JOIN, LEAVE)
    events: list[RoomEvent] = [said(event_id="$1"), came, said(event_id="$2")]
    assert joined_then(events, lambda room: {LUNA}) == {"$1": {LUNA}, "$2": {LUNA}}


@given(
    st.sets(st.sampled_from((LUNA, ADA, BOB, OWL))),
    st.lists(st.none() | st.tuples(st.sampled_from((ADA, BOB, OWL)), st.sampled_from(MEMBERSHIPS))),
)
def test_going_back_finds_what_going_forward_saw(
    joined: set[UserId], moves: Sequence[tuple[UserId, str] | None]
) -> None:
    contents: dict[UserId, dict[str, str]] = dict.fromkeys(joined, JOIN)
    events: list[RoomEvent] = []
    seen = {}
    for number, move in enumerate(moves):
        if move is None:
            events.append(said(event_id=f"${number}"))
            seen[f"${number}"] = {user for user, each in contents.items() if each == JOIN}
        else:
            user, membership = move
            after = {"membership": membership}
            events.append(change(user, after, contents.get(user, {})))
            contents[user] = after
    now = {user for user, each in contents.items() if each == JOIN}
    found = joined_then(events, lambda room: now)
    assert all(found.get(EventId(event_id), now) == then for event_id, then in seen.items())
