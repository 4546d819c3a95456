"""Text as strangers and models write it, made safe to show, to compare and to read."""

import re
import unicodedata

# Controls, fillers, zero-width, direction, tag and annotation characters, lone surrogates
# (Unicode 16, general categories Cc, Cf and Cs without the Arabic number signs, which show).
_INVISIBLE = re.compile(
    "[\0-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\xad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufeff\uffa0\ufff9-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f]"
)
# Joiners shape emoji and Indic and Persian words; next to anything Latin they only hide.
_IDLE_JOINERS = re.compile(
    "(?<![^\0-\u02ff\\s])[\u200c\u200d]+|[\u200c\u200d]+(?![^\0-\u02ff\\s])"
    "|(?<=[\u200c\u200d])[\u200c\u200d]+"
)
_LINE_END = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_FOLD_CHUNK = 256


def visible(text: str) -> str:
    r"""Return the text without characters that hide or reorder, every line ending as ``\n``."""
    if text.isascii() and text.isprintable():
        return text
    text = _INVISIBLE.sub("", _LINE_END.sub("\n", text))
    return _IDLE_JOINERS.sub("", text)


def fold(text: str) -> str:
    """Return the text in the form in which names are compared: visible, NFKC, without case.

    Normalising takes quadratic time in a run of combining marks, so long texts are folded in
    pieces; a character that lies across two of them stays decomposed.
    """
    text = visible(text)
    if text.isascii():
        return text.lower()
    pieces = (text[start : start + _FOLD_CHUNK] for start in range(0, len(text), _FOLD_CHUNK))
    return "".join(
        unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", piece).casefold())
        for piece in pieces
    )


def inline_code(text: str) -> str:
    """Return a text as one line of code in Markdown, in which nothing means anything."""
    return f"`{' '.join(text.split()).replace('`', chr(39))}`"


def without_reply_fallback(body: str) -> str:
    """Return a reply's body without the quotation that older clients put in front.

    Matrix specification, client-server API, "Rich replies" (fallbacks were dropped in 1.13).
    """
    if not body.startswith(("> <@", "> * <@")):
        return body
    lines = body.split("\n")
    quoted = next((i for i, line in enumerate(lines) if not line.startswith(">")), len(lines))
    return "\n".join(lines[quoted:]).removeprefix("\n")
