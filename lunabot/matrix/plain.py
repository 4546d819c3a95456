"""Markdown tokens as plain text that reads well: the ``body`` of a message."""

from collections.abc import Sequence

from markdown_it.token import Token

from lunabot.matrix.tables import aligned, listed

RULE = "———"
_BULLET = "• "


def to_plain(blocks: Sequence[Token]) -> str:
    """Return block tokens, tables gathered, as text."""
    writer = _Writer()
    for token in blocks:
        writer.take(token)
    return writer.text()


class _Writer:
    """Collects the blocks of each open container and joins and indents them as it closes."""

    def __init__(self) -> None:
        self._open: list[list[str]] = [[]]
        self._numbers: list[int | None] = []  # the next number of each open list

    def take(self, token: Token) -> None:
        match token.type:
            case "inline":
                self._add(inline_text(token))
            case "fence" | "code_block":
                mark = token.markup or "```"
                self._add(f"{mark}{token.info.strip()}\n{token.content.rstrip()}\n{mark}")
            case "hr":
                self._add(RULE)
            case "table":
                self._add(_table(token.meta["rows"]))
            case "blockquote_open" | "list_item_open":
                self._open.append([])
            case "blockquote_close":
                self._close("> ", "> ", "\n\n")
            case "list_item_close":
                self._close_item()
            case "bullet_list_open" | "ordered_list_open":
                self._open.append([])
                start = token.attrGet("start")
                ordered = token.type == "ordered_list_open"
                self._numbers.append((1 if start is None else int(start)) if ordered else None)
            case "bullet_list_close" | "ordered_list_close":
                self._numbers.pop()
                self._close("", "", "\n")

    def text(self) -> str:
        return "\n\n".join(self._open[0])

    def _add(self, block: str) -> None:
        self._open[-1].append(block)

    def _close_item(self) -> None:
        number = self._numbers[-1]
        marker = _BULLET if number is None else f"{number}. "
        self._numbers[-1] = None if number is None else number + 1
        self._close(marker, " " * len(marker), "\n")

    def _close(self, first: str, others: str, between: str) -> None:
        block = between.join(self._open.pop())
        self._add(first + block.replace("\n", f"\n{others}"))


def inline_text(token: Token) -> str:
    """Return an inline token's text; a link's address stands behind it unless it is the text."""
    out: list[str] = []
    href, link_from = "", 0
    for child in token.children or ():
        match child.type:
            case "text":
                out.append(child.content)
            case "code_inline":
                out.append(f"`{child.content}`")
            case "softbreak" | "hardbreak":
                out.append("\n")
            case "s_open" | "s_close":
                out.append("~~")
            case "image":
                out.append(_link(child.content, str(child.attrGet("src"))))
            case "link_open":
                href, link_from = str(child.attrGet("href")), len(out)
            case "link_close":
                out[link_from:] = [_link("".join(out[link_from:]), href)]
    return "".join(out)


def _link(text: str, address: str) -> str:
    if not text or text == address.removeprefix("mailto:"):
        return address.removeprefix("mailto:")
    is_pill = address.startswith("https://matrix.to/#/")
    return text if is_pill else f"{text} ({address})"


def _table(rows: Sequence[Sequence[Token]]) -> str:
    text = aligned(rows, inline_text)
    if text is not None:
        return text
    return "\n".join(
        _BULLET + "\n  ".join((first, *others)) for first, others in listed(rows, inline_text)
    )
