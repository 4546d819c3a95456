"""docs/skills.md: its example is a file that runs, and its tables say what the code does."""

import random
from datetime import date
from pathlib import Path
from typing import Any, Literal, cast

import pytest

from lunabot.admin.call import Answer, Call
from lunabot.admin.loader import builtin_folder, load_skills
from lunabot.admin.parameters import Localpart, RoomReference, Secret, Tail, converter_for
from lunabot.admin.services import Services
from lunabot.errors import UserMistake
from lunabot.matrix.ids import UserId

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "skills.md").read_text(encoding="utf-8")
EXAMPLES = DOCS / "examples"

TYPES = {
    "str": str,
    "int": int,
    "float": float,
    "bool": bool,
    "date": date,
    "UserId": UserId,
    "Localpart": Localpart,
    "RoomReference": RoomReference,
    'Literal["brief", "full"]': Literal["brief", "full"],
    "tuple[UserId, ...]": tuple[UserId, ...],
    "Secret": Secret,
    "Tail": Tail,
}


@pytest.fixture
def luckiest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every die show its highest number."""
    monkeypatch.setattr(random, "randint", lambda lowest, highest: highest)


async def answer(text: str) -> Answer:
    loaded = load_skills([builtin_folder(), EXAMPLES])
    assert loaded.problems == ()
    call = Call(cast(Any, None), cast(Any, None), cast(Any, None))
    return await loaded.registry.require("roll").read(text, "localhost").run(call)


def test_the_page_holds_the_example_word_for_word() -> None:
    example = (EXAMPLES / "dice.py").read_text(encoding="utf-8")
    assert f"```python\n{example}```\n" in PAGE


@pytest.mark.parametrize(
    ("typed", "said"),
    [("", "**6** (6)"), ("3", "**18** (6, 6, 6)"), ("2 --sides 20", "**40** (20, 20)")],
)
@pytest.mark.usefixtures("luckiest")
async def test_the_example_rolls_dice(typed: str, said: str) -> None:
    assert await answer(typed) == Answer(said)


@pytest.mark.parametrize("typed", ["0", "101", "1 --sides 1", "one", "1 2"])
async def test_the_example_refuses_what_cannot_be_rolled(typed: str) -> None:
    with pytest.raises(UserMistake):
        await answer(typed)


@pytest.mark.parametrize("name", TYPES)
def test_the_page_tells_how_each_type_is_typed(name: str) -> None:
    converter = converter_for(TYPES[name])
    noun = converter.noun.replace("|", r"\|")  # as a table in Markdown has it
    assert f"| `{name}` | `{noun}` | {converter.kind} |" in PAGE


@pytest.mark.parametrize("part", Services.__dataclass_fields__)
def test_the_page_names_each_part_a_skill_may_use(part: str) -> None:
    assert f"| `{part}" in PAGE
