"""Reading a room backwards: page by page, decrypted, as patient as every other call."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from lunabot.errors import Refused, WorldError
from lunabot.homeserver.http import HomeserverClient
from lunabot.matrix.account import Account
from lunabot.matrix.events import Message, Redaction
from lunabot.matrix.history import PAGE_EVENTS, History, Page
from lunabot.matrix.ids import RoomId
from tests.fake_homeserver import FakeHomeserver
from tests.homeserver_scripts import Reset, Status
from tests.room_events import event, member, wrote

ROOM = RoomId("!room:localhost")
ADA = "@ada:localhost"


@pytest.fixture
async def history(home: FakeHomeserver) -> AsyncIterator[History]:
    async with aiohttp.ClientSession() as session:
        yield History(HomeserverClient(home.url, session, patience_s=5))


def bodies(page: Page) -> list[str]:
    return [message.body for message in page.messages]


async def test_pages_follow_each_other_back_to_the_beginning(
    history: History, live: Account, home: FakeHomeserver
) -> None:
    said = [f"{number}" for number in range(PAGE_EVENTS + 2)]
    home.timelines[ROOM] = [wrote(ADA, body) for body in said]
    newest = await history.page(live, ROOM, "s1")
    assert bodies(newest) == said[2:]
    assert newest.before is not None
    oldest = await history.page(live, ROOM, newest.before)
    assert (bodies(oldest), oldest.before) == (said[:2], None)


async def test_a_page_ends_where_the_sync_before_it_did(
    history: History, live: Account, home: FakeHomeserver
) -> None:
    home.timelines[ROOM] = [wrote(ADA, body) for body in ("one", "two", "three", "four")]
    home.positions = {"s1": 1, "gap": 3}
    page = await history.page(live, ROOM, "gap", "s1")
    assert (bodies(page), page.before) == (["two", "three"], None)


async def test_it_asks_for_what_is_said_as_the_account_that_may_see_it(
    history: History, live: Account, home: FakeHomeserver
) -> None:
    await history.page(live, ROOM, "s1")
    [request] = home.of("messages")
    assert request.token == home.session.access_token
    assert "m.room.member" not in request.query["filter"]


async def test_a_strange_page_is_read_as_far_as_it_can_be(
    history: History, live: Account, home: FakeHomeserver
) -> None:
    redaction = event("m.room.redaction", ADA, {}, redacts="$1")
    encrypted = event("m.room.encrypted", ADA, {"algorithm": "m.megolm.v1.aes-sha2"})
    strange = [wrote(ADA, "x", event_id="$1") | {"content": 7}, encrypted, {}, 7, member(ADA)]
    home.timelines[ROOM] = [*strange, redaction, wrote(ADA, "y")]  # type: ignore[list-item]
    page = await history.page(live, ROOM, "s1")
    assert [type(each) for each in page.events][-2:] == [Redaction, Message]
    assert bodies(page) == ["y"]


async def test_a_key_that_is_missing_may_come_later(
    history: History, live: Account, home: FakeHomeserver
) -> None:
    content = {
        "algorithm": "m.megolm.v1.aes-sha2",
        "ciphertext": "AwgA",
        "sender_key": "key",
        "device_id": "D",
        "session_id": "session",
    }
    home.timelines[ROOM] = [event("m.room.encrypted", ADA, content, event_id="$secret")]
    page = await history.page(live, ROOM, "s1")
    assert [each.event_id for each in page.unread] == ["$secret"]
    assert page.messages == ()


@pytest.mark.parametrize(
    "answer", [{"chunk": 7}, {"chunk": [], "end": "s1"}, {}], ids=["no list", "same end", "nothing"]
)
async def test_an_answer_without_an_end_is_the_end(
    history: History, live: Account, home: FakeHomeserver, answer: object
) -> None:
    home.enqueue("messages", Status(200, answer))
    assert await history.page(live, ROOM, "s1") == Page((), None)


async def test_what_may_pass_is_asked_again_not_before_it_is_allowed(
    history: History, live: Account, home: FakeHomeserver, pauses: list[float]
) -> None:
    home.timelines[ROOM] = [wrote(ADA, "hello")]
    limited = Status(429, {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 1500})
    home.enqueue("messages", limited, Reset(), Status(502, "<html>"))
    assert bodies(await history.page(live, ROOM, "s1")) == ["hello"]
    assert pauses[0] >= 1.5


async def test_a_no_is_refused_and_silence_is_the_worlds_fault(
    history: History, live: Account, home: FakeHomeserver, pauses: list[float]
) -> None:
    home.enqueue("messages", Status(403, {"errcode": "M_FORBIDDEN", "error": "not in the room"}))
    with pytest.raises(Refused, match="not in the room"):
        await history.page(live, ROOM, "s1")
    home.enqueue("messages", *[Reset()] * 50)
    with pytest.raises(WorldError, match="does not answer"):
        await history.page(live, ROOM, "s1")
