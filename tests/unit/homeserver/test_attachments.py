"""Files in the messages that commands reply to, in rooms without encryption; with: end to end."""

from typing import Any

import aiohttp
import pytest
from nio.crypto.attachments import encrypt_attachment

from lunabot.errors import UserMistake
from lunabot.homeserver.attachments import Attachment, read_attachment
from lunabot.homeserver.client_api import ClientApi
from lunabot.homeserver.http import HomeserverClient
from lunabot.matrix.ids import EventId, RoomId
from tests.fake_account import FakeAccount
from tests.fake_homeserver import FakeHomeserver

ROOM = RoomId("!room:localhost")
MEDIA = "/_matrix/client/v1/media/download/localhost"
EVENT = EventId("$file")


class World:
    def __init__(self, home: FakeHomeserver, web: aiohttp.ClientSession) -> None:
        self.home = home
        self.account = FakeAccount()
        self.room = self.account.enter(ROOM)
        self.api = ClientApi(HomeserverClient(home.url, web), lambda: "token")

    async def read(self, content: Any, limit: int = 100, **event: Any) -> Attachment:
        """Read the file of an event with this content."""
        path = f"/_matrix/client/v3/rooms/{ROOM}/event/{EVENT}"
        self.home.answers[path] = {"type": "m.room.message", "content": content, **event}
        return await read_attachment(self.account, self.api, ROOM, EVENT, limit)


@pytest.fixture
def world(home: FakeHomeserver, web: aiohttp.ClientSession) -> World:
    home.answers[f"{MEDIA}/plain"] = {"a": 1}
    return World(home, web)


async def test_a_file_as_it_was_sent(world: World) -> None:
    content = {"msgtype": "m.file", "body": "a.json", "url": "mxc://localhost/plain"}
    read = await world.read({**content, "info": {"mimetype": "application/json"}})
    assert read == Attachment("m.file", "a.json", "application/json", b'{"a": 1}')
    captioned = await world.read({**content, "filename": "b.json", "info": 5})
    assert (captioned.name, captioned.mimetype) == ("b.json", "")


async def test_keys_that_do_not_fit_the_file(world: World) -> None:
    _, keys = encrypt_attachment(b"something else")
    for nonsense in (keys, {}, {**keys, "hashes": 5}, {**keys, "iv": "é"}):
        file = {**nonsense, "url": "mxc://localhost/plain"}
        with pytest.raises(UserMistake, match="cannot be decrypted"):
            await world.read({"msgtype": "m.file", "body": "a", "file": file})


@pytest.mark.parametrize(
    "content",
    [
        {"msgtype": "m.text", "body": "text", "url": "mxc://localhost/plain"},
        {"msgtype": "m.location", "body": "Berlin", "geo_uri": "geo:52.5,13.4"},
        {"msgtype": "m.file", "body": "a", "url": 5},
        {"msgtype": "m.file", "body": "a", "url": "https://localhost/x"},
        {"msgtype": "m.file", "body": "a", "file": {}},
        {"url": "mxc://localhost/plain"},
        "nonsense",
    ],
)
async def test_no_file(world: World, content: Any) -> None:
    with pytest.raises(UserMistake, match="holds no file"):
        await world.read(content)


async def test_a_file_that_is_too_large(world: World) -> None:
    content = {"msgtype": "m.file", "body": "a.json", "url": "mxc://localhost/plain"}
    with pytest.raises(UserMistake, match="larger than"):
        await world.read(content, limit=3)


async def test_an_encrypted_room_takes_no_file_in_the_clear(world: World) -> None:
    world.room.encrypted = True
    with pytest.raises(UserMistake, match="not encrypted"):
        await world.read({"url": "mxc://localhost/plain"})


async def test_an_encrypted_event_that_is_none(world: World) -> None:
    with pytest.raises(UserMistake, match="cannot decrypt"):
        await world.read({"ciphertext": 5}, type="m.room.encrypted")
