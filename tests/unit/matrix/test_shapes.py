"""The compiled checks of nio's schemas find what jsonschema finds in them."""

import copy
from collections.abc import Mapping
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import nio
import nio.schemas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lunabot.matrix.shapes import Validators, _WholeValidator, compiled
from tests.room_events import joined, wrote

# One nio never gets an answer for here: it names a list where a schema has to be.
SCHEMAS = {
    name: schema
    for name, schema in vars(nio.schemas.Schemas).items()
    if isinstance(schema, dict) and name != "delete_devices"
}
TEXTS = st.sampled_from(
    ["", "@ada:localhost", "!room:localhost", "m.text", "m.room.member", "join"]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 2) | st.floats(0, 2) | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)
PLAIN = {
    "string": TEXTS,
    "integer": st.integers(-1, 2),
    "number": st.integers(-1, 2) | st.floats(0, 2),
    "boolean": st.booleans(),
    "null": st.none(),
}


def values_of(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Return values that mostly have the shape of a schema, and now and then anything."""
    return st.integers(0, 9).flatmap(lambda draw: ANYTHING if draw == 0 else _fitting(schema))


def _fitting(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kinds = schema.get("type", "object")
    kind = kinds if isinstance(kinds, str) else kinds[0]
    if kind == "array":
        return st.lists(values_of(schema.get("items", {})), max_size=2)
    if kind != "object":
        return PLAIN[kind]
    parts = {name: values_of(part) for name, part in schema.get("properties", {}).items()}
    needed = {name: parts[name] for name in schema.get("required", ()) if name in parts}
    optional = {name: part for name, part in parts.items() if name not in needed}
    found = st.fixed_dictionaries(needed, optional=optional)
    for pattern in schema.get("patternProperties", {}):
        several = st.dictionaries(
            st.from_regex(pattern) | TEXTS,
            values_of(schema["patternProperties"][pattern]),
            max_size=2,
        )
        found = st.builds(lambda one, two: {**one, **two}, found, several)
    return found


def by_jsonschema(schema: Mapping[str, Any], value: Any) -> str | None:
    validator = _WholeValidator(schema, format_checker=nio.schemas.Checker)
    error = next(validator.iter_errors(value), None)
    return None if error is None else str(error.validator)


@settings(max_examples=120)
@given(st.data())
def test_the_same_rule_is_broken_and_the_same_defaults_are_set(data: st.DataObject) -> None:
    schema = SCHEMAS[data.draw(st.sampled_from(sorted(SCHEMAS)))]
    ours = data.draw(values_of(schema))
    theirs = copy.deepcopy(ours)
    assert compiled(schema)(ours) == by_jsonschema(schema, theirs)
    assert ours == theirs


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_schema_is_compiled(name: str) -> None:
    check = compiled(SCHEMAS[name])
    assert check(7) == by_jsonschema(SCHEMAS[name], 7)
    assert check({}) == by_jsonschema(SCHEMAS[name], {})


@pytest.mark.parametrize(
    ("schema", "value", "broken"),
    [
        ({"type": "integer"}, True, "type"),
        ({"type": "integer"}, 1.0, "type"),
        ({"type": "boolean"}, True, None),
        ({"type": "boolean"}, 1, "type"),
        ({"type": ["string", "null"]}, None, None),
        ({"type": ["string", "null"]}, 0, "type"),
        ({"required": ["a"]}, {"b": 1}, "required"),
        ({"required": ["a"]}, "not an object", None),
        ({"properties": {"a": {"type": "string"}}}, {"a": 1}, "type"),
        ({"properties": {"a": {"type": "string"}}}, {"b": 1}, None),
        ({"patternProperties": {"^a": {"type": "string"}}}, {"b": 1, "ab": 1}, "type"),
        ({"patternProperties": {"b$": {"type": "string"}}}, {"ab": 1}, "type"),
        ({"items": {"enum": ["a"]}}, ["a", "b"], "enum"),
        ({"format": "user_id"}, "ada", "format"),
        ({"format": "user_id"}, 7, None),
        ({"const": "draft 4 knows no const"}, "another", None),
        ({"type": "integer", "minimum": 0}, -1, "minimum"),
        (
            {"additionalProperties": False, "properties": {"a": {}}},
            {"b": 1},
            "additionalProperties",
        ),
    ],
    ids=str,
)
def test_each_keyword(schema: Mapping[str, Any], value: object, broken: str | None) -> None:
    assert compiled(schema)(value) == broken
    if not isinstance(value, int) or "format" not in schema:  # nio's check of it fails there
        assert by_jsonschema(schema, value) == broken


def test_nio_checks_with_them_and_its_errors_name_no_more_than_the_rule() -> None:
    assert isinstance(nio.schemas.Validator, Validators)
    with pytest.raises(jsonschema.ValidationError) as caught:
        nio.schemas.validate_json({"event_id": {"secret": 1}}, nio.schemas.Schemas.room_event_id)
    assert str(caught.value) == "breaks the rule 'type'"


def test_a_schema_is_compiled_once() -> None:
    validators, schema = Validators(), {"type": "object"}
    assert validators(schema, format_checker=None) is validators(schema)
    assert validators(schema) is not validators(dict(schema))


def test_what_is_nested_deeply_is_no_event() -> None:
    deep: dict[str, Any] = {}
    for _ in range(5_000):
        deep = {"content": deep}
    with pytest.raises(jsonschema.ValidationError, match="nested too deeply"):
        Validators()({"not": {"enum": [copy.copy(deep)]}}).validate({"content": deep})


def test_a_sync_is_read_as_ever() -> None:
    event = wrote("@ada:localhost", "hello")
    response = nio.SyncResponse.from_dict({"next_batch": "s1", **joined("!room:localhost", event)})
    [read] = response.rooms.join["!room:localhost"].timeline.events
    assert isinstance(read, nio.RoomMessageText) and read.body == "hello"
