"""``/usage``: what is told and drawn of the tokens that were spent."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from lunabot.config import LimitsSettings, LlmSettings, Price
from lunabot.errors import UserMistake
from lunabot.matrix.ids import RoomId, UserId
from lunabot.memory.usage import Usage
from tests.unit.llm.pictures import opened
from tests.unit.personas.characters import teacher
from tests.unit.skills.remembered import ANN, BOB, DAY, LAKE, TRAILS, move_in
from tests.unit.skills.running import House

NOW = int(time.time() * 1000)


def day(ago: int) -> str:
    return (datetime.fromtimestamp(NOW / 1000, UTC) - timedelta(days=ago)).date().isoformat()


async def spend(
    house: House,
    tokens: int,
    *,
    asker: UserId = ANN,
    room: RoomId = TRAILS,
    account: UserId | None = None,
    ago: int = 0,
    model: str = "small",
) -> None:
    who = account or house.account.user_id
    spent = Usage(NOW - ago * DAY, room, who, asker, model, tokens - 100, 100)
    await house.services.memory.archive.record_usage(spent)


@pytest.fixture(autouse=True)
async def spent(house: House) -> None:
    """Ann and Bob have asked Luna and the teacher, and Luna has summed up."""
    move_in(house)
    await spend(house, 5_000)
    await spend(house, 1_500, asker=BOB, ago=1, model="large")
    await spend(house, 2_000, room=LAKE, account=teacher().user_id, ago=2)
    await spend(house, 700, asker=house.account.user_id)
    await spend(house, 9_000, ago=40)


def price(house: House, **prices: float) -> None:
    found = {model: Price(input=each, output=each) for model, each in prices.items()}
    llm = LlmSettings(prices=found, currency="EUR")
    house.services.settings = house.services.settings.model_copy(update={"llm": llm})


@pytest.mark.parametrize(
    ("by", "lines"),
    [
        ("persona", ["**luna**: 7,200 tokens in 3 calls", "**teacher**: 2,000 tokens in 1 call"]),
        ("room", ["**Trails**: 7,200 tokens in 3 calls", "**Lake**: 2,000 tokens in 1 call"]),
        (
            "person",
            [
                "**ann**: 7,000 tokens in 2 calls",
                "**bob**: 1,500 tokens in 1 call",
                "**summing up**: 700 tokens in 1 call",
            ],
        ),
        (
            "day",
            [
                f"**{day(2)}**: 2,000 tokens in 1 call",
                f"**{day(1)}**: 1,500 tokens in 1 call",
                f"**{day(0)}**: 5,700 tokens in 2 calls",
            ],
        ),
        ("model", ["**small**: 7,700 tokens in 3 calls", "**large**: 1,500 tokens in 1 call"]),
    ],
)
async def test_what_was_spent_in_the_last_days(house: House, by: str, lines: list[str]) -> None:
    head, listed = (await house.run(f"usage --by {by}")).split("\n\n")
    assert head == f"**Tokens by {by}** since {day(6)} (UTC): 9,200 tokens in 4 calls"
    assert listed.split("\n") == [f"{number}. {line}" for number, line in enumerate(lines, 1)]
    [(kind, name, data, mimetype, size)] = house.account.acts
    assert (kind, name, mimetype) == ("image", "usage.png", "image/png")
    assert opened(data).size == size


async def test_money_is_shown_where_there_are_prices(house: House) -> None:
    price(house, small=100, large=20)
    head, listed = (await house.run("usage --text")).split("\n\n")
    assert head.endswith("9,200 tokens in 4 calls, 0.80 EUR")
    assert listed.endswith("2,000 tokens in 1 call, 0.20 EUR")
    price(house, large=20)
    _, listed, missing = (await house.run("usage --text --by model")).split("\n\n")
    assert "**large**: 1,500 tokens in 1 call, 0.0300 EUR" in listed
    assert missing.endswith("`small`.")
    assert house.account.acts == []


async def test_the_time_may_be_said(house: House) -> None:
    today = await house.run("usage --days 1 --text")
    assert f"since {day(0)} (UTC): 5,700 tokens in 2 calls" in today
    assert "18,200 tokens in 5 calls" in await house.run(f"usage --since {day(40)} --text")


async def test_many_lines_are_cut_to_a_phone(house: House) -> None:
    for number in range(20):
        await spend(house, 200, asker=UserId(f"@guest{number}:example.org"))
    listed = (await house.run("usage --by person --text")).split("\n\n")[1].split("\n")
    assert len(listed) == 10
    assert "**@guest0:example.org**" in listed[3]
    assert listed[-1] == "10. **others**: 2,800 tokens in 14 calls"


async def test_todays_limits_are_told_with_how_far_they_are_reached(house: House) -> None:
    limits = LimitsSettings(person_tokens=6_000, room_tokens=5_800, daily_tokens=10_000)
    house.services.settings = house.services.settings.model_copy(update={"limits": limits})
    await spend(house, 900, asker=BOB)
    told = (await house.run("usage --text --days 1")).split("\n\n")
    assert told[2] == "**Limits of today, until 0:00 UTC**"
    assert told[3].split("\n") == [
        "- **all**: 66 % of 10,000 tokens",
        "- 🛑 room **Trails**: 101 % of 5,800 tokens",
        "- ⚠️ person **ann**: 83 % of 6,000 tokens",
        "- person **bob**: 15 % of 6,000 tokens",
    ]


async def test_nothing_was_spent(house: House) -> None:
    house.account.server_now = lambda: NOW + 90 * DAY  # type: ignore[method-assign]
    assert await house.run("usage") == f"No tokens were spent since {day(-84)}."
    assert house.account.acts == []


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("--days 3 --since 2026-01-01", "not both"),
        ("--since 2999-01-01", "2999-01-01 is yet to come"),
        ("--days 0", "the last 1 to 3,650 days"),
        ("--days 4000", "the last 1 to 3,650 days"),
    ],
)
async def test_mistakes(house: House, options: str, told: str) -> None:
    with pytest.raises(UserMistake, match=told):
        await house.run(f"usage {options}")
