"""What belongs together is compared; what is missing is named with the way out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunabot.matrix.ids import RoomId, UserId
from lunabot.personas.persona import Persona, Stay
from lunabot.personas.reconcile import Finding, differences, in_step
from tests.unit.personas.characters import CLASSROOM, GARDEN, TEACHER, any_personas, teacher

SCOUT = UserId("@scout:localhost")
NOW = 2**45
REPAIR = "`!despawn scout` removes what is left"


@pytest.mark.parametrize(
    ("document", "account", "secret", "missing"),
    [
        (True, True, True, None),
        (True, True, False, None),
        (True, False, True, "its document is here, but the server has no such account"),
        (True, False, False, "its document is here, but the server has no such account"),
        (False, True, True, "its account is on the server, but its document is gone"),
        (False, False, True, "its secrets are here, but its account and its document are gone"),
        (False, False, False, None),
    ],
)
def test_every_combination(
    document: bool, account: bool, secret: bool, missing: str | None
) -> None:
    def among(is_there: bool) -> set[UserId]:
        return {TEACHER, SCOUT} if is_there else {TEACHER}

    found = differences(documents=among(document), secrets=among(secret), accounts=among(account))
    assert found == (() if missing is None else (Finding(SCOUT, f"{missing}: {REPAIR}"),))


def test_findings_come_by_user_id() -> None:
    found = differences(documents=[TEACHER, SCOUT], secrets=[], accounts=[])
    assert [finding.user_id for finding in found] == [SCOUT, TEACHER]


_rooms = st.sets(st.sampled_from([CLASSROOM, GARDEN]))


@given(any_personas, _rooms)
def test_in_step_it_is_in_exactly_those_rooms_and_what_it_saw_stays(
    persona: Persona, rooms: set[RoomId]
) -> None:
    mended = in_step(persona, rooms, NOW)
    assert set(mended.rooms) == rooms
    assert in_step(mended, rooms, NOW + 1) == mended
    assert all(
        mended.saw(stay.room_id, stay.joined_at)
        for stay in persona.stays
        if persona.saw(stay.room_id, stay.joined_at) and stay.joined_at < NOW
    )


def test_a_membership_that_ended_unseen_ends_now_and_one_that_began_begins() -> None:
    persona = in_step(teacher(stays=(Stay(CLASSROOM, 1_000),)), [GARDEN], 5_000)
    assert persona.stays == (Stay(CLASSROOM, 1_000, 5_000), Stay(GARDEN, 5_000))


@pytest.mark.parametrize(("joined_at", "is_news"), [(4_000, False), (4_001, True)])
def test_a_join_that_is_news_stays(joined_at: int, is_news: bool) -> None:
    persona = teacher(stays=(Stay(CLASSROOM, joined_at),))
    mended = in_step(persona, [], 5_000, news_ms=1_000)
    assert (mended.rooms == (CLASSROOM,)) is is_news
