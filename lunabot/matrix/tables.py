"""Tables for phones, which have none: aligned where they are narrow, else a list."""

import unicodedata
from collections.abc import Callable, Iterator, Sequence

from markdown_it.token import Token

PHONE_COLUMNS = 34

Row = Sequence[Token]
"""The ``inline`` tokens of a row's cells."""


def gather_tables(tokens: Sequence[Token]) -> list[Token]:
    """Return the block tokens with each table as one token, its rows under ``meta["rows"]``."""
    gathered: list[Token] = []
    rows: list[list[Token]] | None = None
    for token in tokens:
        if token.type == "table_open":
            rows = []
        elif token.type == "table_close":
            gathered.append(Token("table", "", 0, meta={"rows": rows}))
            rows = None
        elif rows is None:
            gathered.append(token)
        elif token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            rows[-1].append(token)
    return gathered


def aligned(rows: Sequence[Row], write: Callable[[Token], str]) -> str | None:
    """Return a table as lines of equal columns, or None where a phone would break them."""
    cells = [[write(cell).replace("\n", " ") for cell in row] for row in rows]
    widths = [max(map(_width, column)) for column in zip(*cells, strict=True)]
    if sum(widths) + 2 * (len(widths) - 1) > PHONE_COLUMNS:
        return None
    lines = ["  ".join(map(_padded, row, widths)).rstrip() for row in cells]
    lines.insert(1, "  ".join("─" * width for width in widths))
    return "\n".join(lines)


def listed(rows: Sequence[Row], write: Callable[[Token], str]) -> Iterator[tuple[str, list[str]]]:
    """Yield for each row its first cell and its other cells with their headings."""
    headings = ["" if len(rows) == 1 else write(cell) for cell in rows[0]]
    for row in rows[1:] or rows:
        first, *others = map(write, row)
        yield (
            first,
            [
                f"{heading}: {cell}" if heading else cell
                for heading, cell in zip(headings[1:], others, strict=True)
                if cell
            ],
        )


def _padded(cell: str, width: int) -> str:
    return cell + " " * (width - _width(cell))


def _width(text: str) -> int:
    """Return the columns a text takes in a fixed-width font (Unicode annex 11)."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide
