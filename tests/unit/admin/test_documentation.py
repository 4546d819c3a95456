"""Help in the room and the generated page."""

from dataclasses import replace

import pytest

from lunabot.admin.call import Call, Plan
from lunabot.admin.documentation import explanation, overview, page
from lunabot.admin.loader import builtin_folder, load_skills
from lunabot.admin.parameters import RoomReference, Tail
from lunabot.admin.registry import Registry
from lunabot.admin.skill import Skill, skill
from lunabot.matrix.ids import UserId


@skill("invite_all", aliases=("fetch_all",), group="rooms", examples=("invite_all #a @b Hi",))
async def invite_all(
    call: Call, room: RoomReference, user: UserId, *, count: int = 3, now: bool = False, text: Tail
) -> str:
    """Bring people into a room.

    It says `text` to each.

    room: where
    user: who comes first
    count: how many
    now: without a pause
    text: what to say
    """
    return text


async def purge_plan(call: Call) -> Plan:
    return Plan("", "")


@skill("purge", group="memory", destructive=True, plan=purge_plan)
async def purge(call: Call) -> str:
    """Wipe it."""
    return ""


REGISTRY = Registry((invite_all, purge))


def test_the_overview_names_each_command_under_its_group() -> None:
    assert overview(REGISTRY) == (
        "Type `!verb` (works everywhere) or `/verb`. More about one: `!commands VERB`\n\n"
        "**Memory**\n\n- **purge** – Wipe it\n\n"
        "**Rooms**\n\n- **invite_all** – Bring people into a room"
    )


def test_the_explanation_of_a_command() -> None:
    assert explanation(invite_all) == (
        "**invite_all** – Bring people into a room\n\n"
        "`/invite_all ROOM USER [--count NUMBER] [--now] TEXT…`\n\n"
        "It says `text` to each.\n\n"
        "- `ROOM` – where: a room (#alias:server, !id, a bare alias or name, or a pill)\n"
        "- `USER` – who comes first: a user (@name:server, a bare name, or a pill)\n"
        "- `--count NUMBER` – how many: a whole number; otherwise 3\n"
        "- `--now` – without a pause\n"
        "- `TEXT…` – what to say\n\n"
        "For example:\n\n- `!invite_all #a @b Hi`\n\n"
        "Also: `!fetch_all`"
    )
    asks = "Asks before it acts; `--yes` skips the question."
    assert asks in explanation(purge)
    assert asks not in explanation(replace(purge, plan=None))


def test_help_is_short_enough_for_a_phone() -> None:
    """No tables, no blocks of code; the list of all commands stays far from being a file."""
    registry = load_skills([builtin_folder()]).registry
    for text in (overview(registry), *(explanation(each) for each in registry.skills)):
        assert "|--" not in text and "```" not in text
        assert len(text.encode()) < 8_000


def _examples(text: str) -> list[str]:
    lines = [line.removeprefix("- `!") for line in text.splitlines() if line.startswith("- `!")]
    return [line.removesuffix("`") for line in lines]


@pytest.mark.parametrize(
    "declared", [invite_all, *load_skills([builtin_folder()]).registry.skills], ids=lambda s: s.verb
)
def test_what_help_prints_as_an_example_parses(declared: Skill) -> None:
    examples = _examples(explanation(declared))
    assert len(examples) == len(declared.examples)
    for example in examples:
        verb, _, text = example.partition(" ")
        assert verb in declared.names
        assert declared.read(text, "localhost").skill is declared


def test_the_page_has_every_command_and_the_same_bytes_each_time() -> None:
    text = page(REGISTRY)
    assert text == page(Registry((invite_all, purge)))
    assert text.endswith("\n") and not text.endswith("\n\n")
    assert text.index("## Memory\n\n### purge") < text.index("## Rooms\n\n### invite_all")
