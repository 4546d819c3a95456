"""Nobody commands faster than the pace, and nobody slows down another."""

from hypothesis import given
from hypothesis import strategies as st

from lunabot.admin.pace import MOST, WINDOW_S, Pace
from lunabot.matrix.ids import UserId

ANN, BOB = UserId("@ann:localhost"), UserId("@bob:localhost")


def test_the_first_that_is_too_many_is_told_from_the_next() -> None:
    pace = Pace()
    assert [pace.over(ANN, 0) for _ in range(MOST + 3)] == [0] * MOST + [1, 2, 3]
    assert pace.over(BOB, 0) == 0
    assert pace.over(ANN, WINDOW_S - 0.1) == 4
    assert pace.over(ANN, WINDOW_S) == 0


@given(st.lists(st.floats(0, 20), max_size=200))
def test_no_window_holds_more_than_the_pace(pauses: list[float]) -> None:
    pace, now, ran = Pace(), 0.0, list[float]()
    for pause in pauses:
        now += pause
        if not pace.over(ANN, now):
            ran.append(now)
    for first, beyond in zip(ran, ran[MOST:], strict=False):
        assert beyond - first >= WINDOW_S
