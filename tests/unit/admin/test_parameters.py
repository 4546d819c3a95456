"""Each type of parameter: what it reads, and what it says otherwise."""

from datetime import date
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunabot.admin.parameters import (
    Converter,
    Localpart,
    RoomReference,
    Secret,
    Tail,
    converter_for,
)
from lunabot.errors import UserMistake
from lunabot.matrix.ids import RoomId, UserId


class Mood(Enum):
    CALM = 1
    WILD = 2


def read_colour(word: str, server: str) -> int:
    return int(word.removeprefix("#"), 16)


Colour = Annotated[int, Converter("COLOUR", "a colour (#rrggbb)", "#ff8800", read_colour)]
TYPES: list[Any] = [
    str,
    int,
    float,
    bool,
    date,
    UserId,
    Localpart,
    RoomReference,
    Tail,
    Secret,
    Mood,
    Colour,
    Literal["a", "b"],
    int | None,
    Tail | None,
    tuple[UserId, ...],
]


@pytest.mark.parametrize(
    ("annotation", "word", "value"),
    [
        (str, "Ada", "Ada"),
        (int, "-5", -5),
        (float, "0.5", 0.5),
        (bool, "YES", True),
        (bool, "off", False),
        (bool | None, "true", True),
        (date, "2026-05-31", date(2026, 5, 31)),
        (Literal["rooms", "Memory"], "MEMORY", "Memory"),
        (Mood, "Wild", Mood.WILD),
        (Colour, "#ff8800", 0xFF8800),
        (Colour | None, "#ff8800", 0xFF8800),
        (Tail, "a  b\nc", "a  b\nc"),
        (Secret, "hunter 2", "hunter 2"),
        (UserId, "@Scout:a.b:8448", "@Scout:a.b:8448"),
        (UserId, "@scout:[::1]:80", "@scout:[::1]:80"),
        (UserId, "scout", "@scout:localhost"),
        (UserId, "Scout", "@scout:localhost"),
        (UserId, "@scout", "@scout:localhost"),
        (UserId, "https://matrix.to/#/@scout:a.b", "@scout:a.b"),
        (tuple[UserId, ...], "@a:b,c, @d:e,", ("@a:b", "@c:localhost", "@d:e")),
        (Localpart, "scout", "scout"),
        (Localpart, "Scout", "scout"),
        (Localpart, "@scout:localhost", "scout"),
        (RoomReference, "!abc", RoomReference("!abc", room_id=RoomId("!abc"))),
        (RoomReference, "#a:b.c", RoomReference("#a:b.c", alias="#a:b.c")),
        (RoomReference, "#a", RoomReference("#a", alias="#a:localhost")),
        (RoomReference, "Trail talk", RoomReference("Trail talk", alias="#Trail talk:localhost")),
        (RoomReference, "matrix:r/a:b.c", RoomReference("#a:b.c", alias="#a:b.c")),
    ],
)
def test_reads(annotation: Any, word: str, value: object) -> None:
    assert converter_for(annotation)(word, "localhost") == value


@pytest.mark.parametrize(
    ("annotation", "word", "told"),
    [
        (int, "five", "`five` is not a whole number."),
        (int, "9" * 5000, "is not a whole number."),
        (float, "nan", "`nan` is not a number."),
        (bool, "maybe", "`maybe` is not yes or no."),
        (date, "May", "`May` is not a day (2026-05-31)."),
        (Literal["a", "b"], "c", "`c` is not one of a, b."),
        (Mood, "sad", "`sad` is not one of calm, wild."),
        (Colour, "red", "`red` is not a colour (#rrggbb)."),
        (UserId, "The Scout", "`The Scout` is not a user (@name:server, a bare name, or a pill)."),
        (UserId, "@:a.b", "is not a user"),
        (UserId, "scout:a.b", "is not a user"),
        (UserId, "@scout:a b", "is not a user"),
        (UserId, "#room:a.b", "is not a user"),
        (UserId, "@" + "a" * 300 + ":b", "is not a user"),
        (tuple[UserId, ...], "@a:b,c d", "`c d` is not a user"),
        (Localpart, "the scout", "`the scout` is not a name for an account"),
        (Localpart, "@Scout:localhost", "is not a name for an account"),
        (Localpart, "@scout:a.b", "`@scout:a.b` is on another server"),
        (RoomReference, "", "is not a room"),
        (RoomReference, "#", "is not a room"),
        (RoomReference, "!", "is not a room"),
        (RoomReference, "@scout:a.b", "is not a room"),
    ],
)
def test_says_what_was_wrong(annotation: Any, word: str, told: str) -> None:
    with pytest.raises(UserMistake) as mistake:
        converter_for(annotation)(word, "localhost")
    assert told in str(mistake.value)


@pytest.mark.parametrize(
    "annotation", [bytes, list[str], int | str, Literal[1, 2], dict, None, "x"]
)
def test_an_unknown_type_is_refused(annotation: Any) -> None:
    with pytest.raises(TypeError, match="no parameter can be of the type"):
        converter_for(annotation)


@pytest.mark.parametrize("annotation", TYPES)
def test_its_own_example_is_read(annotation: Any) -> None:
    converter = converter_for(annotation)
    converter(converter.example, "localhost")
    assert converter.noun and converter.kind


@given(st.sampled_from(TYPES), st.text())
def test_any_word_is_a_value_or_a_mistake(annotation: Any, word: str) -> None:
    try:
        converter_for(annotation)(word, "localhost")
    except UserMistake as mistake:
        assert "is not" in str(mistake)


TRAILS = RoomId("!abc")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("!abc", True),
        ("#trails", True),
        ("#trails:localhost", True),
        ("trails", True),
        ("Trails", True),
        ("trail talk", True),
        ("!ab", False),
        ("#trails:a.b", False),
        ("#trail talk", False),
        ("talk", False),
    ],
)
def test_which_room_is_meant(typed: str, meant: bool) -> None:
    reference = converter_for(RoomReference)(typed, "localhost")
    assert reference.names(TRAILS, ("#other:localhost", "#trails:localhost"), "Trail Talk") is meant
    assert not reference.names(RoomId("!other"))
