"""``/list_users``: who is there, and in which capacity."""

from typing import Any

import pytest

from lunabot.errors import Refused, UserMistake
from lunabot.matrix.ids import UserId
from tests.homeserver_scripts import Status
from tests.unit.skills.running import House

USERS = "/_synapse/admin/v2/users"


def user(name: str, **more: Any) -> dict[str, Any]:
    return {"name": f"@{name}:localhost", "creation_ts": 1, "displayname": name.title(), **more}


@pytest.fixture(autouse=True)
def server(house: House) -> None:
    users = [
        user("admin", creation_ts=3),
        user("luna", admin=True),
        user("owl", displayname=None, creation_ts=2, last_seen_ts=1_780_228_800_000),
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
    assert lines[:1] + lines[2:] == [
        "- `@admin:localhost` `Admin` – administrator",
        "- `@guest:localhost` `Guest` – guest",
        "- `@luna:localhost` `Luna` – me, server administrator",
        "- `@old:localhost` `Old` – deactivated",
        "- `@owl:localhost` – persona, seen 31 May 2026 12:00 UTC",
    ]


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("--only people", ["admin", "eve", "guest"]),
        ("--only personas", ["owl"]),
        ("--only administrators", ["admin"]),
        ("--only guests", ["guest"]),
        ("--only deactivated", ["old"]),
        ("--sort made", ["admin", "owl", "luna", "guest", "eve"]),
        ("o --sort seen", ["owl", "admin", "luna", "guest", "eve"]),
    ],
)
async def test_only_some_and_in_another_order(house: House, line: str, names: list[str]) -> None:
    _, _, *lines = (await house.run(f"list_users {line}")).split("\n")
    assert [each[4:].partition(":")[0] for each in lines] == names


async def test_pages(house: House) -> None:
    many = [user(f"u{number:02}") for number in range(45)]
    house.answer(USERS, {"users": many, "total": len(many)})
    first = await house.run("list_users")
    assert "@u39:" in first and "@u40:" not in first
    assert first.endswith("Page 1: `--page 2` goes on.")
    last = await house.run("list_users --page 2")
    assert "@u40:" in last and "@u39:" not in last
    with pytest.raises(UserMistake, match="There is no page 3"):
        await house.run("list_users --page 3")


async def test_who_was_deactivated_is_gone_unless_asked_for(house: House) -> None:
    text = await house.run("list_users")
    assert text.startswith("**5 of 5 accounts**")
    assert "old" not in text


async def test_a_display_name_is_shown_and_does_nothing(house: House) -> None:
    lines = (await house.run("list_users")).split("\n")
    assert len(lines) == 7
    [line] = [line for line in lines if "eve" in line]
    assert line.startswith("- `@eve:localhost` `**Admin** - '@admin:localhost' <b>")
    assert line.count("`") == 4


@pytest.mark.parametrize("part", ["old", "OLD", "@old:", "Old"])
async def test_only_those_whose_name_or_id_holds_a_word(house: House, part: str) -> None:
    text = await house.run(f"list_users {part} --all")
    assert text.startswith("**1 of 6 accounts**")
    assert "`@old:localhost`" in text


async def test_without_the_right_to_ask(house: House) -> None:
    house.answer(USERS, Status(403, {"errcode": "M_FORBIDDEN", "error": "You are not an admin"}))
    with pytest.raises(Refused, match="You are not an admin"):
        await house.run("list_users")
