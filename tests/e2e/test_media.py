"""What is not plain text reaches the model: in words, and images as such where it can see."""

from typing import Any

import pytest
from nio.crypto.attachments import encrypt_attachment

from tests.e2e.house import House
from tests.e2e.luna import LunaProcess
from tests.e2e.person import Person
from tests.e2e.session import Json
from tests.fake_model import FakeModel, Request
from tests.unit.llm.pictures import opened, picture

POLL = {
    "org.matrix.msc1767.text": "Which day?\n1. Monday\n2. Tuesday",
    "org.matrix.msc3381.poll.start": {
        "question": {"org.matrix.msc1767.text": "Which day?"},
        "answers": [
            {"id": "1", "org.matrix.msc1767.text": "Monday"},
            {"id": "2", "org.matrix.msc1767.text": "Tuesday"},
        ],
    },
}
VOICE = {
    "msgtype": "m.audio",
    "body": "Voice message.ogg",
    "url": "mxc://localhost/voice",
    "info": {"duration": 12_345, "mimetype": "audio/ogg"},
    "org.matrix.msc3245.voice": {},
}
PLACE = {
    "msgtype": "m.location",
    "body": "Location “Berlin” at geo:52.5,13.4",
    "geo_uri": "geo:52.5,13.4",
    "org.matrix.msc3488.location": {"uri": "geo:52.5,13.4", "description": "Berlin"},
}
STICKER = {"body": "a cat waves", "url": "mxc://localhost/cat", "info": {}}


@pytest.fixture(scope="module")
def luna_options() -> dict[str, Any]:
    return {"sections": {"llm": {"vision": True}}}


def image(uri: str, body: str = "cat.png", **more: Any) -> Json:
    """Return the content of an image's event."""
    return {"msgtype": "m.image", "body": body, "filename": "cat.png", "url": uri, **more}


def size(data: bytes) -> tuple[int, int]:
    """Return the width and height of a picture that can be read to its end."""
    shown = opened(data)
    shown.load()
    return shown.size


async def asked(model: FakeModel, word: str) -> Request:
    """Return the request whose question contains a word."""
    return await model.wait_for(lambda request: word in request.last_user, 20)


@pytest.mark.parametrize(
    ("kind", "content", "words"),
    [
        ("m.room.message", PLACE, "[shares a location: Berlin (geo:52.5,13.4)]"),
        ("m.room.message", VOICE, "[sends a voice message of 12 seconds]"),
        ("m.sticker", STICKER, "[sends a sticker: a cat waves]"),
        ("org.matrix.msc3381.poll.start", POLL, "[starts a poll: Which day? – Monday / Tuesday]"),
        ("m.room.message", {"msgtype": "m.emote", "body": "waves"}, " waves"),
    ],
    ids=["place", "voice", "sticker", "poll", "emote"],
)
async def test_what_is_no_text_is_told_in_words(
    luna: LunaProcess, alice: Person, model: FakeModel, kind: str, content: Json, words: str
) -> None:
    room = await alice.direct(luna.user_id)
    await alice.send_event(room, kind, content)
    await alice.wait_for_message(room, luna.user_id)
    assert words in model.requests[-1].last_user


async def test_a_poll_in_an_encrypted_room(
    luna: LunaProcess, house: House, model: FakeModel
) -> None:
    eve = await house.person("eve", encrypted=True)
    room = await eve.direct(luna.user_id, encrypted=True)
    await eve.send_event(room, "org.matrix.msc3381.poll.start", POLL)
    await eve.wait_for_message(room, luna.user_id)
    assert "[starts a poll: Which day?" in model.requests[-1].last_user


async def test_an_image_goes_to_a_model_that_can_see(
    luna: LunaProcess, alice: Person, model: FakeModel
) -> None:
    room = await alice.direct(luna.user_id)
    uri = await alice.session.upload(picture(3000, 2000, kind="JPEG"), "image/jpeg")
    await alice.send_event(room, "m.room.message", image(uri, "How big is this one?"))
    request = await asked(model, "How big is this one?")
    assert request.last_user == '[sends an image "cat.png"] How big is this one?'
    assert [size(data) for data in request.images] == [(1024, 683)]
    await alice.wait_for_message(room, luna.user_id)
    await alice.send(room, "And its colour?")
    followed = await asked(model, "And its colour?")
    assert followed.images == request.images


async def test_an_image_of_an_encrypted_room(
    luna: LunaProcess, house: House, model: FakeModel
) -> None:
    eve = await house.person("eve", encrypted=True)
    room = await eve.direct(luna.user_id, encrypted=True)
    sealed, keys = encrypt_attachment(picture(50, 2048))
    file = {**keys, "url": await eve.session.upload(sealed, "application/octet-stream")}
    content = {"msgtype": "m.image", "body": "A sealed one", "filename": "cat.png", "file": file}
    await eve.send_event(room, "m.room.message", content)
    request = await asked(model, "A sealed one")
    assert [size(data) for data in request.images] == [(25, 1024)]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (bytes(30_000_000), "it is larger than 20 MB"),
        (picture(300, 300)[:200], "it is damaged"),
        (b"<html>", "of a kind that cannot be read here"),
    ],
    ids=["huge", "broken", "no image"],
)
async def test_an_image_that_cannot_be_had_is_told_in_words(
    luna: LunaProcess, alice: Person, model: FakeModel, data: bytes, reason: str
) -> None:
    room = await alice.direct(luna.user_id)
    uri = await alice.session.upload(data, "image/png")
    await alice.send_event(room, "m.room.message", image(uri))
    await alice.wait_for_message(room, luna.user_id, "cat.png")
    request = model.requests[-1]
    assert request.images == []
    assert "which you cannot see: " in request.last_user and reason in request.last_user


async def test_a_model_that_cannot_see_is_told_so(house: House, model: FakeModel) -> None:
    alice = await house.person("alice")
    luna = (await house.household()).luna
    room = await alice.direct(luna.user_id)
    uri = await alice.session.upload(picture(30, 20), "image/png")
    await alice.send_event(room, "m.room.message", image(uri, "Unseen?"))
    request = await asked(model, "Unseen?")
    assert request.images == []
    assert request.last_user == '[sends an image "cat.png", which you cannot see] Unseen?'
