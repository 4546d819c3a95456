"""Arguments that came as data are spelled so that the declaration reads them back."""

from datetime import date
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunabot.admin.call import Call
from lunabot.admin.parameters import RoomReference, Tail
from lunabot.admin.skill import skill
from lunabot.admin.structured import spelled
from lunabot.errors import UserMistake
from lunabot.matrix.ids import RoomId, UserId


@skill("paint")
async def paint(
    call: Call,
    name: str,
    colour: Literal["red", "blue"] = "red",
    *,
    times: int = 1,
    wet: bool = False,
    sharp: bool | None = None,
    who: tuple[UserId, ...] = (),
    room: RoomReference | None = None,
    day: date | None = None,
    text: Tail = "",
) -> str:
    """Paint.

    name: what
    colour: which
    times: how often
    wet: a flag
    sharp: yes or no
    who: for whom
    room: where
    day: when
    text: the rest
    """
    return ""


def read(given: dict[str, Any]) -> dict[str, Any]:
    return dict(paint.read(spelled(paint, given), "localhost").values)


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1)


@given(TEXTS, st.integers(), st.booleans(), st.text(st.sampled_from("ab -=\"'\\n`/"), min_size=1))
def test_what_was_given_is_what_is_read(name: str, times: int, wet: bool, text: str) -> None:
    values = read({"name": name, "times": times, "wet": wet, "text": text})
    assert (values["name"], values["times"], values["wet"]) == (name, times, wet)
    assert values["text"] == text.strip() or values["text"] == text


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_text_becomes_an_option_or_a_yes(name: str, text: str) -> None:
    try:
        invocation = paint.read(spelled(paint, {"name": name, "text": text}), "localhost")
    except UserMistake:
        return
    assert not invocation.confirmed
    assert invocation.values["times"] == 1 and invocation.values["wet"] is False


def test_every_kind_of_value() -> None:
    values = read(
        {
            "name": "a door",
            "colour": "blue",
            "sharp": False,
            "who": ["@ann:localhost", "bob"],
            "room": {"type": "room_id", "id": "!r:localhost", "via": ["localhost"]},
            "day": "2026-05-31",
            "text": None,
        }
    )
    assert values == {
        "name": "a door",
        "colour": "blue",
        "times": 1,
        "wet": False,
        "sharp": False,
        "who": ("@ann:localhost", "@bob:localhost"),
        "room": RoomReference("!r:localhost", room_id=RoomId("!r:localhost")),
        "day": date(2026, 5, 31),
        "text": "",
    }


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": "x", "yes": True}, "`/paint` takes no `yes`"),
        ({"colour": "red"}, "`colour` needs `name` before it"),
        ({"name": ["x", "y"]}, "`name` is one value, not several"),
        ({"name": {"x": 1}}, "is not text"),
        ({}, "`NAME` is missing"),
        ({"name": "x", "times": "often"}, "`often` is not a whole number"),
        ({"name": "x", "colour": "green"}, "`green` is not one of red, blue"),
    ],
)
def test_what_cannot_be_said(given: dict[str, Any], said: str) -> None:
    with pytest.raises(UserMistake, match=said):
        read(given)
