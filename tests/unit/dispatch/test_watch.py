"""What whoever waits for holes to be filled gets to see."""

import asyncio

import pytest

from lunabot.dispatch.watch import Progress, Watch
from lunabot.errors import WorldError
from lunabot.matrix.history import Page
from lunabot.memory.holes import Hole
from tests.clock import Clock
from tests.unit.dispatch.people import LUNA, OTHER_ROOM, ROOM, said

FIRST, SECOND = Hole(1, ROOM, LUNA, "s1", None), Hole(2, OTHER_ROOM, LUNA, "s1", None)
OTHER = Hole(3, ROOM, LUNA, "s1", "s0")
MIDDLE, LAST = Page((said(), said()), "t30-0"), Page((said(),), None)


async def test_progress_counts_what_is_watched(clock: Clock) -> None:
    watch = Watch([FIRST, SECOND])
    await clock.forward(2)
    watch.stored(FIRST, MIDDLE, 2)
    watch.stored(OTHER, MIDDLE, 2)
    progress = watch.progress
    assert (progress.rooms_done, progress.rooms) == (0, 2)
    assert (progress.messages, progress.new, progress.left) == (2, 2, 30)
    assert (progress.rate, progress.seconds_left) == pytest.approx((1.0, 30.0))
    watch.stored(FIRST, LAST, 0)
    progress = watch.progress
    assert (progress.rooms_done, progress.messages, progress.left) == (1, 3, None)


def test_before_anything_has_come_nothing_is_foretold() -> None:
    progress = Progress(0, 1, left=30)
    assert (progress.rate, progress.seconds_left) == (0.0, None)


async def test_it_is_followed_until_all_is_closed() -> None:
    reports: list[Progress] = []

    async def report(progress: Progress) -> None:
        reports.append(progress)

    watch = Watch([FIRST, SECOND])
    following = asyncio.create_task(watch.follow(report))
    await asyncio.sleep(0)
    watch.stored(FIRST, LAST, 1)
    await asyncio.sleep(0)
    watch.stored(SECOND, LAST, 0)
    done = await following
    assert (done.rooms_done, done.messages, done.new) == (2, 2, 1)
    assert [each.rooms_done for each in reports] == [1, 2]


async def test_who_watches_nothing_is_done() -> None:
    assert (await Watch([]).follow(_unheard)).rooms == 0


async def test_only_the_trouble_of_what_is_watched_is_told() -> None:
    watch = Watch([FIRST])
    watch.failed(OTHER, WorldError("elsewhere"))
    watch.failed(FIRST, WorldError("the server is away"))
    with pytest.raises(WorldError, match=r"the server is away\. I go on by myself"):
        await watch.follow(_unheard)


async def test_silence_ends(clock: Clock) -> None:
    following = asyncio.create_task(Watch([FIRST]).follow(_unheard))
    await asyncio.sleep(0)
    await clock.forward(121)
    with pytest.raises(WorldError, match="nothing has come for 120 s"):
        await following


async def _unheard(progress: Progress) -> None:
    """Report to nobody."""
