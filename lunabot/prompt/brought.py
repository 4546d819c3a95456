"""What somebody brings into a room besides words, in words, each on one line. Pure."""

from lunabot.matrix.events import Message
from lunabot.matrix.media import IMAGE, LOCATION, POLL, STICKER, Media
from lunabot.matrix.text import visible

_NOUNS = {IMAGE: "an image", "m.video": "a video", "m.audio": "a sound", "m.file": "a file"}


def described(message: Message, unseen: str = "") -> str:
    """Return what a message of one of the `KINDS` of media brings in words, and its caption.

    `unseen` says whether and why the reader cannot see an image: ", which you cannot see".
    """
    media = message.media or Media(name=message.body)
    if message.msgtype == POLL:
        options = " / ".join(map(one_line, media.options))
        return f"[starts a poll: {one_line(message.body)} – {options}]"
    if message.msgtype == LOCATION:
        place = f" ({media.uri})" if media.uri and media.uri not in message.body else ""
        return f"[shares a location: {one_line(message.body)}{place}]"
    if message.msgtype == STICKER:
        return f"[sends a sticker: {one_line(message.body)}]"
    unseen = unseen if message.msgtype == IMAGE else ""
    return f"[sends {_file(message.msgtype, media)}{unseen}] {visible(message.caption)}".strip()


def one_line(text: str) -> str:
    """Return a text without line ends and doubled spaces, and without what hides."""
    return " ".join(visible(text).split())


def _file(kind: str, media: Media) -> str:
    if media.voice:
        return f"a voice message{_length(media)}"
    return f'{_NOUNS[kind]}{_length(media)} "{one_line(media.name)}"'


def _length(media: Media) -> str:
    """Return how long a sound or film is, empty where that is not known."""
    if media.duration_ms is None:
        return ""
    seconds = max(round(media.duration_ms / 1000), 1)
    minutes, rest = divmod(seconds, 60)
    if minutes:
        return f" of {minutes}:{rest:02} minutes"
    return f" of {seconds} second{'s' if seconds > 1 else ''}"
