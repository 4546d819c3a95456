"""Names that clients swallow, and that Luna's own verbs are none of them."""

import pytest

from lunabot.admin.loader import builtin_folder, load_skills
from lunabot.admin.reserved import kept_by

SWALLOWED = """
    help status invite join part leave kick remove ban unban nick topic op deop me msg query whois
    verify ignore plain html rainbow discardsession
"""
VERBS = """
    commands health spawn despawn personas persona create_channel add_participant list_channels
    list_users fetch_new fetch_all summarise lenses chapters context purge seed rotate_logs usage
    audit resume reload shutdown yes no
"""


@pytest.mark.parametrize("verb", SWALLOWED.split())
def test_each_name_that_a_client_takes_is_kept(verb: str) -> None:
    assert kept_by(verb)
    assert kept_by(verb.upper())


@pytest.mark.parametrize("verb", ["partition", "nickname", "join_room", "topics", "Part-Two"])
def test_element_ios_takes_everything_with_its_prefixes(verb: str) -> None:
    assert kept_by(verb) == "Element iOS"


@pytest.mark.parametrize("verb", VERBS.split())
def test_the_verbs_of_the_design_arrive_everywhere(verb: str) -> None:
    assert kept_by(verb) is None


def test_no_builtin_skill_collides_but_for_aliases_that_are_for_the_bang_alone() -> None:
    loaded = load_skills([builtin_folder()])
    assert loaded.problems == ()
    for skill in loaded.registry.skills:
        assert [name for name in (skill.verb, *skill.aliases) if kept_by(name)] == []
