"""``/commands``: the list, the explanation of one, and the nearest to a typo."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from lunabot.admin.call import Call
from lunabot.admin.loader import builtin_folder, load_skills
from lunabot.errors import UserMistake

REGISTRY = load_skills([builtin_folder()]).registry


async def answer(text: str) -> str:
    services = cast(Any, SimpleNamespace(registry=REGISTRY))
    call = Call(cast(Any, None), services, cast(Any, None))
    return (await REGISTRY.require("commands").read(text, "localhost").run(call)).markdown


async def test_lists_every_command() -> None:
    text = await answer("")
    for skill in REGISTRY.skills:
        assert f"- **{skill.verb}** – {skill.summary}" in text


@pytest.mark.parametrize("verb", ["commands", "Commands", "help"])
async def test_explains_one(verb: str) -> None:
    assert "`/commands [VERB]`" in await answer(verb)


async def test_names_the_nearest_to_a_typo() -> None:
    with pytest.raises(UserMistake, match="Did you mean `!commands`"):
        await answer("comands")
