"""What calls of models cost in money. Pure."""

import re
from collections.abc import Mapping

from lunabot.config import Price

_DATED = re.compile(r"[-@]\d")


def price_of(model: str, prices: Mapping[str, Price]) -> Price | None:
    """Return the price of a model, or None where nobody has set one.

    Endpoints answer with the version they used: ``gpt-4o-mini-2024-07-18`` costs what
    ``gpt-4o-mini`` does.
    """
    if model in prices:
        return prices[model]
    known = [name for name in prices if model.startswith(name) and _DATED.match(model, len(name))]
    return prices[max(known, key=len)] if known else None


def money(price: Price, prompt_tokens: int, completion_tokens: int) -> float:
    """Return what tokens cost, in the currency of the price."""
    return (price.input * prompt_tokens + price.output * completion_tokens) / 1_000_000
