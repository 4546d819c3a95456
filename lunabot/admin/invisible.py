"""Characters that nobody sees, and so nobody means."""

import re

# Zero-width space, word joiner, byte order mark, soft hyphen, direction marks.
_INVISIBLE = re.compile(r"[\u200b\u2060\ufeff\u00ad\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\r]")
_JOINERS, _SHAPED = r"[\u200c\u200d]", r"[^\x00-\x7f\s\u200c\u200d]"
_IDLE_JOINERS = re.compile(rf"(?<!{_SHAPED}){_JOINERS}++|{_JOINERS}++(?!{_SHAPED})")
_NO_BREAK = str.maketrans("\u00a0\u202f", "  ")


def without_invisible(text: str) -> str:
    """Return a text as it looks: what cannot be seen is dropped, a no-break space is a space.

    Joiners stay where they shape an emoji or a script, between two characters beyond ASCII.

    This goes for prompts, too. Rich text editors write U+00A0 for every second space, pasted text
    is full of U+200B; neither is meant, both would hide words from the full text search, and
    direction marks can show an administrator another command than the one that runs.
    """
    return _IDLE_JOINERS.sub("", _INVISIBLE.sub("", text.translate(_NO_BREAK)))
