"""Markdown tokens as the HTML that every Matrix client shows, Element X included."""

from collections import Counter
from collections.abc import Sequence
from html import escape

from markdown_it.token import Token

from lunabot.matrix.plain import RULE, inline_text
from lunabot.matrix.tables import aligned, listed

_BLOCKS = {"paragraph": "p", "blockquote": "blockquote", "bullet_list": "ul", "list_item": "li"}
_INLINE = {"strong": "strong", "em": "em", "s": "del"}


def to_html(blocks: Sequence[Token]) -> str:
    """Return block tokens, tables gathered, as HTML; a lone paragraph goes without its tag."""
    alone = len(blocks) == 3 and blocks[0].type == "paragraph_open"
    return "".join(map(_block, blocks[1:2] if alone else blocks))


def _block(token: Token) -> str:
    name, _, edge = token.type.rpartition("_")
    slash = "/" if edge == "close" else ""
    match token.type:
        case "inline":
            return _inline(token)
        case "fence" | "code_block":
            return _code(token)
        case "hr":
            return f"<p>{RULE}</p>"
        case "table":
            return _table(token.meta["rows"])
        case "heading_open":
            return "<p><strong>"
        case "heading_close":
            return "</strong></p>"
        case "ordered_list_open":
            start = token.attrGet("start")
            return "<ol>" if start is None else f'<ol start="{start}">'
        case "ordered_list_close":
            return "</ol>"
    return "" if token.hidden else f"<{slash}{_BLOCKS[name]}>"


def _code(token: Token) -> str:
    language = token.info.split(maxsplit=1)[0] if token.info.strip() else ""
    attribute = f' class="language-{escape(language)}"' if language else ""
    return f"<pre><code{attribute}>{escape(token.content, quote=False)}</code></pre>"


def _table(rows: Sequence[Sequence[Token]]) -> str:
    text = aligned(rows, inline_text)
    if text is not None:
        return f"<pre>{escape(text, quote=False)}\n</pre>"
    items = (
        "<br>".join([f"<strong>{first}</strong>"] * bool(first) + others)
        for first, others in listed(rows, _inline)
    )
    return f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>"


def _inline(token: Token) -> str:
    """Return an inline token's children as HTML, no tag within one of its kind.

    Emphasis can be nested a thousandfold, and clients give up at a hundred tags.
    """
    out: list[str] = []
    depth: Counter[str] = Counter()
    href = ""
    for child in token.children or ():
        name, _, edge = child.type.rpartition("_")
        if child.type == "text":
            out.append(escape(child.content, quote=False))
        elif child.type == "code_inline":
            out.append(f"<code>{escape(child.content, quote=False)}</code>")
        elif child.type in ("softbreak", "hardbreak"):
            out.append("<br>")
        elif child.type == "image":
            source = str(child.attrGet("src"))
            label = escape(child.content or source, quote=False)
            out.append(label if depth["link"] else f'<a href="{escape(source)}">{label}</a>')
        elif edge == "open":
            href = str(child.attrGet("href")) if name == "link" else href
            depth[name] += 1
            if depth[name] == 1:
                out.append(f'<a href="{escape(href)}">' if name == "link" else f"<{_INLINE[name]}>")
        elif edge == "close":
            if name == "link" and out[-1].startswith("<a "):
                out.append(escape(href, quote=False))
            if depth[name] == 1:
                out.append("</a>" if name == "link" else f"</{_INLINE[name]}>")
            depth[name] -= 1
    return "".join(out)
