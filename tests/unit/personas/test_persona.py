"""Personas as values, and the way to their documents and back."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunabot.errors import WorldError
from lunabot.matrix.ids import UserId
from lunabot.personas.persona import BrokenPersona, Persona, Stay, from_document, to_document
from tests.unit.personas.characters import (
    ADMIN,
    CLASSROOM,
    GARDEN,
    TEACHER,
    any_personas,
    teacher,
)

LEAST = {"system_prompt": "Be.", "created_at": "1970-01-01T00:00:01Z", "created_by": ADMIN}


@given(any_personas)
def test_a_persona_is_the_same_after_it_was_a_json_document(persona: Persona) -> None:
    document = json.loads(json.dumps(to_document(persona)))
    assert from_document(persona.user_id, document) == persona


def test_a_document_has_the_agreed_fields() -> None:
    persona = teacher(stays=(Stay(GARDEN, 5, left_at=9), Stay(CLASSROOM, 1_000)))
    assert to_document(persona) == {
        "displayname": "Teacher",
        "system_prompt": "You teach history.",
        "traits": {"openness": 80, "humour": "dry"},
        "created_at": "2025-01-31T12:00:00+00:00",
        "created_by": ADMIN,
        "rooms": [CLASSROOM],
        "stays": [
            {"room_id": GARDEN, "joined_at": 5, "left_at": 9},
            {"room_id": CLASSROOM, "joined_at": 1_000},
        ],
        "model": "",
        "notes": [],
    }


def test_little_is_needed() -> None:
    persona = from_document(TEACHER, LEAST)
    assert (persona.displayname, persona.traits, persona.rooms) == ("teacher", {}, ())


def test_without_stays_it_was_in_its_rooms_since_it_was_made() -> None:
    persona = from_document(TEACHER, {**LEAST, "rooms": [CLASSROOM, CLASSROOM]})
    assert persona.stays == (Stay(CLASSROOM, 1_000),)
    persona = from_document(TEACHER, {**LEAST, "rooms": [CLASSROOM], "stays": []})
    assert persona.stays == ()


def test_traits_are_kept_by_their_full_names() -> None:
    persona = from_document(TEACHER, {**LEAST, "traits": {"O": "80", "Neuroticism": 3, "age": 42}})
    assert persona.traits == {"openness": 80, "neuroticism": 3, "age": "42"}


@pytest.mark.parametrize(
    ("field", "value", "line"),
    [
        ("displayname", 5, 'displayname: 5 is not text – put it in "quotes"'),
        ("displayname", "x" * 257, "does not fit – String should have at most 256 characters"),
        ("system_prompt", " ", "system_prompt: is blank – write something"),
        ("system_prompt", None, 'system_prompt: None is not text – put it in "quotes"'),
        ("traits", ["kind"], 'traits: a list is not an object – e.g. {"openness": 80}'),
        ("traits", {"o": 101}, "traits: 101 is not a whole number from 0 to 100, as openness"),
        ("traits", {"o": True}, "traits: True is not a whole number"),
        ("traits", {"o": 1, "O": 2}, "traits: openness is given twice – keep one"),
        ("traits", {"extroversion": 70}, "did you mean extraversion?"),
        ("traits", {"mood": []}, "traits: 'mood' needs a text"),
        ("traits", {"mood": "\ud800"}, "traits: 'mood' needs a text"),
        ("traits", {str(number): "x" for number in range(51)}, "there are 51 of them"),
        ("created_at", "yesterday", "created_at: 'yesterday' is not a time in UTC – e.g. 2025-"),
        ("created_at", "2025-01-31T12:00:00", "is not a time in UTC"),
        ("created_by", "admin", "created_by: 'admin' is not a user id – e.g. @admin:localhost"),
        ("rooms", "Classroom", "rooms: 'Classroom' is not a list – put it in [brackets]"),
        ("rooms", ["#a:b"], "rooms[0]: '#a:b' is not a room id – e.g. !abc:example.org"),
        ("stays", [7], "stays[0]: 7 is not an object – put it in {braces}"),
        ("stays", [{"joined_at": 1}], "stays[0].room_id: is missing – add it"),
        ("stays", [{"room_id": "!a", "joined_at": 1.5}], "joined_at: 1.5 is not a whole number"),
        ("stays", [{"room_id": "!a", "joined_at": -1}], "stays[0].joined_at: -1 does not fit"),
        ("notes", [""], "notes[0]: is blank – write something"),
        ("mood", float("inf"), "mood: holds a number that is too large or none"),
        ("mood", [{"\ud800": 1}], "mood: is not valid UTF-8"),
        ("mood", json.loads("[" * 30 + "]" * 30), "mood: is nested over 20 deep"),
        ("\n", float("inf"), "holds a number that is too large or none"),
    ],
)
def test_a_mistake_names_the_field_and_the_fix(field: str, value: object, line: str) -> None:
    with pytest.raises(BrokenPersona) as caught:
        from_document(TEACHER, {**LEAST, field: value})
    (mistake,) = caught.value.mistakes
    assert line in mistake and "\n" not in mistake
    assert str(caught.value) == f"the document of '{TEACHER}' is broken: {mistake}"
    assert isinstance(caught.value, WorldError)


def test_all_mistakes_are_told_at_once_and_a_flood_of_them_is_not() -> None:
    with pytest.raises(BrokenPersona) as caught:
        from_document(TEACHER, {"displayname": 1, "notes": [1, 2, 3]})
    assert [mistake.partition(":")[0] for mistake in caught.value.mistakes] == [
        "displayname", "system_prompt", "created_at", "created_by", "notes[0]",
    ]  # fmt: skip
    unusable = {str(number): float("nan") for number in range(100)}
    with pytest.raises(BrokenPersona, match="; and 88 more"):
        from_document(TEACHER, {**LEAST, **unusable})
    with pytest.raises(BrokenPersona, match="has 1003 fields"):
        from_document(TEACHER, {**LEAST, **{str(number): 1 for number in range(1000)}})


@pytest.mark.parametrize("key", ["", "teacher", "@teacher", "!a:b", "@t\n:b", "@a" * 128 + ":b"])
def test_the_key_is_a_user_id(key: str) -> None:
    with pytest.raises(BrokenPersona, match="its key is not a user id"):
        from_document(UserId(key), LEAST)


def test_a_persona_saw_what_was_said_while_it_was_a_member() -> None:
    persona = teacher(stays=()).joined(CLASSROOM, 10).left(CLASSROOM, 20).joined(CLASSROOM, 30)
    seen = [at for at in range(0, 50, 5) if persona.saw(CLASSROOM, at)]
    assert seen == [10, 15, 30, 35, 40, 45]
    assert not persona.saw(GARDEN, 10)


def test_rooms_are_where_it_is_now() -> None:
    persona = teacher(stays=()).joined(GARDEN, 1).joined(CLASSROOM, 2)
    assert persona.rooms == (GARDEN, CLASSROOM)
    assert persona.left(GARDEN, 3).rooms == (CLASSROOM,)


_moves = st.lists(st.tuples(st.booleans(), st.sampled_from([CLASSROOM, GARDEN])), max_size=8)


@given(_moves, st.data())
def test_joins_and_leaves_that_come_again_change_nothing(
    moves: list[tuple[bool, str]], data: st.DataObject
) -> None:
    def follow(persona: Persona, at: int) -> Persona:
        joins, room = moves[at]
        return (persona.joined if joins else persona.left)(type(CLASSROOM)(room), at)

    persona = teacher(stays=())
    for at in range(len(moves)):
        persona = follow(persona, at)
    again = data.draw(st.lists(st.sampled_from(range(len(moves))))) if moves else []
    repeated = persona
    for at in again:
        repeated = follow(repeated, at)
    assert repeated == persona
    for room in (CLASSROOM, GARDEN):
        last = [joins for joins, moved in moves if moved == room][-1:]
        assert (room in persona.rooms) == (last == [True])
