"""What is typed to change a persona, and what it comes to."""

from typing import Any

import pytest

from lunabot.errors import UserMistake
from lunabot.personas.changes import Changes, read_changes, require
from tests.unit.personas.characters import TEACHER, teacher


@pytest.mark.parametrize(
    ("options", "tail", "read"),
    [
        ({}, "", Changes()),
        ({"name": "Old"}, "", Changes(name="Old")),
        ({}, "prompt You are\nold.", Changes(prompt="You are\nold.")),
        ({}, "prompt\nYou are old.", Changes(prompt="You are old.")),
        ({}, "Name: Old Teacher", Changes(name="Old Teacher")),
        ({}, "traits = o=80, n=3", Changes(traits="o=80, n=3")),
        ({"prompt": "You"}, "name the price.", Changes(prompt="You name the price.")),
        ({"name": "Old"}, "prompt You are.", Changes(name="Old", prompt="You are.")),
        ({"model": ""}, "", Changes(model="")),
        ({}, "Avatar", Changes(avatar=True)),
    ],
)
def test_spellings(options: dict[str, str | None], tail: str, read: Changes) -> None:
    assert read_changes({"traits": None, **options}, tail) == read


@pytest.mark.parametrize(
    ("options", "tail", "told"),
    [
        ({}, "colour=red", "`colour=red` is nothing"),
        ({}, "promt You are", "Did you mean `prompt`"),
        ({}, "80", "What can be set"),
        ({}, "prompt", "needs a text"),
        ({"name": "Old"}, "name Older", "given twice"),
        ({"name": "Old"}, "Teacher", "`Teacher` is nothing"),
    ],
)
def test_mistakes_say_what_can_be_set(options: dict[str, Any], tail: str, told: str) -> None:
    with pytest.raises(UserMistake, match=told):
        read_changes(options, tail)


def test_nothing_is_no_change() -> None:
    with pytest.raises(UserMistake, match="What can be set"):
        require(Changes())
    require(Changes(model=""))


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        (Changes(), {}),
        (Changes(name="Old"), {"displayname": "Old"}),
        (Changes(name=""), {"displayname": "teacher"}),
        (Changes(model="", prompt="You rest."), {"model": "", "system_prompt": "You rest."}),
        (Changes(traits="n=1"), {"traits": {"openness": 80, "humour": "dry", "neuroticism": 1}}),
        (Changes(traits="o=1"), {"traits": {"openness": 1, "humour": "dry"}}),
        (Changes(traits="none"), {"traits": {}}),
        (Changes(traits="None, mood=good"), {"traits": {"mood": "good"}}),
    ],
)
def test_only_what_is_set_is_another(changes: Changes, fields: dict[str, Any]) -> None:
    before = teacher(model="large")
    after = changes.apply(before)
    for field in ("displayname", "system_prompt", "traits", "model", "stays", "created_at"):
        assert getattr(after, field) == fields.get(field, getattr(before, field))
    assert after.user_id == TEACHER


@pytest.mark.parametrize(
    "changes", [Changes(prompt=" "), Changes(name="x" * 300), Changes(traits="o=200")]
)
def test_what_cannot_be_is_told(changes: Changes) -> None:
    with pytest.raises(UserMistake):
        changes.apply(teacher())
