"""Skills from files: fresh each time, and one broken file costs only itself."""

import logging
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from lunabot.admin.loader import builtin_folder, load_skills

HEAD = """\
from lunabot.admin.call import Call
from lunabot.admin.skill import skill
"""


def skill_file(folder: Path, name: str, *verbs: str, answer: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(HEAD + "".join(_function(verb, answer) for verb in verbs), encoding="utf-8")
    return path


def _function(verb: str, answer: str) -> str:
    return dedent(
        f'''
        @skill("{verb}")
        async def {verb}(call: Call) -> str:
            """Do {verb} {answer}.
            """
            return "{answer}"
        '''
    )


def verbs_in(*folders: Path) -> list[str]:
    loaded = load_skills(folders)
    assert loaded.problems == ()
    return [skill.verb for skill in loaded.registry.skills]


def test_finds_the_skills_of_all_files_in_all_folders(tmp_path: Path) -> None:
    skill_file(tmp_path / "a", "two.py", "delta", "charlie")
    skill_file(tmp_path / "a", "one.py", "bravo")
    skill_file(tmp_path / "b", "one.py", "alpha")
    skill_file(tmp_path / "b", "_left_out.py", "echo")
    assert verbs_in(tmp_path / "a", tmp_path / "b") == ["bravo", "delta", "charlie", "alpha"]
    assert verbs_in(tmp_path / "b", tmp_path / "b" / ".." / "b") == ["alpha"]


def test_the_group_is_the_name_of_the_file(tmp_path: Path) -> None:
    path = skill_file(tmp_path, "rooms.py", "alpha")
    [alpha] = load_skills([tmp_path]).registry.skills
    assert (alpha.group, alpha.where) == ("rooms", f"{path}:4")


def test_an_edit_within_the_same_second_is_seen(tmp_path: Path) -> None:
    skill_file(tmp_path, "one.py", "alpha", answer="x")
    assert load_skills([tmp_path]).registry.require("alpha").summary == "Do alpha x"
    skill_file(tmp_path, "one.py", "alpha", answer="y")
    assert load_skills([tmp_path]).registry.require("alpha").summary == "Do alpha y"


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text(
        HEAD
        + dedent(
            '''
            from __future__ import annotations
            import logging
            from dataclasses import dataclass

            log = logging.getLogger(__name__)

            @dataclass
            class Place:
                name: str

            @skill("alpha")
            async def alpha(call: Call, name: str = "") -> str:
                """Do alpha.

                name: of the place
                """
                return Place(name).name
            '''
        ).replace("from __future__ import annotations\n", "")
    )
    modules = set(sys.modules)
    assert verbs_in(tmp_path) == ["alpha"]
    assert set(sys.modules) == modules
    assert [path.name for path in tmp_path.rglob("*")] == ["one.py"]
    assert "luna_skills.one" in logging.root.manager.loggerDict


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("\n\ndef broken(:\n", ":3: invalid syntax"),
        ("x = 1\nimport nowhere_to_be_found\n", ":2: ModuleNotFoundError: No module named"),
        ("def f():\n    raise RuntimeError('boom')\n\nf()\n", ":2: RuntimeError: boom"),
        ("import sys\nsys.exit(1)\n", ":2: SystemExit: 1"),
        ("import json\njson.loads('{')\n", ":2: JSONDecodeError: "),
        ("x = '\0'\n", ":1: "),  # ValueError before Python 3.11.4
        ("raise ValueError('two\\nlines')\n", ":1: ValueError: two lines"),
        (
            f"{HEAD}\n@skill('alpha')\nasync def alpha(call: Call, x: int) -> str:\n"
            '    """Do it."""\n    return ""\n',
            ":4: /alpha: the docstring has no line `x: what it is`",
        ),
        (
            f"{HEAD}\n@skill('alpha')\nasync def alpha(call: Call, x: bytes) -> str:\n"
            '    """Do it.\n\n    x: bytes\n    """\n    return ""\n',
            ":4: /alpha: no parameter can be of the type <class 'bytes'>",
        ),
    ],
)
def test_a_broken_file_is_one_line_and_the_others_load(
    tmp_path: Path, source: str, told: str
) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text(source, encoding="utf-8")
    skill_file(tmp_path, "works.py", "bravo")
    loaded = load_skills([tmp_path])
    assert [skill.verb for skill in loaded.registry.skills] == ["bravo"]
    [problem] = loaded.problems
    assert problem.startswith(f"{broken}{told}")
    assert "\n" not in problem


def test_a_file_that_is_not_text_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "binary.py").write_bytes(b"\xff\xfe\x00")
    [problem] = load_skills([tmp_path]).problems
    assert problem.startswith(str(tmp_path / "binary.py"))


def test_a_missing_folder_is_a_problem(tmp_path: Path) -> None:
    loaded = load_skills([tmp_path / "nowhere"])
    assert loaded.problems == (f"{tmp_path / 'nowhere'}: there is no such folder of skills",)


def test_names_that_are_taken_are_problems(tmp_path: Path) -> None:
    skill_file(tmp_path / "a", "one.py", "alpha")
    skill_file(tmp_path / "b", "one.py", "alpha", "bravo", "help")
    loaded = load_skills([tmp_path / "a", tmp_path / "b"])
    assert [skill.verb for skill in loaded.registry.skills] == ["alpha", "bravo"]
    assert [problem.split(": ", 1)[1] for problem in loaded.problems] == [
        f"/alpha is declared already, in {tmp_path / 'a' / 'one.py'}:4",
        "/help would never arrive: Element Web keeps it for itself",
    ]


def test_the_builtin_skills_load() -> None:
    assert "commands" in verbs_in(builtin_folder())
