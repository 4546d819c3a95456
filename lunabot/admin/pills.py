"""Pills: users and rooms picked from a client's menu, put back as identifiers.

A pill's ``body`` holds only a display name; the identifier is in the link of ``formatted_body``.
Links: Matrix specification, appendices, "URIs" (``matrix:`` and ``https://matrix.to/#/``).

The HTML is anybody's, up to 64 KiB of it. `html.parser` takes a minute for the worst of that
(Python 3.11), so tags are found by a pattern that never looks back.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from itertools import islice
from urllib.parse import unquote

from lunabot.admin.invisible import without_invisible

_MATRIX_TO = re.compile(r"https?://matrix\.to/#/")
_SIGILS = {"u": "@", "r": "#", "roomid": "!"}
_IDENTIFIER = re.compile(r"[@#!]\S+")
_MARKDOWN_LINK = re.compile(r"\[[^\[\]\n]*+\]\(([^\s()]++)\)")
_TAG = re.compile(r"<(?P<name>/?[a-z][\w-]*+)(?P<attributes>[^<>]*+)>", re.IGNORECASE)
_HREF = re.compile(r"""\bhref=(?:"([^"]*+)"|'([^']*+)')""", re.IGNORECASE)
_MOST_PILLS = 32


def identifier_of(link: str) -> str | None:
    """Return the user id, room id or alias a link stands for; None for events and other links."""
    if link.startswith("matrix:"):
        kind, _, path = link.removeprefix("matrix:").partition("/")
        sigil = _SIGILS.get(kind, "")
    elif prefix := _MATRIX_TO.match(link):
        sigil, path = "", link[prefix.end() :]
    else:
        return None
    path = path.partition("?")[0]
    identifier = sigil + unquote(path)
    return identifier if "/" not in path and _IDENTIFIER.fullmatch(identifier) else None


def with_identifiers(body: str, formatted_body: str | None) -> str:
    """Return the body with the identifier in the place of each pill's display name.

    Some clients write their pills as Markdown links into the body: then nothing is left to find.
    Pills behind the 32nd stay as they are.
    """
    linked = _MARKDOWN_LINK.sub(lambda link: identifier_of(link[1]) or link[0], body)
    if linked != body:
        return linked
    places: dict[tuple[int, int], str] = {}
    for pill in islice(_pills(formatted_body or ""), _MOST_PILLS):
        if place := _place_in(body, pill):
            places[place] = pill.identifier
    for start, end in sorted(places, reverse=True):
        body = body[:start] + places[start, end] + body[end:]
    return body


@dataclass(frozen=True, slots=True)
class _Pill:
    """A `name` that stands for an `identifier`, and the text `before` it in the HTML."""

    name: str
    identifier: str
    before: str


def _place_in(body: str, pill: _Pill) -> tuple[int, int] | None:
    """Find a pill in the body: the same name may stand there as a plain word, too.

    Body and HTML hold the same words in the same order, so the n-th there is the n-th here.
    """
    here = re.finditer(re.escape(pill.name), body)
    earlier = pill.before.count(pill.name)
    return next((match.span() for match in islice(here, earlier, None)), None)


def _pills(html: str) -> Iterator[_Pill]:
    """Yield the pills of the HTML, but for those in the message that a reply quotes."""
    text, position, quoted = "", 0, False
    identifier, start = None, 0
    for tag in _TAG.finditer(html):
        text += "" if quoted else _unescaped(html[position : tag.start()])
        position, name = tag.end(), tag["name"].lower()
        if name in ("mx-reply", "/mx-reply"):
            quoted = name == "mx-reply"
        elif name == "a" and not quoted:
            identifier, start = _target(tag["attributes"]), len(text)
        elif name == "/a" and identifier and text[start:].strip():
            yield _Pill(text[start:].strip(), identifier, text[:start])
            identifier = None


def _target(attributes: str) -> str | None:
    link = _HREF.search(attributes)
    return identifier_of(_unescaped(link[1] or link[2] or "")) if link else None


def _unescaped(html: str) -> str:
    try:
        return without_invisible(unescape(html))
    except ValueError:  # a character reference of more digits than Python reads as a number
        return html
