"""Traits, from what is typed to what the model reads."""

import re
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunabot.config.seed import BIG_FIVE
from lunabot.errors import UserMistake
from lunabot.personas.traits import describe, parse, system_prompt
from tests.unit.personas.characters import any_traits, teacher


@pytest.mark.parametrize(
    ("text", "traits"),
    [
        ("", {}),
        (" , ", {}),
        ("o=80,c=40,humour=dry", {"openness": 80, "conscientiousness": 40, "humour": "dry"}),
        ("E=0, a=100 ,Neuroticism=007", dict(extraversion=0, agreeableness=100, neuroticism=7)),
        ("OPENNESS=5,", {"openness": 5}),
        ("job=teacher, retired, n=3", {"job": "teacher, retired", "neuroticism": 3}),
        ("Pet = a  cat\u200b,age=42", {"Pet": "a cat", "age": "42"}),
        ("motto=a=b", {"motto": "a=b"}),
    ],
)
def test_traits_are_read(text: str, traits: dict[str, int | str]) -> None:
    assert parse(text) == traits


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("dry", "'dry' has no value"),
        ("o", "'o' has no value"),
        ("o=101", "'101' is not a whole number from 0 to 100, as openness needs"),
        ("c=-1", "as conscientiousness needs"),
        ("c=4.5", "as conscientiousness needs"),
        ("e=²", "as extraversion needs"),
        ("a=high", "as agreeableness needs"),
        ("o=1,openness=2", "openness is given twice"),
        ("extroversion=80", "did you mean extraversion?"),
        ("humour=", "'humour' needs a text of 1 to 500 characters"),
        ("humour=" + "x" * 501, "'humour' needs a text"),
        ("=80", "the name '' does not have 1 to 50 characters"),
        ("x" * 51 + "=80", "does not have 1 to 50 characters"),
        ("o=x,c=y", "openness needs; 'y' is not a whole number"),
    ],
)
def test_mistakes_are_told_with_an_example(text: str, mistake: str) -> None:
    with pytest.raises(UserMistake) as caught:
        parse(text)
    assert mistake in str(caught.value)
    assert str(caught.value).endswith("– e.g. o=80,c=40,humour=dry")


@given(any_traits)
def test_what_was_typed_is_what_is_kept(traits: dict[str, int | str]) -> None:
    assert parse(",".join(f"{name}={value}" for name, value in traits.items())) == traits


@pytest.mark.parametrize(
    ("traits", "prose"),
    [
        ({}, ""),
        ({"openness": 50, "neuroticism": 40, "extraversion": 60}, ""),
        ({"extraversion": 19}, "You are very reserved and say no more than you must."),
        ({"extraversion": 20}, "You are quiet and rather listen than talk."),
        ({"extraversion": 39}, "You are quiet and rather listen than talk."),
        ({"extraversion": 61}, "You are outgoing and like to talk."),
        ({"extraversion": 80}, "You are outgoing and like to talk."),
        ({"extraversion": 81}, "You are exuberant, talkative and full of energy."),
        ({"humour": "dry", "openness": 50}, "humour: dry"),
        (
            {"humour": "dry", "neuroticism": 0, "pet": "a cat", "openness": 70},
            "You are curious and like new ideas. You are serene: nothing upsets you.\n"
            "humour: dry\npet: a cat",
        ),
    ],
)
def test_scores_become_prose(traits: dict[str, int | str], prose: str) -> None:
    assert describe(traits) == prose


@pytest.mark.parametrize("trait", BIG_FIVE)
def test_each_trait_has_five_bands_in_order_with_nothing_in_the_middle(trait: str) -> None:
    said = [describe({trait: score}) for score in range(101)]
    bands = [(prose, len(list(scores))) for prose, scores in groupby(said)]
    assert [count for _, count in bands] == [20, 20, 21, 20, 20]
    assert len({prose for prose, _ in bands}) == 5
    assert bands[2][0] == ""


def test_no_two_bands_of_any_traits_say_the_same() -> None:
    said = [describe({trait: score}) for trait in BIG_FIVE for score in (0, 30, 70, 100)]
    assert len(set(said)) == len(said)


@given(st.fixed_dictionaries({}, optional={name: st.integers(0, 100) for name in BIG_FIVE}))
def test_no_score_is_ever_shown(traits: dict[str, int | str]) -> None:
    assert not re.search(r"\d", describe(traits))


def test_a_system_prompt_is_the_name_the_prompt_and_the_traits() -> None:
    assert system_prompt(teacher(displayname="Ms\nTeach", system_prompt=" Teach. \n")) == (
        "Your name is Ms Teach.\n\nTeach.\n\nYou are curious and like new ideas.\nhumour: dry"
    )
    assert system_prompt(teacher(traits={})) == "Your name is Teacher.\n\nYou teach history."
