"""Which price a model has, and what tokens cost by it."""

import pytest

from lunabot.config import Price
from lunabot.llm.prices import money, price_of

PRICES = {
    "gpt-4o": Price(input=2.5, output=10),
    "gpt-4o-mini": Price(input=0.15, output=0.6),
    "gpt-4o-2024-05-13": Price(input=5, output=15),
}


@pytest.mark.parametrize(
    ("model", "priced_as"),
    [
        ("gpt-4o", "gpt-4o"),
        ("gpt-4o-mini", "gpt-4o-mini"),
        ("gpt-4o-mini-2024-07-18", "gpt-4o-mini"),
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("gpt-4o-2024-05-13", "gpt-4o-2024-05-13"),
        ("gpt-4o@20240806", "gpt-4o"),
        ("gpt-4o-nano", None),
        ("gpt-4", None),
        ("llama", None),
    ],
)
def test_a_dated_version_has_the_price_of_its_model(model: str, priced_as: str | None) -> None:
    assert price_of(model, PRICES) == (PRICES[priced_as] if priced_as else None)


def test_a_price_is_that_of_a_million_tokens() -> None:
    assert money(PRICES["gpt-4o"], 2_000_000, 500_000) == pytest.approx(10.0)
    assert money(PRICES["gpt-4o"], 0, 0) == 0
