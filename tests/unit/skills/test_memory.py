"""``/summarise``: what is asked for, and what is told of it."""

from collections.abc import Awaitable, Callable

import pytest

from lunabot.admin.call import Answer, Call
from lunabot.errors import UserMistake
from lunabot.matrix.ids import RoomId
from lunabot.remembering.summariser import Summarised
from tests.fake_services import command
from tests.unit.skills.remembered import LAKE, TRAILS, move_in
from tests.unit.skills.running import REGISTRY, House

MAY_1 = 1_714_521_600_000  # 2024


class Summing:
    """Stands in for the summariser: notes what it is asked, reports a step, returns `done`."""

    def __init__(self) -> None:
        self.asked: list[tuple[RoomId | None, str | None, int | None]] = []
        self.done = Summarised(1, 3, 2, 4321)

    async def summarise(
        self,
        room_id: RoomId | None,
        lens: str | None,
        since_ms: int | None,
        progress: Callable[[str], Awaitable[None]],
    ) -> Summarised:
        self.asked.append((room_id, lens, since_ms))
        await progress("1 chapter written")
        return self.done


@pytest.fixture
def summing(house: House) -> Summing:
    move_in(house)
    made = Summing()
    house.services.summariser = made  # type: ignore[assignment]
    return made


async def run(house: House, line: str) -> tuple[Answer, list[str]]:
    """Run a command; return its answer and what was shown before."""
    shown: list[str] = []

    async def show(text: str) -> None:
        shown.append(text)

    call = Call(command(f"/{line}"), house.services, show)
    skill = REGISTRY.require("summarise")
    return await skill.read(line.partition(" ")[2], "localhost").run(call), shown


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("summarise", (None, None, None)),
        ("summarise trails", (TRAILS, None, None)),
        ("summarise lake --lens Technical", (LAKE, "technical", None)),
        ("summarise trails since=2024-05-01", (TRAILS, None, MAY_1)),
    ],
)
async def test_what_is_typed_is_asked_for(
    house: House, summing: Summing, line: str, asked: tuple[RoomId, str, int]
) -> None:
    answer, shown = await run(house, line)
    assert summing.asked == [asked]
    assert shown == ["1 chapter written"]
    assert answer.ok


async def test_what_was_made_is_told_and_its_tokens(house: House, summing: Summing) -> None:
    answer, _ = await run(house, "summarise trails")
    assert answer.markdown == (
        f"**Trails** `{TRAILS}`: wrote **1 chapter, 3 lens texts, 2 notebooks** with 4,321 "
        "tokens. `!chapters` and `!lenses` show them."
    )
    summing.done = Summarised()
    answer, _ = await run(house, "summarise")
    assert (answer.markdown, answer.ok) == ("All rooms: nothing new to sum up.", True)


async def test_what_was_left_is_told_and_why(house: House, summing: Summing) -> None:
    summing.done = Summarised(1, 0, 0, 1, left="the day's tokens are spent")
    answer, _ = await run(house, "summarise")
    assert "wrote **1 chapter** with 1 token." in answer.markdown
    assert answer.markdown.endswith("⚠️ the day's tokens are spent")
    assert not answer.ok


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("summarise nowhere", "I know no room"),
        ("summarise trails --lens tecnical", "Did you mean `technical`"),
        ("summarise trails --since yesterday", "is not a day"),
    ],
)
async def test_mistakes(house: House, summing: Summing, line: str, told: str) -> None:
    with pytest.raises(UserMistake, match=told):
        await run(house, line)
    assert summing.asked == []
