"""The parts' shares: never more than there is, and the early ones' stay as they are."""

from hypothesis import given
from hypothesis import strategies as st

from lunabot.prompt.shares import LEAST_FOR_QUESTION, Room, Shares

_PART = st.floats(0, 1)
_SHARES = st.just(Shares()) | st.builds(Shares, _PART, _PART, _PART, _PART, _PART)


@given(
    shares=_SHARES,
    free=st.integers(LEAST_FOR_QUESTION, 20_000),
    asked=st.integers(1, 30_000),
    retrieving=st.booleans(),
    alone=st.booleans(),
    taken=st.tuples(_PART, _PART),
    grows=st.booleans(),
)
def test_all_together_never_take_more_than_is_free(
    shares: Shares,
    free: int,
    asked: int,
    retrieving: bool,
    alone: bool,
    taken: tuple[float, float],
    grows: bool,
) -> None:
    room = Room(shares, 100, free, asked, retrieving)
    background = int(room.background(alone=alone) * taken[0])
    recent = int(room.recent(background) * taken[1])
    retrieved = room.retrieved(background, recent, grows=grows)
    assert min(background, recent, retrieved) >= 0
    assert room.question + background + recent + retrieved <= free
    assert room.question == asked or room.question >= free * 0.7


def test_the_length_of_a_usual_question_changes_nothing_in_front_of_it() -> None:
    rooms = [Room(Shares(), 100, 6_900, asked, retrieving=True) for asked in (5, 100, 345)]
    assert len({room.background(alone=False) for room in rooms}) == 1
    assert len({(room.recent(500), room.longest(500)) for room in rooms}) == 1
    assert [room.retrieved(500, 5_710, grows=False) for room in rooms] == [685, 590, 345]


def test_while_the_window_grows_the_end_keeps_its_proportion() -> None:
    room = Room(Shares(), 100, 6_900, 40, retrieving=True)
    full = room.recent(0)
    half = room.retrieved(0, full // 2, grows=True)
    assert room.retrieved(0, full, grows=True) == room.retrieved(0, full, grows=False) == 650
    assert 325 < half < 340
    assert room.retrieved(0, full // 2, grows=False) > 3_000


def test_a_part_for_the_recent_leaves_the_rest_to_the_retrieved() -> None:
    room = Room(Shares(recent=0.15), 10, 500, 20, retrieving=True)
    assert (room.recent(0), room.longest(0)) == (75, 75)
    assert room.retrieved(0, 60, grows=False) == 420
