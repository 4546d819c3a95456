"""What charts are drawn on: large type, dark on light, as wide as a phone likes it."""

import io
import unicodedata
from dataclasses import dataclass

import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont

WIDTH = 900
"""Pixels; a phone shows a picture of this width whole, at about half its size."""

MARGIN = 36
INK = "#1c2733"
FAINT = "#5b6b7b"
RULE = "#d5dce3"
PAPER = "#ffffff"
COLOURS = ("#2f6fb0", "#d9822b", "#3d9a6c", "#a0529c", "#c0473f", "#7a7f2a", "#4aa3b5", "#8a6d5a")
TITLE, TEXT, SMALL = 38, 30, 26
_ELLIPSIS = "…"
_SIGNS = str.maketrans({"–": "-", "—": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "ß": "ss"})


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG and its size in pixels."""

    png: bytes
    width: int
    height: int


class Canvas:
    """A white sheet of a height in pixels. Texts are placed by their left, right or middle, and
    the middle of their line."""

    def __init__(self, height: int) -> None:
        self.height = height
        self._image = PIL.Image.new("RGB", (WIDTH, height), PAPER)
        self._draw = PIL.ImageDraw.Draw(self._image)
        self._fonts: dict[int, PIL.ImageFont.FreeTypeFont | PIL.ImageFont.ImageFont] = {}

    def write(
        self, x: float, y: float, text: str, *, size: int = TEXT, ink: str = INK, side: str = "left"
    ) -> None:
        """Write a text; `side` says what of it is at `x`: its left, middle or right."""
        anchor = {"left": "lm", "middle": "mm", "right": "rm"}[side]
        self._draw.text((x, y), text, fill=ink, font=self._font(size), anchor=anchor)

    def width_of(self, text: str, size: int = TEXT) -> float:
        """Return how many pixels a text takes."""
        return self._draw.textlength(text, font=self._font(size))

    def fitting(self, text: str, width: float, size: int = TEXT) -> str:
        """Return a text, cut where it is longer than so many pixels."""
        if self.width_of(text, size) <= width:
            return text
        while text and self.width_of(text + _ELLIPSIS, size) > width:
            text = text[:-1]
        return text.rstrip() + _ELLIPSIS

    def box(self, left: float, top: float, right: float, bottom: float, colour: str) -> None:
        """Fill a rectangle, where it is at least a pixel wide."""
        if right - left >= 1 and bottom - top >= 1:
            self._draw.rectangle((left, top, right - 1, bottom - 1), fill=colour)

    def line(self, points: list[tuple[float, float]], colour: str, width: int = 2) -> None:
        """Draw a line through points."""
        self._draw.line(points, fill=colour, width=width, joint="curve")

    def dot(self, x: float, y: float, radius: float, colour: str) -> None:
        """Draw a dot."""
        self._draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)

    def picture(self) -> Picture:
        """Return what was drawn."""
        file = io.BytesIO()
        self._image.save(file, "PNG")
        return Picture(file.getvalue(), WIDTH, self.height)

    def _font(self, size: int) -> PIL.ImageFont.FreeTypeFont | PIL.ImageFont.ImageFont:
        """Return Pillow's own font: it is there on every machine."""
        if size not in self._fonts:
            self._fonts[size] = PIL.ImageFont.load_default(size)
        return self._fonts[size]


def drawable(text: str, otherwise: str) -> str:
    """Return a text in the letters that the font has; `otherwise` where that leaves too little.

    Accents go (the font has ASCII alone), and so do signs of other scripts.
    """
    plain = unicodedata.normalize("NFKD", " ".join(text.split()).translate(_SIGNS))
    kept = "".join(sign for sign in plain if " " <= sign <= "~").strip()
    letters = sum(sign.isalnum() for sign in plain)
    return kept if 2 * sum(sign.isalnum() for sign in kept) > letters else otherwise
