"""How answers repeat what somebody typed."""

_SHOWN = 40


def code(text: str) -> str:
    """Return typed text as inline code in Markdown: one line, cut where it is long."""
    line = " ".join(text.split()).replace("`", "'")
    return f"`{line[:_SHOWN]}…`" if len(line) > _SHOWN else f"`{line}`"
