"""How far back is far enough, and what was missed."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunabot.dispatch.ground import events_before, is_far_enough, is_known_ground, missed
from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId
from tests.unit.dispatch.people import ADA, LUNA, said

HERS, FIRST, SECOND = said("mine", LUNA, event_id="$0"), said(event_id="$1"), said(event_id="$2")


@pytest.mark.parametrize(
    ("messages", "known", "is_ground"),
    [
        ([FIRST, SECOND], {"$1", "$2"}, True),
        ([FIRST, SECOND], {"$1"}, False),
        ([HERS, FIRST], {"$0", "$1"}, True),
        ([HERS, FIRST], {"$1"}, True),
        ([HERS], {"$0"}, False),
        ([], {"$1"}, False),
    ],
    ids=["all", "one is not", "hers too", "hers is not", "only hers", "nothing was said"],
)
def test_known_ground(messages: list[Message], known: set[EventId], is_ground: bool) -> None:
    assert is_known_ground(messages, known, {LUNA}) is is_ground


@pytest.mark.parametrize(
    ("messages", "known", "is_enough"),
    [
        ([FIRST, SECOND], {"$1", "$2"}, True),
        ([FIRST, SECOND], {"$2"}, False),
        ([dataclasses.replace(FIRST, timestamp=0), SECOND], set(), True),
        ([], set(), False),
    ],
    ids=["known", "one is not", "too old", "nothing was said"],
)
def test_far_enough_is_where_nothing_is_to_be_answered(
    messages: list[Message], known: set[EventId], is_enough: bool
) -> None:
    assert is_far_enough(messages, known, {LUNA}, oldest_ms=1) is is_enough


@given(
    times=st.lists(st.integers(0, 9)),
    known=st.frozensets(st.integers(0, 9)),
    ground=st.integers(0, 9),
)
def test_missed_is_what_is_unknown_and_no_history(
    times: list[int], known: frozenset[int], ground: int
) -> None:
    events = [said(sender=ADA, event_id=f"${at}", timestamp=at) for at in times]
    found = missed(events, {EventId(f"${at}") for at in known}, ground)
    assert [event.timestamp for event in found] == [
        at for at in times if at >= ground and at not in known
    ]


@pytest.mark.parametrize(
    ("token", "events"),
    [("t42-1234_0_0", 42), ("s1234_5_6", None), ("", None), ("t-1", None), ("xt42-1", None)],
)
def test_a_synapse_token_tells_how_much_is_before_it(token: str, events: int | None) -> None:
    assert events_before(token) == events
