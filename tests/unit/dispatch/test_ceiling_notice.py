"""What is said of ceilings: each names its key, and the room's names nobody."""

import pytest

from lunabot.config.keys import all_keys
from lunabot.dispatch.ceiling_notice import for_administrators, for_the_room
from lunabot.dispatch.spending import Ceiling, Kind, Reached
from tests.unit.dispatch.people import ADA


@pytest.mark.parametrize("kind", Kind)
def test_each_ceiling_is_told_with_the_key_that_raises_it(kind: Kind) -> None:
    ceiling = Ceiling(kind, ADA, 1000)
    for spent in (800, 1000):
        line = for_administrators(Reached(ceiling, spent))
        assert f"{spent:,} of today's 1,000 tokens" in line
        assert any(f"`{key.name}`" in line for key in all_keys() if key.path[0] == "limits")
    assert "Today's limit" in for_the_room(ceiling)
    assert ADA not in for_the_room(ceiling)


def test_what_everything_costs_has_no_subject() -> None:
    line = for_administrators(Reached(Ceiling(Kind.ALL, "", 10), 12))
    assert line.startswith("🛑 12 of today's 10 tokens are spent: nobody is answered before")
