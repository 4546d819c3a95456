"""Skills by name, the nearest one to a typo, and names that are taken."""

import pytest

from lunabot.admin.call import Call
from lunabot.admin.registry import Registry, build
from lunabot.admin.skill import Skill, skill
from lunabot.errors import UserMistake


def named(
    verb: str,
    *aliases: str,
    bang: tuple[str, ...] = (),
    group: str = "rooms",
) -> Skill:
    @skill(verb, aliases=aliases, bang_aliases=bang, group=group)
    async def function(call: Call) -> str:
        """Do something."""
        return verb

    return function


COMMANDS = named("commands", bang=("help",), group="about")
PERSONA, PERSONAS = named("persona", group="personas"), named("personas", group="personas")
LIST_USERS, SPAWN = named("list_users", "people"), named("spawn")
REGISTRY = Registry((LIST_USERS, COMMANDS, PERSONA, SPAWN, PERSONAS))


@pytest.mark.parametrize("verb", ["list_users", "list-users", "LIST_Users", "people"])
def test_found_by_any_spelling_and_alias(verb: str) -> None:
    assert REGISTRY.find(verb) is REGISTRY.require(verb) is LIST_USERS


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("spwan", SPAWN),
        ("spaw", SPAWN),
        ("spawnn", SPAWN),
        ("list", LIST_USERS),
        ("listusers", LIST_USERS),
        ("per", PERSONA),
        ("persons", PERSONAS),
        ("hlep", COMMANDS),
        ("comands", COMMANDS),
        ("xyzzy", None),
        ("s", None),
    ],
)
def test_the_nearest_to_a_typo(typed: str, meant: Skill | None) -> None:
    assert REGISTRY.nearest(typed) is meant


def test_an_unknown_verb_gets_the_nearest_and_the_way_to_all() -> None:
    with pytest.raises(UserMistake) as mistake:
        REGISTRY.require("spwan")
    assert str(mistake.value) == (
        "There is no command `spwan`. Did you mean `!spawn`? `!commands` lists what there is."
    )
    with pytest.raises(UserMistake, match="There is no command `xyzzy`"):
        REGISTRY.require("xyzzy")


def test_groups_are_sorted_and_keep_the_order_of_declaration() -> None:
    assert REGISTRY.groups == (
        ("about", (COMMANDS,)),
        ("personas", (PERSONA, PERSONAS)),
        ("rooms", (LIST_USERS, SPAWN)),
    )
    assert {"commands", "help", "people"} < REGISTRY.verbs


@pytest.mark.parametrize(
    "second", [named("spawn"), named("other", "spawn"), named("other", bang=("spawn",))]
)
def test_who_comes_first_keeps_the_name(second: Skill) -> None:
    registry, problems = build([SPAWN, second, LIST_USERS])
    assert registry.skills == (SPAWN, LIST_USERS)
    assert problems == (f"{second.where}: /spawn is declared already, in {SPAWN.where}",)


@pytest.mark.parametrize("swallowed", [named("help"), named("other", "help")])
def test_a_name_that_a_client_swallows_is_refused(swallowed: Skill) -> None:
    registry, problems = build([swallowed, named("partition"), COMMANDS])
    assert registry.skills == (COMMANDS,)
    assert problems[0].endswith("/help would never arrive: Element Web keeps it for itself")
    assert problems[1].endswith("/partition would never arrive: Element iOS keeps it for itself")


def test_an_empty_registry_finds_nothing() -> None:
    assert Registry().find("spawn") is Registry().nearest("spawn") is None
    assert Registry().groups == ()
