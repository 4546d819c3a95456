"""fetch_new and fetch_all, as they are shown."""

from collections.abc import AsyncIterator

import pytest

from lunabot.admin.call import Call
from lunabot.dispatch.watch import Progress, Report
from lunabot.errors import UserMistake
from lunabot.matrix.ids import RoomId
from tests.fake_services import command
from tests.unit.skills.running import REGISTRY, House

ROOM = RoomId("!trails:localhost")


class Fetching:
    """Stands in for the backfill: reports `steps`, returns the last."""

    def __init__(self, *steps: Progress) -> None:
        self.steps = steps
        self.asked: list[RoomId | None] = []

    async def fetch_new(self, report: Report) -> Progress:
        for step in self.steps:
            await report(step)
        return self.steps[-1]

    async def fetch_all(self, room_id: RoomId | None, report: Report) -> Progress:
        self.asked.append(room_id)
        return await self.fetch_new(report)


@pytest.fixture
async def fetching(house: House) -> AsyncIterator[Fetching]:
    made = Fetching(Progress(2, 2, 12_345, 1_200, 10.0))
    house.services.history = lambda: made  # type: ignore[assignment,return-value]
    yield made


async def test_fetch_all_says_what_came(house: House, fetching: Fetching) -> None:
    assert await house.run("fetch_all") == (
        "**1,200 messages I did not know.** I read 12,345 in 2 rooms, 1,234 a second."
    )
    assert fetching.asked == [None]


async def test_fetch_all_of_one_room(house: House, fetching: Fetching) -> None:
    house.account.enter(ROOM).name = "Trails"
    fetching.steps = (Progress(1, 1, 3, 1, 1.0),)
    said = await house.run("fetch_all trails")
    assert said == "**1 message I did not know.** I read 3 in `trails`, 3 a second."
    assert fetching.asked == [ROOM]


async def test_fetch_all_of_a_room_she_is_not_in(house: House, fetching: Fetching) -> None:
    with pytest.raises(UserMistake, match="I know no room"):
        await house.run("fetch_all nowhere")
    assert fetching.asked == []


async def test_fetch_new_says_what_had_been_missed(house: House, fetching: Fetching) -> None:
    fetching.steps = (Progress(1, 1),)
    assert await house.run("fetch_new") == "**I had missed nothing.** I looked into 1 room."


async def test_progress_tells_rooms_messages_rate_and_time(
    house: House, fetching: Fetching
) -> None:
    shown: list[str] = []

    async def show(text: str) -> None:
        shown.append(text)

    fetching.steps = (Progress(0, 2), Progress(1, 2, 4_000, 3_000, 4.0, 60_000))
    call = Call(command("/fetch_all"), house.services, show)
    await REGISTRY.require("fetch_all").read("", "localhost").run(call)
    assert shown == [
        "0 of 2 rooms, 0 messages read, 0 of them new",
        "1 of 2 rooms, 4,000 messages read, 3,000 of them new, 1,000 a second, "
        "this room takes about 60 s more",
    ]
