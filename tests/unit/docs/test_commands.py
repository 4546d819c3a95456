"""Every command that a page of the documentation shows is one that can be typed."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lunabot.admin.loader import builtin_folder, load_skills

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "docs" / "examples"
FILES = [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md"]
REGISTRY = load_skills([builtin_folder(), EXAMPLES]).registry
NO_COMMANDS = {"!shutdwon", "!ids", "!verb", "!x"}  # a typo, room ids, any command


def shown(page: str) -> Iterator[str]:
    """Yield what begins with ``!`` in code: blocks and code in a line."""
    yield from re.findall(r"^```text[^\n]*\n(!.*?)\n```$", page, flags=re.DOTALL | re.MULTILINE)
    yield from re.findall(r"`(!\w[^`\n]*)`", re.sub(r"^```.*?^```$", "", page, flags=re.S | re.M))


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_command_of_a_page_is_understood(file: Path) -> None:
    for command in set(shown(file.read_text(encoding="utf-8"))) - NO_COMMANDS:
        verb, _, rest = command.removeprefix("!").partition(" ")
        skill = REGISTRY.require(verb)
        if rest:  # else it may be but the command's name
            skill.read(rest, "localhost")


def test_commands_are_found_in_blocks_and_in_lines() -> None:
    page = '```text title="Admin room"\n!spawn a You\nare.\n```\n`!health`, `a!b` or `/x !y`\n'
    assert list(shown(page)) == ["!spawn a You\nare.", "!health"]
