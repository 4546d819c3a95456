"""docs/structure.md: drawn by rules that hold for any code. `make docs-check` compares the file."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctools.structure import (
    Arrow,
    Module,
    against,
    direct,
    imports,
    package_of,
    page,
    reached,
    read,
)

NAMES = st.sampled_from("abcdef")
ARROWS = st.dictionaries(
    st.tuples(NAMES, NAMES).filter(lambda arrow: arrow[0] != arrow[1]), st.integers(1, 9)
)


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("lunabot.memory.retrieval.cues", "memory"),
        ("lunabot.memory.__init__", "memory"),
        ("lunabot.app", "process"),
        ("skills.health", "skills"),
    ],
)
def test_a_module_belongs_to_its_package(name: str, package: str) -> None:
    assert package_of(name) == package


def test_imports_are_counted_by_module_and_package(tmp_path: Path) -> None:
    code = {
        "lunabot/__init__.py": "",
        "lunabot/errors.py": "import os",
        "lunabot/app.py": "from lunabot.talk.say import hello\nfrom lunabot import errors",
        "lunabot/talk/__init__.py": "",
        "lunabot/talk/say.py": "if TYPE_CHECKING:\n    from lunabot.app import App",
        "skills/greet.py": "def f():\n    import lunabot.talk\n    from lunabot.talk import say",
    }
    for name, text in code.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert imports(read(tmp_path)) == {
        ("process", "talk"): 1,
        ("process", "common"): 1,
        ("skills", "talk"): 1,
    }


def test_every_module_is_listed_with_its_first_line() -> None:
    modules = [Module("lunabot.talk.say", "Says things.", frozenset())]
    assert "## lunabot.talk\n\n| | |\n|---|---|\n| `say` | Says things. |" in page(modules)


@given(ARROWS)
def test_without_the_arrows_against_the_others_there_is_no_circle(counts: dict[Arrow, int]) -> None:
    left = set(counts) - against(counts)
    assert all(source not in reached(target, left) for source, target in left)
    assert against({arrow: 1 for arrow in left}) == set()


@given(ARROWS)
def test_the_direct_arrows_lead_wherever_all_do(counts: dict[Arrow, int]) -> None:
    straight = set(counts) - against(counts)
    few = direct(straight)
    assert few <= straight
    assert all(reached(name, few) == reached(name, straight) for name in "abcdef")
