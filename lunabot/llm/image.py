"""A picture as a model gets it, and what it costs."""

import base64
import math
from dataclasses import dataclass, field

_TILE = 512  # pixels
_TILE_TOKENS = 170
_BASE_TOKENS = 85
_PATCH = 28  # pixels


def image_tokens(width: int, height: int) -> int:
    """Return the most tokens that a picture of so many pixels is likely to take.

    Models differ: OpenAI's GPT-4o counts tiles ("Images and vision", calculating costs: 85 tokens
    and 170 for each tile of 512 pixels, for which it may shrink the picture: not counted on here),
    others patches of 28 (Qwen2-VL, section 2.1) or 32 pixels (GPT-4.1), a token each.
    """
    tiles = math.ceil(width / _TILE) * math.ceil(height / _TILE)
    patches = math.ceil(width / _PATCH) * math.ceil(height / _PATCH)
    return max(_BASE_TOKENS + _TILE_TOKENS * tiles, patches)


@dataclass(frozen=True, slots=True)
class Image:
    """An encoded picture; `width` and `height` are in pixels."""

    data: bytes = field(repr=False)
    mimetype: str
    width: int
    height: int

    @property
    def tokens(self) -> int:
        """The most tokens that it is likely to take of a prompt."""
        return image_tokens(self.width, self.height)

    @property
    def url(self) -> str:
        """The whole picture as a ``data:`` address (RFC 2397)."""
        return f"data:{self.mimetype};base64,{base64.b64encode(self.data).decode()}"
