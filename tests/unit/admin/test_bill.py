"""The lines of a bill: who is on it, in which order, and what has no price."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from lunabot.admin.bill import Line, bill, by_day, shortened, total, without_price
from lunabot.config import Price
from lunabot.memory.usage import Spent

PRICES = {"small": Price(input=1, output=10)}
ROWS = (
    Spent("ada", "large", 1, 100, 50),
    Spent("ada", "small", 2, 1_000_000, 100_000),
    Spent("bob", "small", 1, 2_000_000, 0),
)


def lines(*tokens: int) -> list[Line]:
    return [Line(f"subject {number}", 1, each) for number, each in enumerate(tokens)]


def test_the_models_of_a_subject_are_one_line_and_who_spent_most_comes_first() -> None:
    assert bill(ROWS, PRICES) == (
        Line("bob", 1, 2_000_000, 0, 2.0),
        Line("ada", 3, 1_000_100, 100_050, 2.0),
    )
    assert bill((), PRICES) == ()


def test_models_without_a_price_are_named_once() -> None:
    assert without_price((*ROWS, ROWS[0]), PRICES) == ["large"]
    assert without_price(ROWS, {}) == ["large", "small"]


def test_days_on_which_nothing_was_spent_are_shown() -> None:
    spent = [Line("2026-05-01", 1, 10), Line("2026-04-29", 1, 20)]
    assert by_day(spent, date(2026, 5, 2), 14) == (
        Line("2026-04-29", 1, 20),
        Line("2026-04-30"),
        Line("2026-05-01", 1, 10),
        Line("2026-05-02"),
    )
    assert by_day((), date(2026, 5, 2), 14) == ()


def test_the_oldest_of_many_days_are_one_line() -> None:
    spent = [Line(f"2026-05-{day:02}", 1, day) for day in range(1, 6)]
    shown = by_day(spent, date(2026, 5, 5), 3)
    assert [(line.subject, line.tokens) for line in shown] == [
        ("earlier", 6),
        ("2026-05-04", 4),
        ("2026-05-05", 5),
    ]
    assert len(by_day(spent, date(2026, 5, 5), 5)) == 5


def test_the_smallest_of_many_lines_are_others() -> None:
    shown = shortened(lines(50, 40, 30, 20), 3)
    assert [(line.subject, line.tokens, line.calls) for line in shown] == [
        ("subject 0", 50, 1),
        ("subject 1", 40, 1),
        ("others", 50, 2),
    ]
    assert shortened(lines(50, 40), 2) == tuple(lines(50, 40))


@given(st.lists(st.integers(0, 1000), max_size=20), st.integers(1, 12))
def test_shortening_loses_no_token(tokens: list[int], most: int) -> None:
    shown = shortened(lines(*tokens), most)
    assert len(shown) <= most
    assert total(shown).tokens == sum(tokens)
