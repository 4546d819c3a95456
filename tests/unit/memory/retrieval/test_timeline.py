"""Lines of messages: their order, their sittings, in step with the archive."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunabot.matrix.events import RoomEvent
from lunabot.matrix.ids import EventId
from lunabot.memory import messages, schema
from lunabot.memory.retrieval.timeline import PAUSE, Line, Timeline
from tests.unit.memory.samples import OTHER_ROOM, ROOM, redacted, said


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    opened = schema.connect(None)
    yield opened
    opened.close()


@given(st.lists(st.integers(0, 20)))
def test_a_line_is_in_time_order_and_cut_at_pauses(hours: list[int]) -> None:
    line = Line()
    for key, hour in enumerate(hours):
        line.add(key, hour * PAUSE)
    times = [hours[key] * PAUSE for key in line.keys]
    assert times == sorted(times) == list(line.times)
    paused = [place for place in range(1, len(times)) if times[place] - times[place - 1] > PAUSE]
    for position, key in enumerate(line.keys):
        assert line.position(key, line.times[position]) == position
        start = max((place for place in paused if place <= position), default=0)
        stop = min((place for place in paused if place > position), default=len(times))
        assert line.sitting(position) == range(start, stop)
        assert sorted(line.around(position, 99)) == sorted(line.keys[start:stop])
    assert line.position(len(hours), 0) is None


def test_it_takes_in_what_comes_in_any_order(connection: sqlite3.Connection) -> None:
    timeline = Timeline()
    messages.record(connection, [said("$2", "22", at=20), said("$9", room_id=OTHER_ROOM)])
    timeline.update(connection, [ROOM])
    thread = replace(said("$4", at=40), thread=EventId("$2"))
    older: list[RoomEvent] = [
        said("$1", "1", at=10),
        said("$5", replaces="$2"),
        said("$6"),
        redacted("$6"),
    ]
    messages.record(connection, [thread, *older])
    timeline.update(connection, [ROOM])
    assert list(timeline.line(ROOM, None).times) == [10, 20]
    assert list(timeline.line(ROOM, EventId("$2")).times) == [40]
    assert timeline.size([ROOM]) == 3
    assert [timeline.lengths[key] for key in timeline.line(ROOM, None).keys] == [1, 2]
    timeline.update(connection, [OTHER_ROOM])
    assert timeline.size([OTHER_ROOM]) == 1


def test_a_whole_history_is_taken_in(connection: sqlite3.Connection) -> None:
    timeline = Timeline()
    messages.record(connection, [said("$new", at=10_000)])
    timeline.update(connection, [ROOM])
    messages.record(connection, [said(f"${at}", at=at) for at in range(1_500)])
    timeline.update(connection, [ROOM])
    assert list(timeline.line(ROOM, None).times) == [*range(1_500), 10_000]
