"""All skills, found by what somebody typed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import groupby
from types import MappingProxyType

from lunabot.admin.grammar import normalise_verb
from lunabot.admin.reserved import kept_by
from lunabot.admin.skill import Skill
from lunabot.admin.wording import code
from lunabot.errors import UserMistake


@dataclass(frozen=True)
class Registry:
    """Skills by verb and alias. One that takes a name twice is never in it: see `build`."""

    skills: tuple[Skill, ...] = ()
    _by_name: Mapping[str, Skill] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_name = {name: skill for skill in self.skills for name in skill.names}
        object.__setattr__(self, "_by_name", MappingProxyType(by_name))

    @property
    def verbs(self) -> frozenset[str]:
        """Every verb and alias, normalised."""
        return frozenset(self._by_name)

    @property
    def groups(self) -> tuple[tuple[str, tuple[Skill, ...]], ...]:
        """The skills under their groups' names, in the order of the alphabet and of declaration."""
        ordered = sorted(self.skills, key=lambda skill: skill.group)
        grouped = groupby(ordered, key=lambda skill: skill.group)
        return tuple((group, tuple(skills)) for group, skills in grouped)

    def find(self, verb: str) -> Skill | None:
        """Return the skill with this verb or alias, in any spelling."""
        return self._by_name.get(normalise_verb(verb))

    def require(self, verb: str) -> Skill:
        """Return the skill with this verb; raises `UserMistake` that names the nearest one."""
        if skill := self.find(verb):
            return skill
        nearest = self.nearest(verb)
        hint = f" Did you mean `!{nearest.verb}`?" if nearest else ""
        raise UserMistake(
            f"There is no command {code(verb)}.{hint} `!commands` lists what there is."
        )

    def nearest(self, verb: str) -> Skill | None:
        """Return the skill somebody may have meant: what starts so, or else is spelled alike."""
        verb = normalise_verb(verb)
        longer = sorted(
            (name for name in self._by_name if len(verb) > 1 and name.startswith(verb)), key=len
        )
        alike = longer or get_close_matches(verb, self._by_name, 1)
        return self._by_name[alike[0]] if alike else None


def build(skills: Iterable[Skill]) -> tuple[Registry, tuple[str, ...]]:
    """Return a registry of the skills whose names are free, and a line for each that is not.

    A name is taken by the skill that came first, or by a client that swallows it.
    """
    kept: list[Skill] = []
    owners: dict[str, Skill] = {}
    problems: list[str] = []
    for skill in skills:
        if trouble := _trouble(skill, owners):
            problems.append(f"{skill.where}: {trouble}")
        else:
            kept.append(skill)
            owners |= dict.fromkeys(skill.names, skill)
    return Registry(tuple(kept)), tuple(problems)


def _trouble(skill: Skill, owners: Mapping[str, Skill]) -> str | None:
    for name in skill.names:
        if name in owners:
            return f"/{name} is declared already, in {owners[name].where}"
    for name in (skill.verb, *skill.aliases):
        if client := kept_by(name):
            return f"/{name} would never arrive: {client} keeps it for itself"
    return None
