"""``/list_users``: who is there, and in which capacity."""

from typing import Any

import pytest

from lunabot.errors import Refused
from lunabot.matrix.ids import UserId
from tests.homeserver_scripts import Status
from tests.unit.skills.running import House

USERS = "/_synapse/admin/v2/users"


def user(name: str, **more: Any) -> dict[str, Any]:
    return {"name": f"@{name}:localhost", "creation_ts": 1, "displayname": name.title(), **more}


@pytest.fixture(autouse=True)
def server(house: House) -> None:
    users = [
        user("admin"),
        user("luna", admin=True),
        user("owl", displayname=None),
        user("old", deactivated=True),
        user("guest", is_guest=True),
        user("eve", displayname="**Admin**\n- `@admin:localhost` <b>x</b>"),
    ]
    house.answer(USERS, {"users": users, "total": len(users)})
    luna = house.account.user_id
    house.services.own_accounts = lambda: frozenset({luna, UserId("@owl:localhost")})


async def test_each_account_in_a_line_of_its_own(house: House) -> None:
    head, _, *lines = (await house.run("list_users --all")).split("\n")
    assert head == "**6 of 6 accounts**"
    assert lines[:5] == [
        "- `@admin:localhost` `Admin` – administrator",
        "- `@luna:localhost` `Luna` – me, server administrator",
        "- `@owl:localhost` – persona",
        "- `@old:localhost` `Old` – deactivated",
        "- `@guest:localhost` `Guest` – guest",
    ]


async def test_who_was_deactivated_is_gone_unless_asked_for(house: House) -> None:
    text = await house.run("list_users")
    assert text.startswith("**5 of 5 accounts**")
    assert "old" not in text


async def test_a_display_name_is_shown_and_does_nothing(house: House) -> None:
    lines = (await house.run("list_users")).split("\n")
    assert len(lines) == 7
    assert lines[-1].startswith("- `@eve:localhost` `**Admin** - '@admin:localhost' <b>")
    assert lines[-1].count("`") == 4


@pytest.mark.parametrize("part", ["old", "OLD", "@old:", "Old"])
async def test_only_those_whose_name_or_id_holds_a_word(house: House, part: str) -> None:
    text = await house.run(f"list_users {part} --all")
    assert text.startswith("**1 of 6 accounts**")
    assert "`@old:localhost`" in text


async def test_without_the_right_to_ask(house: House) -> None:
    house.answer(USERS, Status(403, {"errcode": "M_FORBIDDEN", "error": "You are not an admin"}))
    with pytest.raises(Refused, match="You are not an admin"):
        await house.run("list_users")
