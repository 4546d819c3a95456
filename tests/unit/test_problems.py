"""What does not work: told once each time it is new, shown while it lasts."""

import pytest

from lunabot.problems import Problems


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def problems(told: list[str]) -> Problems:
    return Problems(told.append, {"store": "a file was broken"})


def test_a_problem_is_told_once_and_shown_while_it_lasts(
    problems: Problems, told: list[str]
) -> None:
    problems.report("model", "away")
    problems.report("model", "away")
    assert told == ["⚠️ **model**: away"]
    assert problems.of("model") == "away"
    assert problems.lines() == ("**store**: a file was broken", "**model**: away")
    problems.solve("model")
    problems.solve("model")
    assert problems.of("model") == ""
    assert problems.lines() == ("**store**: a file was broken",)


def test_another_problem_and_one_that_is_back_are_told_anew(
    problems: Problems, told: list[str]
) -> None:
    problems.report("model", "away")
    problems.report("model", "wrong key")
    problems.solve("model")
    problems.report("model", "wrong key")
    assert told == ["⚠️ **model**: away", *["⚠️ **model**: wrong key"] * 2]
    assert problems.of("model") == "wrong key"


def test_a_quiet_problem_is_only_shown(problems: Problems, told: list[str]) -> None:
    problems.report("persona scout", "out of reach", quietly=True)
    assert told == []
    assert problems.of("persona scout") == "out of reach"
    problems.report("persona scout", "out of reach")
    assert told == []


def test_what_was_known_before_is_not_told(problems: Problems, told: list[str]) -> None:
    problems.report("store", "a file was broken")
    assert told == []
