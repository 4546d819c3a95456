"""What a day has cost, and which ceiling stops an answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunabot.config import LimitsSettings
from lunabot.dispatch.spending import (
    DAY_MS,
    Ceiling,
    Kind,
    Reached,
    Spending,
    ceilings_over,
    stopping,
)
from lunabot.matrix.ids import RoomId, UserId
from lunabot.memory.usage import Usage
from tests.unit.dispatch.people import ADA, BOB, LUNA, OTHER_ROOM, OWL, ROOM

DAY = 20_000


def used(
    tokens: int,
    account: UserId = LUNA,
    asker: UserId = ADA,
    room_id: RoomId = ROOM,
    day: int = DAY,
) -> Usage:
    return Usage(
        day * DAY_MS + 5, room_id, account, asker, "small", tokens - tokens // 3, tokens // 3
    )


def full(kind: Kind, subject: str = "") -> Reached:
    return Reached(Ceiling(kind, subject, 10), 10)


def tokens(spending: Spending, kind: Kind, subject: str = "") -> int:
    """Return what was spent below a ceiling that is always near."""
    found = spending.near([Ceiling(kind, subject, 1)])
    return found[0].spent if found else 0


def test_each_call_counts_for_its_person_persona_and_room() -> None:
    spending = Spending(DAY)
    for each in (used(10), used(20, OWL), used(40, OWL, BOB), used(80, LUNA, BOB, OTHER_ROOM)):
        spending.add(each)
    assert [tokens(spending, Kind.PERSON, each) for each in (ADA, BOB, OWL)] == [30, 120, 0]
    assert [tokens(spending, Kind.PERSONA, each) for each in (LUNA, OWL)] == [90, 60]
    assert [tokens(spending, Kind.ROOM, each) for each in (ROOM, OTHER_ROOM)] == [70, 80]
    assert tokens(spending, Kind.ALL) == 150


def test_summing_up_counts_only_where_everything_does() -> None:
    spending = Spending(DAY)
    spending.add(used(50, LUNA, LUNA))
    assert tokens(spending, Kind.ALL) == 50
    assert tokens(spending, Kind.PERSONA, LUNA) == tokens(spending, Kind.ROOM, ROOM) == 0


def test_other_days_do_not_count() -> None:
    spending = Spending(DAY)
    spending.add(used(50, day=DAY - 1))
    spending.add(used(50, day=DAY + 1))
    assert tokens(spending, Kind.ALL) == 0


@pytest.mark.parametrize(
    ("spent", "near", "is_full"),
    [
        (79, False, False),
        (80, True, False),
        (99, True, False),
        (100, True, True),
        (150, True, True),
    ],
)
def test_a_ceiling_is_near_at_80_percent_and_full_at_100(
    spent: int, near: bool, is_full: bool
) -> None:
    spending = Spending(DAY)
    spending.add(used(spent))
    found = spending.near([Ceiling(Kind.ROOM, ROOM, 100)])
    assert bool(found) is near
    assert [each.full for each in found] == [is_full] * near


def test_only_limits_that_are_set_are_ceilings() -> None:
    assert ceilings_over(LimitsSettings(), LUNA, {ADA}, ROOM) == ()
    settings = LimitsSettings(person_tokens=1, persona_tokens=2, room_tokens=3, daily_tokens=4)
    assert ceilings_over(settings, LUNA, {BOB, ADA}, ROOM) == (
        Ceiling(Kind.ALL, "", 4),
        Ceiling(Kind.ROOM, ROOM, 3),
        Ceiling(Kind.PERSONA, LUNA, 2),
        Ceiling(Kind.PERSON, ADA, 1),
        Ceiling(Kind.PERSON, BOB, 1),
    )


@pytest.mark.parametrize(
    ("near", "askers", "stops"),
    [
        ([], 1, None),
        ([Reached(Ceiling(Kind.ALL, "", 10), 9)], 1, None),
        ([full(Kind.PERSON, ADA)], 1, full(Kind.PERSON, ADA)),
        ([full(Kind.PERSON, ADA)], 2, None),
        ([full(Kind.PERSON, ADA), full(Kind.PERSON, BOB)], 2, full(Kind.PERSON, ADA)),
        ([full(Kind.PERSON, ADA), full(Kind.ROOM, ROOM)], 2, full(Kind.ROOM, ROOM)),
    ],
)
def test_which_ceiling_stops_an_answer(
    near: list[Reached], askers: int, stops: Reached | None
) -> None:
    assert stopping(near, askers) == stops


@given(st.lists(st.tuples(st.sampled_from([ADA, BOB, LUNA]), st.integers(0, 50)), max_size=20))
def test_what_persons_and_summing_up_cost_is_all(calls: list[tuple[UserId, int]]) -> None:
    spending = Spending(DAY)
    for asker, count in calls:
        spending.add(used(count, LUNA, asker))
    persons = tokens(spending, Kind.PERSON, ADA) + tokens(spending, Kind.PERSON, BOB)
    alone = sum(count for asker, count in calls if asker == LUNA)
    assert tokens(spending, Kind.ALL) == persons + alone
    assert tokens(spending, Kind.ROOM, ROOM) == persons
