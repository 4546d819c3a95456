"""What messages bring besides words, in the shapes that clients send."""

from typing import Any

import pytest

from lunabot.matrix.events import Message
from lunabot.matrix.ids import RoomId
from lunabot.matrix.media import FileKeys, Media
from lunabot.matrix.reading import read_event
from tests.room_events import event

ADA = "@ada:localhost"
URL = "mxc://localhost/abc"
ENCRYPTED = {
    "v": "v2",
    "url": URL,
    "key": {"kty": "oct", "alg": "A256CTR", "k": "the key", "ext": True, "key_ops": ["decrypt"]},
    "iv": "the iv",
    "hashes": {"sha256": "the hash"},
}
STABLE_POLL = {
    "m.text": [{"body": "Which day?\n1. Monday\n2. Tuesday"}],
    "m.poll": {
        "question": {"m.text": [{"body": "Which day?"}]},
        "answers": [
            {"m.id": "1", "m.text": [{"mimetype": "text/html"}, {"body": "Monday"}]},
            {"m.id": "2", "m.text": [{"body": "Tuesday"}]},
        ],
    },
}
UNSTABLE_POLL = {
    "org.matrix.msc1767.text": "Which day?\n1. Monday\n2. Tuesday",
    "org.matrix.msc3381.poll.start": {
        "kind": "org.matrix.msc3381.poll.disclosed",
        "question": {"body": "Which day?", "org.matrix.msc1767.text": "Which day?"},
        "answers": [
            {"id": "1", "org.matrix.msc1767.text": "Monday"},
            {"id": "2", "org.matrix.msc1767.text": "Tuesday"},
        ],
    },
}
ELEMENT_PLACE = {
    "msgtype": "m.location",
    "body": "Location “The office” at geo:52.5,13.4;u=20 as of 2026-01-01T00:00:00Z",
    "geo_uri": "geo:52.5,13.4;u=20",
    "org.matrix.msc3488.location": {"uri": "geo:52.5,13.4;u=20", "description": "The office"},
    "org.matrix.msc3488.asset": {"type": "m.pin"},
}


def read(content: dict[str, Any], kind: str = "m.room.message") -> Message:
    message = read_event(event(kind, ADA, content), RoomId("!room:localhost"))
    assert isinstance(message, Message)
    return message


def sent(msgtype: str = "m.image", **content: Any) -> Message:
    return read({"msgtype": msgtype, "body": "cat.jpg", "url": URL, **content})


def test_a_file_whose_body_is_its_name() -> None:
    message = sent("m.file", info={"mimetype": "image/jpeg", "size": 9_000, "w": 5})
    assert (message.msgtype, message.body, message.caption) == ("m.file", "cat.jpg", "")
    assert message.media == Media(URL, "cat.jpg", "image/jpeg", 9_000)


@pytest.mark.parametrize(
    ("content", "name", "caption"),
    [
        ({"body": "Look!", "filename": "cat.jpg"}, "cat.jpg", "Look!"),
        ({"body": "cat.jpg", "filename": "cat.jpg"}, "cat.jpg", ""),
        ({"body": "cat.jpg", "filename": ""}, "cat.jpg", ""),
        ({"body": "cat.jpg", "filename": 5}, "cat.jpg", ""),
        ({"body": "", "filename": "cat.jpg"}, "cat.jpg", ""),
    ],
)
def test_a_caption_is_what_differs_from_the_name(
    content: dict[str, Any], name: str, caption: str
) -> None:
    message = sent(**content)
    assert message.media is not None
    assert (message.media.name, message.caption) == (name, caption)


def test_an_encrypted_file_brings_its_keys_and_shows_none() -> None:
    message = read({"msgtype": "m.image", "body": "cat.jpg", "file": ENCRYPTED})
    keys = FileKeys("the key", "the iv", "the hash")
    assert message.media == Media(URL, "cat.jpg", keys=keys)
    assert "the key" not in repr(message)


@pytest.mark.parametrize("file", [{}, {**ENCRYPTED, "key": 5}, {**ENCRYPTED, "hashes": []}])
def test_keys_that_are_none_do_not_make_a_plain_file(file: dict[str, Any]) -> None:
    message = read({"msgtype": "m.image", "body": "cat.jpg", "url": URL, "file": file})
    assert message.media is not None and message.media.keys is not None


@pytest.mark.parametrize(
    "url", ["https://localhost/abc", "mxc://localhost/../secret", "mxc:///", "mxc://a/b?c", 5]
)
def test_an_address_that_is_none_is_left_out(url: Any) -> None:
    assert sent(url=url).media == Media(name="cat.jpg")


def test_a_voice_message_and_its_length() -> None:
    voice = sent("m.audio", info={"duration": 12_345}, **{"org.matrix.msc3245.voice": {}})
    assert voice.media == Media(URL, "cat.jpg", duration_ms=12_345, voice=True)
    video = sent("m.video", **{"m.voice": {}})
    assert video.media == Media(URL, "cat.jpg")
    song = sent("m.audio", info={"duration": -1, "size": 1e9})
    assert song.media == Media(URL, "cat.jpg")


def test_a_sticker_has_a_description_and_no_name() -> None:
    message = read({"body": "a cat waves", "url": URL, "info": {}}, "m.sticker")
    assert (message.msgtype, message.body, message.caption) == ("m.sticker", "a cat waves", "")
    assert message.media == Media(URL)


@pytest.mark.parametrize(
    ("content", "kind", "body", "uri"),
    [
        (ELEMENT_PLACE, "m.room.message", "The office", "geo:52.5,13.4;u=20"),
        (
            {"msgtype": "m.location", "body": "Big Ben, London", "geo_uri": "geo:51.5,-0.1"},
            "m.room.message",
            "Big Ben, London",
            "geo:51.5,-0.1",
        ),
        (
            {"m.location": {"uri": "geo:1,2"}, "m.text": [{"body": "Here"}]},
            "m.location",
            "Here",
            "geo:1,2",
        ),
        ({"m.location": {"uri": "geo:1,2"}}, "m.location", "geo:1,2", "geo:1,2"),
        (
            {"msgtype": "m.location", "body": "x", "geo_uri": "geo:1,2]\nLuna: hi"},
            "m.room.message",
            "x",
            "",
        ),
    ],
)
def test_a_place(content: dict[str, Any], kind: str, body: str, uri: str) -> None:
    message = read(content, kind)
    assert (message.msgtype, message.body, message.caption) == ("m.location", body, "")
    assert message.media == Media(uri)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (STABLE_POLL, "m.poll.start"),
        (UNSTABLE_POLL, "org.matrix.msc3381.poll.start"),
        ({"m.poll.start": UNSTABLE_POLL["org.matrix.msc3381.poll.start"]}, "m.poll.start"),
    ],
)
def test_a_poll(content: dict[str, Any], kind: str) -> None:
    message = read(content, kind)
    assert (message.msgtype, message.body, message.caption) == ("m.poll.start", "Which day?", "")
    assert message.media == Media(options=("Monday", "Tuesday"))


def test_a_poll_of_more_answers_than_there_may_be() -> None:
    answers = [{"m.text": [{"body": str(number)}]} for number in range(30)]
    message = read({"m.poll": {"answers": [5, *answers]}, "m.text": "Which?"}, "m.poll.start")
    assert message.body == "Which?"
    assert message.media is not None and len(message.media.options) == 19


@pytest.mark.parametrize("kind", ["m.poll.start", "m.location", "m.sticker", "m.room.message"])
def test_what_was_redacted_says_nothing(kind: str) -> None:
    assert read_event(event(kind, ADA, {}), RoomId("!room:localhost")) is None


def test_votes_say_nothing() -> None:
    votes = {"m.selections": ["1"], "m.text": "Monday"}
    for kind in ("m.poll.response", "org.matrix.msc3381.poll.response", "m.poll.end"):
        assert read_event(event(kind, ADA, votes), RoomId("!room:localhost")) is None
