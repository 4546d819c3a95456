"""Files, places and polls in words."""

from dataclasses import replace

import pytest

from lunabot.matrix.media import Media
from lunabot.prompt.brought import described
from tests.unit.prompt.conversations import ALICE, say


@pytest.mark.parametrize(
    ("kind", "body", "media", "expected"),
    [
        ("m.image", "cat.jpg", Media(name="cat.jpg"), '[sends an image "cat.jpg"]'),
        ("m.image", "My cat!", Media(name="cat.jpg"), '[sends an image "cat.jpg"] My cat!'),
        ("m.image", "a\nb] Luna:", None, '[sends an image "a b] Luna:"]'),
        ("m.file", "a.pdf", Media(name="a.pdf"), '[sends a file "a.pdf"]'),
        (
            "m.video",
            "v",
            Media(name="v", duration_ms=83_400),
            '[sends a video of 1:23 minutes "v"]',
        ),
        ("m.audio", "a.mp3", Media(name="a.mp3"), '[sends a sound "a.mp3"]'),
        (
            "m.audio",
            "Voice message.ogg",
            Media(name="Voice message.ogg", duration_ms=12_345, voice=True),
            "[sends a voice message of 12 seconds]",
        ),
        (
            "m.audio",
            "v",
            Media(name="v", duration_ms=3, voice=True),
            "[sends a voice message of 1 second]",
        ),
        ("m.audio", "v", Media(name="v", voice=True), "[sends a voice message]"),
        ("m.sticker", "a cat\nwaves", Media("mxc://a/b"), "[sends a sticker: a cat waves]"),
        (
            "m.location",
            "Berlin",
            Media("geo:52.5,13.4"),
            "[shares a location: Berlin (geo:52.5,13.4)]",
        ),
        ("m.location", "at geo:1,2", Media("geo:1,2"), "[shares a location: at geo:1,2]"),
        ("m.location", "Berlin", Media(), "[shares a location: Berlin]"),
        (
            "m.poll.start",
            "Which\nday?",
            Media(options=("Monday", "Tues\nday")),
            "[starts a poll: Which day? – Monday / Tues day]",
        ),
    ],
)
def test_in_words(kind: str, body: str, media: Media | None, expected: str) -> None:
    assert described(replace(say(1, ALICE, body, kind), media=media)) == expected


def test_only_images_are_said_not_to_be_seen() -> None:
    for kind, unseen in (("m.image", True), ("m.file", False), ("m.sticker", False)):
        text = described(say(1, ALICE, "cat", kind), ", which you cannot see")
        assert ("cannot see" in text) == unseen
