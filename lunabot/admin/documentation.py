"""Help in the room and ``docs/commands.md``, both from the declarations."""

from lunabot.admin.declaration import Parameter
from lunabot.admin.parameters import Tail, converter_for
from lunabot.admin.registry import Registry
from lunabot.admin.skill import Skill

_HEAD = """\
# Commands

<!-- Generated from the declarations in skills/ by `make docs`: do not edit. -->

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


def page(registry: Registry) -> str:
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
