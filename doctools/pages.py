"""Writes the pages of the documentation that are made from the code.

``python -m doctools.pages --check docs`` fails when one of them is out of date, ``--write`` writes
them.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from doctools import configuration, licences, structure
from lunabot.admin import documentation
from lunabot.admin.loader import load_skills

SKILLS = structure.ROOT / structure.SKILLS


def pages(skills: Path = SKILLS) -> Mapping[str, str]:
    """Return each page by its file name; raises `ValueError` with what is wrong with a skill."""
    loaded = load_skills([skills])
    if loaded.problems:
        raise ValueError("\n".join(loaded.problems))
    return {
        "commands.md": documentation.page(loaded.registry),
        "configuration.md": configuration.page(),
        "licences.md": licences.page(),
        "structure.md": structure.page(structure.read(structure.ROOT)),
    }


def write(made: Mapping[str, str], folder: Path) -> None:
    """Write pages into a folder."""
    for name, text in made.items():
        (folder / name).write_text(text, encoding="utf-8")


def outdated(made: Mapping[str, str], folder: Path) -> list[str]:
    """Return the names of the pages that are missing in a folder, or others."""
    present = {
        name: (folder / name).read_text(encoding="utf-8")
        for name in made
        if (folder / name).is_file()
    }
    return [name for name, text in made.items() if present.get(name) != text]


def main(arguments: Sequence[str] | None = None) -> int:
    """Check or write the pages; return the exit status: 0 good, 1 out of date."""
    parser = argparse.ArgumentParser(prog="python -m doctools.pages")
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--check", type=Path, metavar="FOLDER", help="fail where one is outdated")
    action.add_argument("--write", type=Path, metavar="FOLDER", help="write the pages")
    options = parser.parse_args(arguments)
    made = pages()
    if options.write:
        write(made, options.write)
        return 0
    if old := outdated(made, options.check):
        sys.stderr.write(f"Out of date: {', '.join(old)}. Run `make docs`.\n")
    return 1 if old else 0


if __name__ == "__main__":
    sys.exit(main())
