"""The words with which Luna comes and goes."""

import pytest

from lunabot import __version__
from lunabot.admin.greeting import back_again, farewell, welcome
from lunabot.admin.loader import builtin_folder, load_skills
from lunabot.matrix.ids import UserId

ME = UserId("@luna:localhost")


def test_the_welcome_has_three_things_that_can_be_tried() -> None:
    text = welcome(ME, toy=False, problems=())
    registry = load_skills([builtin_folder()]).registry
    for verb in ("health", "commands"):
        assert f"`!{verb}`" in text
        assert registry.find(verb)
    assert f"`{ME}`" in text
    assert "toy" not in text
    assert "⚠️" not in text


def test_the_welcome_says_that_the_model_is_a_toy_and_what_to_set() -> None:
    text = welcome(ME, toy=True, problems=())
    for word in ("toy", "`llm.base_url`", "`llm.api_key`", "`llm.model`", "`!reload`"):
        assert word in text


@pytest.mark.parametrize("is_new", [True, False])
def test_what_does_not_work_is_listed(is_new: bool) -> None:
    problems = ("**model**: refused", "**store**: full")
    text = welcome(ME, toy=False, problems=problems) if is_new else back_again(problems)
    assert text.endswith("⚠️ Not everything works:\n- **model**: refused\n- **store**: full")


def test_who_comes_back_says_so() -> None:
    assert back_again(()) == f"I am here again (Luna {__version__})."


@pytest.mark.parametrize(
    ("owed", "left"),
    [
        (0, ""),
        (1, " One answer is left for when I come back."),
        (3, " 3 answers are left for when I come back."),
    ],
)
def test_who_goes_says_why_and_what_is_left(owed: int, left: str) -> None:
    assert farewell("an update", owed) == f"I am stopping now: an update.{left}"
