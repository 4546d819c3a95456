"""Transaction ids: the same for the same part of the same answer, and for nothing else."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from lunabot.matrix.ids import EventId, UserId
from lunabot.matrix.transaction import transaction_id

causes = st.tuples(
    st.builds(UserId, st.text()), st.builds(EventId, st.text()), st.text(max_size=20)
)


@given(causes)
def test_the_same_cause_gives_the_same_id(cause: tuple[UserId, EventId, str]) -> None:
    assert transaction_id(*cause) == transaction_id(*cause)
    assert transaction_id(*cause).isascii()
    assert len(transaction_id(*cause)) < 60


@given(causes, causes)
def test_another_cause_gives_another(
    one: tuple[UserId, EventId, str], other: tuple[UserId, EventId, str]
) -> None:
    if "\0" not in "".join(one + other):  # no identifier of Matrix holds it
        assert (transaction_id(*one) == transaction_id(*other)) is (one == other)


def test_what_sounds_alike_is_told_apart() -> None:
    luna, owl = UserId("@luna:localhost"), UserId("@owl:localhost")
    ids = [
        transaction_id(luna, EventId("$1"), "answer 1"),
        transaction_id(luna, EventId("$1"), "answer 2"),
        transaction_id(luna, EventId("$11"), "answer 1"),
        transaction_id(luna, EventId("$1"), "apology"),
        transaction_id(owl, EventId("$1"), "answer 1"),
    ]
    assert all(one != other for one, other in combinations(ids, 2))


def test_it_stays_the_same_between_versions() -> None:
    cause = UserId("@luna:localhost"), EventId("$1"), "answer 1"
    assert transaction_id(*cause) == "luna-6b5e8ace663f08a108226a9a6049b6a3"
