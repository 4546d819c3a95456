"""The model fails in every way while people talk with Luna."""

import pytest

from tests.faults.campaign import LONG, Campaign
from tests.faults.whims import FAULTS, Whims
from tests.faults.world import World

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(7200 if LONG else 300),
]
TIMES = 20 if LONG else 1


async def test_the_model_fails_in_every_way(
    world: World, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    whims = Whims(campaign.draw, share=0.4)
    with monkeypatch.context() as patch:
        patch.setattr(world.model, "reply", whims)
        async with campaign.load():
            while min(whims.met[fault] for fault in FAULTS) < TIMES:
                await campaign.asked(10)
    await campaign.conclude(f"{whims.met.total()} faults of the model")
