"""Images near a question: which of them are looked at, and what becomes of those that cannot be."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from nio.crypto.attachments import encrypt_attachment

from lunabot.dispatch import sight
from lunabot.dispatch.sight import MOST_IMAGES, REACH, Sight, near_images
from lunabot.homeserver.client_api import ClientApi
from lunabot.homeserver.http import HomeserverClient
from lunabot.llm.image import Image
from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId
from lunabot.matrix.media import FileKeys, Media
from lunabot.prompt.transcript import Seen
from tests.fake_account import FakeAccount
from tests.fake_homeserver import FakeHomeserver
from tests.homeserver_scripts import Status
from tests.unit.dispatch.people import LUNA, said
from tests.unit.llm.pictures import picture

FILE = "/_matrix/client/v1/media/download/localhost/cat"
CAT = Media("mxc://localhost/cat", "cat.png")


def shown(event_id: str = "$cat", media: Media | None = CAT, **more: Any) -> Message:
    return said("cat.png", event_id=event_id, msgtype="m.image", media=media, **more)


class Eyes:
    """Luna's, open unless `enabled` says otherwise."""

    def __init__(self, home: FakeHomeserver, web: aiohttp.ClientSession) -> None:
        self.enabled = True
        self.home = home
        self._account = FakeAccount(LUNA)
        api = ClientApi(HomeserverClient(home.url, web), lambda: "token")
        self._sight = Sight(lambda: self.enabled, lambda account: api)

    async def look(self, *messages: Message) -> Seen:
        return await self._sight(self._account, messages, messages[-1])

    async def reason(self, message: Message) -> str:
        """Return why an image cannot be seen."""
        (found,) = (await self.look(message)).values()
        assert isinstance(found, str)
        return found


@pytest.fixture
async def eyes(home: FakeHomeserver) -> AsyncIterator[Eyes]:
    home.answers[FILE] = picture(2000, 1000)
    async with aiohttp.ClientSession() as web:
        yield Eyes(home, web)


async def test_an_image_is_fetched_and_made_small(eyes: Eyes) -> None:
    found = (await eyes.look(shown()))[EventId("$cat")]
    assert isinstance(found, Image)
    assert (found.width, found.height, found.mimetype) == (1024, 512, "image/jpeg")
    assert eyes.home.requests[-1].token == "token"


async def test_an_encrypted_image(eyes: Eyes) -> None:
    eyes.home.answers[FILE], keys = encrypt_attachment(picture(20, 10))
    fitting = FileKeys(keys["key"]["k"], keys["iv"], keys["hashes"]["sha256"])
    found = await eyes.look(shown(media=replace(CAT, keys=fitting)))
    assert isinstance(found[EventId("$cat")], Image)
    wrong = replace(fitting, sha256="AAAA")
    assert await eyes.reason(shown(media=replace(CAT, keys=wrong))) == "it cannot be decrypted"


async def test_closed_eyes_look_at_nothing(eyes: Eyes) -> None:
    eyes.enabled = False
    assert await eyes.look(shown()) == {}
    assert eyes.home.requests == []


@pytest.mark.parametrize(
    ("answer", "media", "reason"),
    [
        (b"", None, "it came without an address"),
        (b"", Media(name="cat.png"), "it came without an address"),
        (b"", replace(CAT, size=20_000_001), "it is larger than 20 MB"),
        (bytes(20_000_001), CAT, "it is larger than 20 MB"),
        (b"hello", CAT, "it is damaged, or of a kind that cannot be read here"),
        (picture(20, 20)[:-30], CAT, "it is damaged"),
        (Status(404, {"errcode": "M_NOT_FOUND"}), CAT, "the server has it no more"),
    ],
)
async def test_why_it_cannot_be_seen(
    eyes: Eyes, answer: Any, media: Media | None, reason: str
) -> None:
    eyes.home.answers[FILE] = answer
    assert await eyes.reason(shown(media=media)) == reason


async def test_a_server_that_does_not_answer_is_not_waited_for_long(
    eyes: Eyes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sight, "_PATIENCE_S", 0.05)
    eyes.home.answers[FILE] = Status(502, {})
    assert await eyes.reason(shown()) == "the server did not hand it out in time"


async def test_a_file_that_says_to_be_too_large_is_not_fetched(eyes: Eyes) -> None:
    await eyes.reason(shown(media=replace(CAT, size=30_000_000)))
    assert eyes.home.requests == []


def near(*messages: Message, question: Message | None = None) -> list[str]:
    return [each.event_id for each in near_images(messages, question or messages[-1], LUNA)]


def test_the_newest_images_are_near() -> None:
    images = [shown(f"${number}") for number in range(5)]
    assert near(*images, said("Which is nicest?")) == ["$4", "$3", "$2"][:MOST_IMAGES]
    assert near(*images, *[said()] * REACH) == []


def test_the_image_that_is_replied_to_comes_first() -> None:
    images = [shown(f"${number}") for number in range(5)]
    question = said("And this?", in_reply_to=EventId("$0"))
    assert near(*images, *[said()] * 4, question) == ["$0", "$4", "$3"]
    assert near(*images, *[said()] * REACH, question) == ["$0"]


def test_own_images_and_other_files_are_none() -> None:
    assert near(shown(sender=LUNA), said("v", msgtype="m.video", media=CAT)) == []
