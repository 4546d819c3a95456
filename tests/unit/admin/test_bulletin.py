"""What Luna says of her own accord, without flooding the room."""

from collections.abc import AsyncIterator

import pytest

from lunabot.admin.bulletin import Bulletin
from lunabot.errors import WorldError
from lunabot.matrix.ids import RoomId
from lunabot.tasks import Tasks
from tests.clock import Clock
from tests.fake_account import FakeAccount

ROOM = RoomId("!admin:localhost")


@pytest.fixture
async def bulletin(account: FakeAccount, clock: Clock) -> AsyncIterator[Bulletin]:
    tasks = Tasks()
    yield Bulletin(account, ROOM, tasks)
    await tasks.close()


def bodies(account: FakeAccount) -> list[str]:
    return [sent.body for sent in account.sent]


async def test_a_notice_in_the_admin_room(bulletin: Bulletin, account: FakeAccount) -> None:
    await bulletin.say("**the model**: out of credit")
    [sent] = account.sent
    assert (sent.room_id, sent.content["msgtype"]) == (ROOM, "m.notice")
    assert sent.body == "the model: out of credit"
    assert sent.content["m.mentions"] == {}


async def test_the_same_is_told_once_a_minute_and_other_things_at_once(
    bulletin: Bulletin, account: FakeAccount, clock: Clock
) -> None:
    for _ in range(59):
        bulletin.tell("out of credit")
        await clock.forward(1)
    bulletin.tell("out of disk")
    await clock.forward(1)
    assert bodies(account) == ["out of credit", "out of disk"]
    bulletin.tell("out of credit")
    bulletin.tell("out of disk")
    await clock.settle()
    assert bodies(account) == ["out of credit", "out of disk", "out of credit"]


async def test_telling_needs_no_waiting_and_fails_quietly(
    bulletin: Bulletin, account: FakeAccount, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    account.failure = WorldError("the homeserver is out of reach")
    bulletin.tell("out of credit")
    await clock.settle()
    assert account.sent == []
    assert "could not be told: the homeserver is out of reach" in caplog.text
