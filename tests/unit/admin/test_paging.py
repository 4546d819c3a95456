"""Long lists come a page at a time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunabot.admin.paging import page_of, turning
from lunabot.errors import UserMistake


@given(st.integers(1, 200), st.integers(1, 50))
def test_the_pages_together_are_the_list(length: int, size: int) -> None:
    items = list(range(length))
    pages = -(-length // size)
    together = [item for page in range(1, pages + 1) for item in page_of(items, page, size)]
    assert together == items


@pytest.mark.parametrize(
    ("page", "said"), [(0, "There is no page 0: there are 3"), (4, "There is no page 4")]
)
def test_a_page_that_is_not_there(page: int, said: str) -> None:
    with pytest.raises(UserMistake, match=said):
        page_of(range(25), page, 10)


def test_an_empty_list_has_one_page() -> None:
    assert page_of([], 1) == []
    with pytest.raises(UserMistake, match="there is one only"):
        page_of([], 2)


def test_how_to_go_on() -> None:
    assert turning(1, more=False) == ""
    assert turning(1, more=True) == "\n\nPage 1: `--page 2` goes on."
    assert turning(3, more=False) == "\n\nPage 3, the last."
