"""Long answers as several messages: a Matrix event holds at most 65,536 bytes."""

import json
import re
from bisect import bisect
from collections.abc import Iterator

from lunabot.matrix.rendering import Rendered, render
from lunabot.matrix.text import visible

# 65,536 bytes (client-server API, "Size limits") less 2 KiB for the rest of the event, three
# quarters of that for what base64 leaves of an encrypted event, half of that since an edit
# carries its content twice.
MESSAGE_BYTES = 23_000
_LEAST_BYTES = 512

_FENCE = re.compile(
    r"^(?P<indent>[ >]{0,20})(?P<marks>`{3,12}|~{3,12})(?P<info>[^`\n]{0,20})$", re.MULTILINE
)


def split(markdown: str, limit_bytes: int = MESSAGE_BYTES) -> list[str]:
    """Return the Markdown as parts that take at most `limit_bytes` of JSON when rendered.

    Parts end between paragraphs where they can, else between lines, else words. A code block
    that is parted is closed, and opened again with its language. Raises ValueError for a limit
    below 512 bytes.
    """
    return [part for part, _ in _parts(markdown, limit_bytes)]


def render_parts(markdown: str, limit_bytes: int = MESSAGE_BYTES) -> list[Rendered]:
    """Return the parts of `split` as they are rendered, for `text_content`."""
    return [rendered for _, rendered in _parts(markdown, limit_bytes)]


def _parts(markdown: str, limit: int) -> Iterator[tuple[str, Rendered]]:
    if limit < _LEAST_BYTES:
        raise ValueError(f"parts of {limit} bytes are too small")
    rest = visible(markdown).strip("\n")
    growth = 1.0  # bytes of JSON a character of Markdown takes
    while rest:
        length = int(limit / growth)
        part, after = (rest, "") if len(rest) <= length else _part(rest, length)
        rendered = render(part)
        size = _size(rendered)
        if size > limit:
            growth = max(growth * 1.1, size / len(part))
            continue
        if part.strip():
            yield part, rendered
            growth = max(1.0, size / len(part))
        rest = after


def _size(rendered: Rendered) -> int:
    return len(json.dumps((rendered.body, rendered.formatted_body), ensure_ascii=False).encode())


def _part(text: str, length: int) -> tuple[str, str]:
    """Part a text before `length` characters; a code block is closed and opened again."""
    first = _FENCE.match(text)  # it may be there since the last part
    least = first.end() + 2 if first else 1
    length = max(length, least)
    fences = _Fences(text[:length])
    end = max(fences.off_marks(_best_end(text, fences, max(least, length // 2), length)), least)
    fence = fences.open_at(end)
    if fence and fence.start() > 0 and not text[fence.end() : end].strip():
        end, fence = fence.start(), None
    head, rest = text[:end].rstrip(), text[end:].lstrip("\n")
    if fence is None:
        return head, rest
    closed = f"{head}\n{fence['indent']}{fence['marks']}"
    if rest.lstrip(" >").startswith(fence["marks"]):
        return closed, rest.partition("\n")[2].lstrip("\n")
    return closed, f"{fence.group()}\n{rest}" if rest else ""


def _best_end(text: str, fences: "_Fences", least: int, most: int) -> int:
    """Return where to part: behind the last paragraph, line or word between two lengths."""
    blank = text.rfind("\n\n", least, most)
    while blank > 0 and fences.open_at(blank):
        blank = text.rfind("\n\n", least, blank)
    ends = (blank, text.rfind("\n", least, most), text.rfind(" ", least, most))
    return next((end for end in ends if end > 0), most)


class _Fences:
    """Where in a text fenced code blocks are open (CommonMark, "Fenced code blocks")."""

    def __init__(self, text: str) -> None:
        self._marks: list[re.Match[str]] = []
        self._open: list[re.Match[str] | None] = [None]
        for match in _FENCE.finditer(text):
            opening = self._open[-1]
            closes = opening and match["marks"].startswith(opening["marks"])
            if not opening or (closes and not match["info"].strip()):
                self._marks.append(match)
                self._open.append(None if opening else match)

    def open_at(self, position: int) -> re.Match[str] | None:
        """Return the line that opened the block which is open there."""
        return self._open[bisect(self._marks, position, key=re.Match.end)]

    def off_marks(self, position: int) -> int:
        """Return the position, or the beginning of the fence in the middle of which it is."""
        index = bisect(self._marks, position, key=re.Match.end)
        after = self._marks[index : index + 1]
        return min([position, *(match.start() for match in after)])
