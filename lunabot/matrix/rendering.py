"""From Markdown to plain text and to the HTML that phones can show.

Element X keeps a few tags of HTML; whatever has none of them is put into words: a heading is a
bold line, a table aligned text or a list. Raw HTML is text.
"""

import re
from dataclasses import dataclass

from markdown_it import MarkdownIt

from lunabot.matrix.plain import to_plain
from lunabot.matrix.rich import to_html
from lunabot.matrix.tables import gather_tables
from lunabot.matrix.text import visible

_SCHEMES = ("https://", "http://", "mailto:")
_MAX_NESTING = 20
# Beyond these a text is shown as it stands: parsing takes up to 40 µs a mark, 20 µs a cell.
_MOST_CHARACTERS = 50_000
_MOST_MARKS = 8_000
_MOST_CELLS = 4_000
_MARKS = "*_~`[]!<>|&\\"
# What the push rule ``.m.rule.roomnotif`` looks for; in HTML, tags may stand between its letters.
_EVERYONE = re.compile(r"@(?=room(?![a-z0-9_]))", re.IGNORECASE | re.ASCII)
_EVERYONE_IN_HTML = re.compile(
    r"(?P<tag><[^<>]*+>)|@(?=(?:<[^<>]*+>)*+" + "(?:<[^<>]*+>)*+".join("room") + ")", re.IGNORECASE
)
_JOINER = "\u2060"


@dataclass(frozen=True, slots=True)
class Rendered:
    """A text as plain words and, where it has any formatting, as HTML."""

    body: str
    formatted_body: str | None


class _Parser(MarkdownIt):
    """CommonMark with tables and strikethrough, without HTML, with links that lead to the web."""

    def __init__(self) -> None:
        super().__init__("commonmark", {"html": False, "maxNesting": _MAX_NESTING})
        self.enable(["table", "strikethrough"])

    def validateLink(self, url: str) -> bool:
        """Tell whether a link may stay one; any other stays text."""
        return url.strip().lower().startswith(_SCHEMES)


_PARSER = _Parser()


def render(markdown: str) -> Rendered:
    """Return the Markdown as plain text and HTML.

    The HTML has the tags ``a blockquote br code del em li ol p pre strong ul`` only. Characters
    that hide or reorder are gone. ``@room`` has a word joiner in it, so that it calls nobody:
    ``m.mentions`` decides since Matrix 1.7, but older servers and clients go by the text. A
    typical answer takes 1 to 3 ms. Hostile ones stay under a second (see the limits above), so
    long texts belong into a thread.
    """
    text = visible(markdown).strip("\n")
    if _is_excessive(text):
        return Rendered(_calling_nobody(text), None)
    tokens = _PARSER.parse(text)
    children = [child for token in tokens for child in token.children or ()]
    blocks = gather_tables(tokens)
    # Once more: entities can name any character.
    body = _calling_nobody(visible(to_plain(blocks)))
    is_plain = {token.type for token in tokens} <= {"paragraph_open", "inline", "paragraph_close"}
    if is_plain and {child.type for child in children} <= {"text", "softbreak", "hardbreak"}:
        return Rendered(body, None)
    html = _EVERYONE_IN_HTML.sub(_joined_html, visible(to_html(blocks)))
    return Rendered(body, html)


def _calling_nobody(text: str) -> str:
    return _EVERYONE.sub(f"@{_JOINER}", text)


def _joined_html(match: re.Match[str]) -> str:
    return match["tag"] or f"@{_JOINER}"


def _is_excessive(text: str) -> bool:
    if len(text) > _MOST_CHARACTERS or sum(map(text.count, _MARKS)) > _MOST_MARKS:
        return True
    pipes = [count for line in text.split("\n") if (count := line.count("|"))]
    return len(pipes) * max(pipes, default=0) > _MOST_CELLS
