"""Personas as a file: out, back in, and what hostile files get to hear."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunabot.errors import UserMistake
from lunabot.matrix.ids import UserId
from lunabot.personas.exchange import MAX_BYTES, House, Plan, export, plan
from lunabot.personas.persona import Persona, Stay
from tests.unit.personas.characters import (
    ADMIN,
    CLASSROOM,
    GARDEN,
    TEACHER,
    any_personas,
    teacher,
)

NOW = "2026-02-03T04:05:06Z"
EMPTY = House("localhost", {})
HOME = House("localhost", {TEACHER: teacher()})
POET = {"system_prompt": "You are a poet."}


def planned(documents: Any, house: House = HOME) -> Plan:
    return plan(json.dumps(documents).encode(), house, now=NOW, by=ADMIN)


@given(st.lists(any_personas, max_size=2, unique_by=lambda persona: persona.user_id))
def test_an_export_changes_nothing_where_it_came_from(personas: list[Persona]) -> None:
    house = House("localhost", {persona.user_id: persona for persona in personas})
    found = plan(export(personas), house, now=NOW, by=ADMIN)
    assert found == Plan(unchanged=sorted(house.personas))


@given(st.lists(any_personas, max_size=2, unique_by=lambda persona: persona.user_id))
def test_an_export_brings_the_characters_to_an_empty_house(personas: list[Persona]) -> None:
    usable = [persona for persona in personas if persona.user_id[1] != "_"]
    found = plan(export(usable), EMPTY, now=NOW, by=ADMIN)
    in_order = sorted(usable, key=lambda persona: persona.user_id)
    assert [new.persona for new in found.new] == [
        replace(persona, stays=(), created_at=NOW, created_by=ADMIN) for persona in in_order
    ]
    assert [new.rooms for new in found.new] == [persona.rooms for persona in in_order]


def test_an_export_can_be_read_by_people() -> None:
    text = export([teacher(displayname="Lehrerin Ü")]).decode()
    assert f'  "{TEACHER}": {{\n    "displayname": "Lehrerin Ü",\n' in text


def test_a_lone_surrogate_does_not_spoil_an_export() -> None:
    assert b'"You?"' in export([teacher(system_prompt="You\ud800")])


def test_a_field_that_is_left_out_stays() -> None:
    found = planned({TEACHER: {"system_prompt": "You teach maths."}})
    (change,) = found.changed
    assert change.before == teacher()
    assert change.after == replace(teacher(), system_prompt="You teach maths.")
    assert change.fields == ("system_prompt",)


def test_an_import_never_changes_where_a_persona_was() -> None:
    forged = {"room_id": GARDEN, "joined_at": 0}
    document = {"stays": [forged], "rooms": [GARDEN], "created_by": "@eve:localhost", "model": "m"}
    (change,) = planned({TEACHER: document}).changed
    assert change.after == replace(teacher(), model="m")
    (new,) = planned({"poet": {**POET, **document}}).new
    assert (new.persona.stays, new.persona.created_by, new.rooms) == ((), ADMIN, (GARDEN,))


def test_a_key_may_be_a_localpart() -> None:
    found = planned({"teacher": {}, "poet": POET})
    assert found.unchanged == [TEACHER]
    assert found.new[0].persona == Persona(
        UserId("@poet:localhost"), "poet", "You are a poet.", {}, NOW, ADMIN
    )


def test_all_that_is_wrong_is_told_at_once_beside_what_could_be_done() -> None:
    house = House("localhost", {TEACHER: teacher()}, broken={UserId("@ghost:localhost")})
    documents = {
        "poet": POET,
        "@poet:localhost": POET,
        "a": {"notes": 1},
        "b": [],
        "@c:example.org": POET,
        "Not A Name": POET,
        "ghost": POET,
        TEACHER: {"traits": {"o": 200}},
        "\ud800": POET,
    }
    found = planned(documents, house)
    assert [new.persona.user_id for new in found.new] == ["@poet:localhost"]
    assert (found.changed, found.unchanged) == ([], [])
    assert found.refused == [
        "'@poet:localhost': is there twice – keep one",
        "'a': system_prompt: is missing – add it; notes: 1 is not a list – put it in [brackets]",
        "'b': is not an object – put its fields in {braces}",
        "'@c:example.org': is of another server – write 'c' to have it on localhost",
        "'Not A Name': is not a name for an account – lower case, digits and . _ = - / +",
        "'ghost': has a broken document here – mend or despawn it first",
        f"'{TEACHER}': traits: 200 is not a whole number from 0 to 100, as openness needs",
        "'\\ud800': is not a name for an account – lower case, digits and . _ = - / +",
    ]


def test_a_file_with_a_byte_order_mark_is_read() -> None:
    content = b"\xef\xbb\xbf" + export([teacher()])
    assert plan(content, HOME, now=NOW, by=ADMIN).unchanged == [TEACHER]


_many = b",".join(b'"p%d":{}' % number for number in range(1001))


@pytest.mark.parametrize(
    ("content", "mistake"),
    [
        (b"", "is not sound JSON: Expecting value"),
        (b'{"a": {}', "is not sound JSON"),
        (b"\xff\xfe{}", "is not text in UTF-8"),
        (b"[]", "is no object of personas"),
        (b"null", "is no object of personas"),
        (b" " * (MAX_BYTES + 1), "is larger than 4 MiB"),
        (b"[" * 100_000, "is nested too deep"),
        (b'{"a":' * 100_000, "is nested too deep"),
        (b'{"a": ' + b"9" * 5000 + b"}", "has too many digits"),
        (b'{"a": -' + b"9" * 101 + b"}", "has too many digits"),
        (b'{"a": 1e999}', "'1e999' is not a finite number"),
        (b'{"a": [NaN]}', "'NaN' is not a finite number"),
        (b'{"a": -Infinity}', "'-Infinity' is not a finite number"),
        (b'{"a": {"x": 1, "x": 2}}', "'x' is there twice"),
        (b"{" + _many + b"}", "has more than 1000 personas"),
    ],
)
def test_a_hostile_file_gets_one_clear_line(content: bytes, mistake: str) -> None:
    with pytest.raises(UserMistake) as caught:
        plan(content, EMPTY, now=NOW, by=ADMIN)
    assert mistake in str(caught.value)
    assert len(str(caught.value)) < 200 and "\n" not in str(caught.value)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_fields = st.sampled_from(
    ["displayname", "system_prompt", "traits", "rooms", "stays", "model", "notes", "extra"]
)


@given(st.dictionaries(st.sampled_from(["a", "b", TEACHER]), st.dictionaries(_fields, _json)))
def test_whatever_the_fields_hold_each_key_is_accounted_for(documents: dict[str, Any]) -> None:
    try:
        found = planned(documents)
    except UserMistake as mistake:
        assert "finite" in str(mistake) or "digits" in str(mistake)  # what JSON cannot say
        return
    taken = [len(found.new), len(found.changed), len(found.unchanged), len(found.refused)]
    assert sum(taken) == len(documents)
    for change in found.changed:
        assert change.after.stays == (Stay(CLASSROOM, 1_000),)


@given(st.binary(max_size=200))
def test_no_bytes_are_more_than_a_mistake(content: bytes) -> None:
    try:
        found = plan(content, HOME, now=NOW, by=ADMIN)
    except UserMistake:
        return
    assert not found.changed
