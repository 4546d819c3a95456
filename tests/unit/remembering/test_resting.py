"""What a model could not write rests, longer each time."""

from lunabot.remembering.resting import Resting
from tests.unit.remembering.talk import ROOM

MINUTES = 60_000


def test_a_text_rests_twice_as_long_each_time() -> None:
    now = [0]
    resting = Resting(lambda: now[0])
    for minutes in (10, 20, 40):
        resting.refuse("chapter 1", ROOM, "too long")
        now[0] += minutes * MINUTES - 1
        assert resting.rests("chapter 1")
        now[0] += 1
        assert not resting.rests("chapter 1")
    assert resting.rooms() == {ROOM}
    assert resting.reasons(3) == ("chapter 1 could not be written: too long",)
    assert resting.reasons(4) == ()


def test_it_rests_a_day_at_most_and_no_more_once_it_is_written() -> None:
    now = [0]
    resting = Resting(lambda: now[0])
    for _ in range(3_000):
        resting.refuse("chapter 1", ROOM, "too long")
    now[0] = 24 * 60 * MINUTES
    assert not resting.rests("chapter 1")
    resting.refuse("chapter 1", ROOM, "too long")
    resting.accept("chapter 1")
    resting.accept("chapter 2")
    assert not resting.rests("chapter 1")
    assert (resting.rooms(), resting.reasons()) == (frozenset(), ())


def test_what_rests_for_one_reason_is_one_line() -> None:
    resting = Resting(lambda: 0)
    for name in ("chapter 1", "chapter 2", "lens technical"):
        resting.refuse(name, ROOM, "no key")
    resting.refuse("notes", ROOM, "too long")
    assert resting.reasons() == (
        "chapter 1 and 2 more could not be written: no key",
        "notes could not be written: too long",
    )
