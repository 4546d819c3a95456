"""Help in the room and ``docs/commands.md``, both from the declarations.

``python -m lunabot.admin.documentation --check docs/commands.md skills/`` fails when the file is
out of date, ``--write`` writes it.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from lunabot.admin.declaration import Parameter
from lunabot.admin.loader import load_skills
from lunabot.admin.parameters import Tail, converter_for
from lunabot.admin.registry import Registry
from lunabot.admin.skill import Skill

_HEAD = """\
# Commands

<!-- Generated from the declarations in skills/: change those, then run
     python -m lunabot.admin.documentation --write docs/commands.md skills/ -->

Type a command in the admin room. `!verb` works in every client, `/verb` in most; `//verb` and
`Luna: /verb` are the same. `_` equals `-`, in any case. `--option value`, `--option=value` and
`option=value` are equal and stand anywhere before the text that ends a command; quotes group words.
A user or room may be an identifier, a bare name, or a pill.
"""


def overview(registry: Registry) -> str:
    """Return the list of all commands, in Markdown that a phone can show."""
    parts = ["Type `!verb` (works everywhere) or `/verb`. More about one: `!commands VERB`"]
    for group, skills in registry.groups:
        lines = "\n".join(f"- **{skill.verb}** – {skill.summary}" for skill in skills)
        parts.append(f"**{group.capitalize()}**\n\n{lines}")
    return "\n\n".join(parts)


def explanation(skill: Skill) -> str:
    """Return everything about one command, in Markdown."""
    return f"**{skill.verb}** – {skill.summary}\n\n{_details(skill)}"


def document(registry: Registry) -> str:
    """Return the page of all commands; the same declarations give the same bytes."""
    parts = [_HEAD]
    for group, skills in registry.groups:
        parts.append(f"## {group.capitalize()}\n")
        for skill in skills:
            parts.append(f"### {skill.verb}\n\n{skill.summary}.\n\n{_details(skill)}\n")
    return "\n".join(parts)


def _details(skill: Skill) -> str:
    parts = [f"`{skill.usage}`", skill.description]
    parts.append("\n".join(f"- `{p.typed}` – {_describe(p)}" for p in skill.parameters))
    if skill.plan:
        parts.append("Asks before it acts; `--yes` skips the question.")
    if skill.examples:
        parts.append("For example:\n\n" + "\n".join(f"- `!{line}`" for line in skill.examples))
    if names := [f"`!{name}`" for name in skill.names[1:]]:
        parts.append(f"Also: {', '.join(names)}")
    return "\n\n".join(part for part in parts if part)


def _describe(parameter: Parameter) -> str:
    evident = parameter.flag or parameter.converter in (converter_for(str), converter_for(Tail))
    kind = "" if evident else f": {parameter.converter.kind}"
    silent = parameter.required or parameter.default in (None, False, "", ())
    otherwise = "" if silent else f"; otherwise {parameter.default}"
    return f"{parameter.description}{kind}{otherwise}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Check or write the page; returns the exit status: 0 good, 1 out of date, 2 broken skills."""
    parser = argparse.ArgumentParser(prog="python -m lunabot.admin.documentation")
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--check", action="store_true", help="fail when the page is out of date")
    action.add_argument("--write", action="store_true", help="write the page")
    parser.add_argument("page", type=Path)
    parser.add_argument("folders", type=Path, nargs="+", help="where the skills are")
    options = parser.parse_args(arguments)
    status, text = _check_or_write(options.page, options.folders, write=options.write)
    sys.stderr.write(f"{text}\n")
    return status


def _check_or_write(page: Path, folders: Sequence[Path], *, write: bool) -> tuple[int, str]:
    loaded = load_skills(folders)
    if loaded.problems:
        return 2, "\n".join(loaded.problems)
    text = document(loaded.registry)
    if write:
        page.write_text(text, encoding="utf-8")
        return 0, f"{page} is written."
    if not page.is_file() or page.read_text(encoding="utf-8") != text:
        return 1, f"{page} is out of date: run this with --write."
    return 0, f"{page} is up to date."


if __name__ == "__main__":
    sys.exit(main())
