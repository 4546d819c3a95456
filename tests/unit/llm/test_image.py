"""What pictures cost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunabot.llm.image import Image, image_tokens


@pytest.mark.parametrize(
    ("width", "height", "tokens"),
    [(1, 1, 255), (512, 512, 361), (513, 100, 425), (1024, 1024, 1369), (1024, 400, 555)],
)
def test_tokens(width: int, height: int, tokens: int) -> None:
    assert image_tokens(width, height) == tokens


@given(st.integers(1, 1024), st.integers(1, 1024))
def test_no_picture_costs_more_than_the_largest_or_less_than_openai_asks(
    width: int, height: int
) -> None:
    shrink = min(1.0, 768 / min(width, height))
    tiles = -(-round(width * shrink) // 512) * -(-round(height * shrink) // 512)
    assert 85 + 170 * tiles <= image_tokens(width, height) <= image_tokens(1024, 1024)


def test_a_picture_is_an_address_and_no_log_shows_it() -> None:
    picture = Image(b"pixels", "image/png", 1024, 400)
    assert (picture.url, picture.tokens) == ("data:image/png;base64,cGl4ZWxz", 555)
    assert "pixels" not in repr(picture)
