"""A room's messages as the lines of a prompt, in which nobody can pass for somebody else.

Each line of a user turn begins in the first column with its speaker; what a person writes below
the first line of a message is indented, names are cleaned, and the marks by which chat templates
tell turns apart are broken, since local model servers read them in plain text, too. With a single
person nobody is named: there, a line that poses as somebody's, or as a heading, is marked.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from lunabot.llm.image import Image
from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, UserId, localpart
from lunabot.matrix.media import KINDS
from lunabot.matrix.text import fold, visible, without_reply_fallback
from lunabot.prompt.brought import described, one_line

_NAME_LENGTH = 40
# What looks like the end of a name, and what template marks are made of.
_NOT_IN_NAMES = str.maketrans("", "", ":：﹕︓∶ː˸։׃܃܄᛬᠃᠉⁚ꓽ꞉︰<>[]|｜")
_NOT_FIRST_IN_NAMES = " *-#/\\(){}~_+=.,;!?'\"`"
_ROLES = ("system", "developer", "user", "assistant", "tool")
_INDENT = "  "
# ChatML, Llama 3, Phi, Harmony; DeepSeek; Llama 2, Mistral, SentencePiece; Gemma.
_TEMPLATE_MARK = re.compile(
    r"<(?=[|｜][^<>\s]{0,60}[|｜]>)|<(?=</?SYS>>)|<(?=/?(?:s|bos|eos|(?:start|end)_of_turn)>)"
    r"|\[(?=/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_RESULTS|TOOL_CALLS)\])",
    re.IGNORECASE,
)

# A line that begins like a heading of the prompt's own, a role's turn or an Alpaca section.
_POSE = re.compile(
    r"^[^\S\n]*(?=\[|#+[^\S\n]*(?:instruction|input|response)"
    rf"|(?:human|{'|'.join(_ROLES)})[^\S\n]*[:：])",
    re.IGNORECASE | re.MULTILINE,
)

Seen = Mapping[EventId, Image | str]
"""The images that go with a prompt, and why others do not, by the messages that brought them."""


@dataclass(frozen=True, slots=True)
class Line:
    """One message as it stands in a prompt.

    `text` begins with a character that is neither a space nor a slash and ends without spaces.
    Thus lines put one below the other take as many tokens as each with its line end by itself:
    no pattern of `lunabot.prompt.encodings` matches across such a border. The `images` go with it
    and cost their own `tokens`.
    """

    role: Literal["user", "assistant"]
    text: str
    images: tuple[Image, ...] = ()


class Transcript:
    """A conversation, oldest message first, whose messages can be had as lines.

    Left out are edits (the messages are taken to be up to date), what comes a second time, the
    notices of `me`, and empty text. Speakers are named as soon as `names`, the people of the
    room, and the senders make more than one besides `me`. Of images that are not `seen`, it is
    said that they cannot be seen.
    """

    def __init__(
        self,
        messages: Iterable[Message],
        *,
        me: UserId,
        names: Mapping[UserId, str],
        seen: Seen = MappingProxyType({}),
    ) -> None:
        kept = {each.event_id: each for each in messages if _belongs(each, me)}
        self.messages = tuple(kept.values())
        others = {each.sender for each in self.messages} - {me}
        self._me = me
        self._seen = seen
        self._names = speaker_names(others, me=me, names=names)
        self._named = len((names.keys() | others) - {me}) > 1

    def line(self, message: Message) -> Line:
        """Return a message of the conversation as it is put into a prompt."""
        image = self._seen.get(message.event_id, "")
        text = _said(message, image)
        if message.sender == self._me:
            return Line("assistant", harmless(text))
        name = self._names[message.sender]
        if message.msgtype == "m.emote":
            text = f"* {name} {text}"
        elif self._named:
            text = f"{name}: {text}"
        if self._named or message.msgtype in KINDS:
            text = text.replace("\n", f"\n{_INDENT}")
        else:
            text = _POSE.sub(r"\g<0>\\", text)
        return Line("user", harmless(text), (image,) if isinstance(image, Image) else ())


def speaker_names(
    users: Iterable[UserId], *, me: UserId, names: Mapping[UserId, str]
) -> dict[UserId, str]:
    """Return a name for each user that is no other's, not that of `me`, and no role's.

    Who shares a name is told apart by the user id, as the specification says (client-server API,
    "Calculating the display name for a user").
    """
    labels = {user: _clean_name(names.get(user, ""), user) for user in users}
    mine = _clean_name(names.get(me, ""), me)
    bearers = Counter(fold(name) for name in (*labels.values(), mine, *_ROLES))
    return {
        user: label if bearers[fold(label)] == 1 else f"{label} ({one_line(user)})"
        for user, label in labels.items()
    }


def _belongs(message: Message, me: UserId) -> bool:
    if message.replaces or (message.sender == me and message.msgtype == "m.notice"):
        return False
    return message.msgtype in KINDS or bool(visible(message.body).strip())


def _said(message: Message, image: Image | str) -> str:
    if message.msgtype in KINDS:
        return described(message, _unseen(image))
    body = visible(message.body)
    if message.in_reply_to:
        body = without_reply_fallback(body)
    return body.strip()


def _unseen(image: Image | str) -> str:
    if isinstance(image, Image):
        return ""
    return ", which you cannot see" + (f": {image}" if image else "")


def harmless(text: str) -> str:
    """Return the text as a line's: without marks of templates, with a safe first character."""
    text = _TEMPLATE_MARK.sub(lambda mark: f"{mark.group()} ", text).strip() or "…"
    return f"\\{text}" if text.startswith("/") else text


def _clean_name(name: str, user: UserId) -> str:
    for candidate in (name, localpart(user)):
        plain = one_line(candidate.translate(_NOT_IN_NAMES)).lstrip(_NOT_FIRST_IN_NAMES)
        if plain:
            return plain[:_NAME_LENGTH].strip()
    return "somebody"
