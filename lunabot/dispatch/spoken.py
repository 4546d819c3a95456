"""What somebody says in a message, without what they quote or show as code. Pure."""

import re
from html import unescape
from urllib.parse import unquote

from lunabot.matrix.events import Message
from lunabot.matrix.text import without_reply_fallback

# Clients sanitise their HTML: a tag that does not look like one is text.
_TAG = re.compile(r"<(?P<slash>/?)(?P<name>[a-zA-Z][\w-]*)(?P<attributes>[^<>]*)>")
_PILL = re.compile(r"https?://matrix\.to/#/(?P<identifier>[^\"'?/\s]+)|matrix:(?P<path>[^\"'?\s]+)")
_UNSPOKEN = frozenset(["code", "pre", "blockquote", "mx-reply"])
_BREAKS = re.compile(r"br|p|div|li|t[rdh]|h[1-6r]")
# Fenced blocks, code spans and quoted lines of Markdown, as people type it into plain clients.
_MARKDOWN = re.compile(
    r"^ {0,3}(?P<fence>`{3,}(?=[^`\n]*$)|~{3,}).*?(?:^ {0,3}(?P=fence)|\Z)"
    r"|(?<!`)(?P<marks>`++).{1,1000}?(?<!`)(?P=marks)(?!`)"
    r"|^>[^\n]*",
    re.MULTILINE | re.DOTALL,
)
# Of a longer message only the ends are read, so that no message costs more than a few ms.
_END_CHARACTERS = 4_000


def spoken_text(message: Message) -> str:
    """Return the words of a message; a user's pill is there as the user id.

    The HTML is read where there is one, since only it tells pills and code for certain. Of a file
    it is the caption: its name, like the description of a place, nobody said.
    """
    if message.msgtype not in ("m.text", "m.emote") and not message.caption:
        return ""
    if message.formatted_body is not None:
        return _spoken_html(_ends(message.formatted_body))
    body = message.body
    if message.in_reply_to:
        body = without_reply_fallback(body)
    return _MARKDOWN.sub(" ", _ends(body))


def _ends(text: str) -> str:
    if len(text) <= 2 * _END_CHARACTERS:
        return text
    return f"{text[:_END_CHARACTERS]}\n{text[-_END_CHARACTERS:]}"


def _spoken_html(html: str) -> str:
    out: list[str] = []
    position = hidden = 0
    in_pill = False
    for tag in _TAG.finditer(html):
        if not hidden and not in_pill:
            out.append(unescape(html[position : tag.start()]))
        position = tag.end()
        name = tag["name"].lower()
        if name == "a":
            identifier = None if tag["slash"] or hidden else _identifier(tag["attributes"])
            in_pill = identifier is not None
            out.append(f" {identifier} " if in_pill else "")
        elif name in _UNSPOKEN:
            hidden = max(hidden - 1, 0) if tag["slash"] else hidden + 1
        elif _BREAKS.fullmatch(name):
            out.append(" ")
    out.append("" if hidden or in_pill else unescape(html[position:]))
    return "".join(out)


def _identifier(attributes: str) -> str | None:
    """Return the user, room or event a link stands for, or None for a link to elsewhere."""
    link = _PILL.search(unescape(attributes))
    if link is None:
        return None
    if link["identifier"]:
        return unquote(link["identifier"])
    kind, _, name = unquote(link["path"]).partition("/")
    return f"@{name}" if kind == "u" else f"#{name}"
