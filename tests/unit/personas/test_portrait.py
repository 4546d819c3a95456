"""Personas in words that Markdown shows as they stand."""

from dataclasses import replace

from lunabot.matrix.ids import RoomId
from lunabot.matrix.markdown import render
from lunabot.personas.census import Census
from lunabot.personas.exchange import Change
from lunabot.personas.portrait import difference, in_a_line, in_full, plain, typed_traits
from lunabot.personas.traits import parse
from tests.unit.memory.samples import said
from tests.unit.personas.characters import CLASSROOM, GARDEN, TEACHER, teacher

NAMES = {CLASSROOM: "Class_room_", GARDEN: "Garden"}
CENSUS = Census(
    {TEACHER: said("$1", "Good *morning*,\nclass", sender=TEACHER, room_id=GARDEN)}, {TEACHER: 1234}
)


def room_name(room_id: RoomId) -> str:
    return NAMES[room_id]


def test_a_line_tells_the_most() -> None:
    line = render(in_a_line(teacher(model="large"), CENSUS, "", room_name)).body
    for part in ("Teacher", TEACHER, "Class_room_", "large", "1,234 tokens", "*morning*, class"):
        assert part in line
    assert "⚠️" not in line


def test_a_line_tells_what_is_wrong() -> None:
    line = in_a_line(teacher(stays=()), Census({}, {}), "it is logged out", room_name)
    assert line.endswith("⚠️ it is logged out")
    assert "no room" in line


def test_all_of_it() -> None:
    persona = replace(teacher(), notes=("likes owls",), extra={"age": 7})
    text = in_full(persona, CENSUS, "", room_name, "small")
    parts = (
        "openness=80,humour=dry", "small", "as I do", CLASSROOM, "likes owls", "age",
        "> You teach history.", "curious", "runs", "” in Garden", "31 Jan 2025 12:00 UTC by",
    )  # fmt: skip
    for part in parts:
        assert part in text


def test_what_became_different() -> None:
    before = teacher()
    after = replace(before, displayname="Old", traits={}, model="large", notes=("x",))
    assert difference(Change(before, after)) == (
        "the name **Old**, no traits, the model `large`, notes"
    )
    assert difference(Change(before, before)) == ""


def test_shown_traits_can_be_typed_again() -> None:
    traits: dict[str, int | str] = {"openness": 80, "humour": "dry, mostly"}
    assert parse(typed_traits(traits).strip("`")) == traits


def test_strangers_words_stay_words() -> None:
    typed = "**bold** [link](https://x) <b>html</b> `code`"
    rendered = render(plain(typed))
    assert rendered.body == typed
    assert "<strong>" not in (rendered.formatted_body or "")
    assert "<b>" not in (rendered.formatted_body or "")
