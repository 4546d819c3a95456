"""What messages bring besides words: files, places and polls. Nothing here raises.

Matrix specification, client-server API, "m.room.message msgtypes", "Media captions" and "Sending
encrypted attachments"; MSC3245 (voice messages), MSC3381 (polls), MSC3488 (places).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

IMAGE, LOCATION, POLL, STICKER = "m.image", "m.location", "m.poll.start", "m.sticker"
FILES = frozenset((IMAGE, STICKER, "m.file", "m.audio", "m.video"))
"""The kinds of messages that bring a file."""
KINDS = FILES | {LOCATION, POLL}
"""The kinds of messages that bring something besides words."""

_PLACES = (LOCATION, "org.matrix.msc3488.location")
_POLLS = ("m.poll", POLL, "org.matrix.msc3381.poll.start")
_TEXTS = ("body", "org.matrix.msc1767.text", "m.text")
_VOICES = ("m.voice", "org.matrix.msc3245.voice.v2", "org.matrix.msc3245.voice")
_MXC = re.compile(r"mxc://[\w.:\[\]-]{1,255}/[\w-]{1,255}", re.ASCII)
_GEO = re.compile(r"geo:[\w.,;=:%-]{1,100}", re.ASCII)
_LONGEST_NAME = 255
_MOST_OPTIONS = 20
_LARGEST = 2**53

EVENT_TYPES: Mapping[str, str | None] = {
    "m.room.message": None,
    STICKER: STICKER,
    **dict.fromkeys(_PLACES, LOCATION),
    **dict.fromkeys(_POLLS[1:], POLL),
}
"""The event types that are messages, and the kind of each; None where its content names it."""


@dataclass(frozen=True, slots=True)
class FileKeys:
    """What decrypts a file, in unpadded base64."""

    key: str = field(repr=False)
    iv: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Media:
    """What a message brings besides its `body`, as its sender describes it.

    `uri` is where it is: ``mxc://…`` of a file, ``geo:…`` of a place, empty where that is not
    known. `name` is a file's name; a body that differs from it is a caption. `size` is in bytes,
    `duration_ms` that of a sound or video. `keys` are those of an encrypted file. `options` are
    the possible answers of a poll.
    """

    uri: str = ""
    name: str = ""
    mimetype: str = ""
    size: int | None = None
    duration_ms: int | None = None
    voice: bool = False
    keys: FileKeys | None = None
    options: tuple[str, ...] = ()


def read_media(kind: str, content: Mapping[str, Any]) -> tuple[str | None, Media | None]:
    """Return the body of a message of this kind, None where it has none, and its media."""
    if kind == LOCATION:
        return _place(content)
    if kind == POLL:
        return _poll(content)
    body = content.get("body")
    if not isinstance(body, str):
        return None, None
    return body, _file(kind, content, body) if kind in FILES else None


def _file(kind: str, content: Mapping[str, Any], body: str) -> Media:
    encrypted, info = content.get("file"), _mapping(content.get("info"))
    place = encrypted if isinstance(encrypted, Mapping) else content
    name = content.get("filename")
    return Media(
        uri=_matching(_MXC, place.get("url")),
        name="" if kind == STICKER else _short(name if isinstance(name, str) and name else body),
        mimetype=_short(info.get("mimetype")),
        size=_count(info.get("size")),
        duration_ms=_count(info.get("duration")),
        voice=kind == "m.audio" and any(key in content for key in _VOICES),
        keys=_keys(encrypted) if isinstance(encrypted, Mapping) else None,
    )


def _keys(encrypted: Mapping[str, Any]) -> FileKeys:
    """Return the keys of a file; nonsense becomes keys that fit none."""
    key, hashes = _mapping(encrypted.get("key")), _mapping(encrypted.get("hashes"))
    return FileKeys(_short(key.get("k")), _short(encrypted.get("iv")), _short(hashes.get("sha256")))


def _place(content: Mapping[str, Any]) -> tuple[str | None, Media]:
    """Return a place; its description is better than the body, a sentence that clients make."""
    block = _block(content, _PLACES)
    uri = _matching(_GEO, content.get("geo_uri")) or _matching(_GEO, block.get("uri"))
    return _short(block.get("description")) or _text(content) or uri or None, Media(uri=uri)


def _poll(content: Mapping[str, Any]) -> tuple[str | None, Media]:
    block = _block(content, _POLLS)
    answers = block.get("answers")
    options = [_text(each) for each in answers] if isinstance(answers, list) else []
    named = tuple(_short(option) for option in options[:_MOST_OPTIONS] if option)
    return _text(block.get("question")) or _text(content), Media(options=named)


def _text(value: object) -> str | None:
    """Return the plain text of a content block, in its old, its unstable and its stable form.

    MSC1767: a text is a list of representations; unstable, and in old events, a string.
    """
    block = _mapping(value)
    for text in (block.get(key) for key in _TEXTS):
        if isinstance(text, list):
            bodies = (each.get("body") for each in text if isinstance(each, Mapping))
            text = next((each for each in bodies if isinstance(each, str)), None)
        if isinstance(text, str):
            return text
    return None


def _block(content: Mapping[str, Any], keys: tuple[str, ...]) -> Mapping[str, Any]:
    return next((value for key in keys if (value := _mapping(content.get(key)))), {})


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _short(value: object) -> str:
    return value[:_LONGEST_NAME] if isinstance(value, str) else ""


def _matching(pattern: re.Pattern[str], value: object) -> str:
    return value if isinstance(value, str) and pattern.fullmatch(value) else ""


def _count(value: object) -> int | None:
    return value if type(value) is int and 0 <= value < _LARGEST else None
