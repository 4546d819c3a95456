"""What people read when a room is paused."""

from dataclasses import replace

import pytest

from lunabot.dispatch.pause_notice import for_administrators, for_the_room
from lunabot.matrix.ids import EventId
from lunabot.memory.loop import Layer
from lunabot.memory.pauses import Pause
from tests.unit.dispatch.people import ADA, LUNA, ROOM

PAUSE = Pause(
    ROOM, "Trails", Layer.PAIR, "too fast", frozenset({ADA, LUNA}), 1, 2, EventId("$1"), LUNA
)


@pytest.mark.parametrize(
    ("layer", "cooldown_s", "ending"),
    [
        (Layer.PATTERN, 600, "when a person writes, or in 10 minutes"),
        (Layer.TURNS, 90, "when a person writes, or in 90 seconds"),
        (Layer.PAIR, 150, "when somebody else writes, or in 2 minutes"),
        (Layer.PACE, 3600, "in 60 minutes"),
    ],
)
def test_why_and_until_when(layer: Layer, cooldown_s: int, ending: str) -> None:
    pause = replace(PAUSE, layer=layer)
    assert for_the_room(pause, cooldown_s) == f"Conversation paused: too fast; it resumes {ending}."
    assert (
        f"paused: too fast (`{ADA}`, `{LUNA}`). It resumes {ending}, or by `!resume {ROOM}`."
        in (for_administrators(pause, cooldown_s))
    )


def test_a_rooms_name_stays_a_name() -> None:
    pause = replace(PAUSE, name="**a**\n`b`")
    assert for_administrators(pause, 600).startswith(f"⏸️ `**a** 'b'` `{ROOM}` paused")


def test_each_pause_has_a_line_of_its_own() -> None:
    again = replace(PAUSE, cause=EventId("$2"))
    assert for_administrators(PAUSE, 600) != for_administrators(again, 600)
