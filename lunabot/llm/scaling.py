"""From any file that claims to be a picture to one that is fit for a model, or to why not."""

import io

import PIL.Image
import PIL.ImageOps

from lunabot.llm.image import Image

LONGEST_SIDE = 1024
"""How many pixels a picture has at most on its longer side."""

_FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP")  # what phones send; none runs another program
_MOST_PIXELS = 50_000_000  # 200 MB when decoded: more is a mistake, or a decompression bomb
_QUALITY = 85
_BACKGROUND = "white"
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, MemoryError, OverflowError)
_BOMBS = (PIL.Image.DecompressionBombError, PIL.Image.DecompressionBombWarning)


class NoPicture(Exception):
    """The file cannot be shown; the text completes "you cannot see it: …"."""


def scaled(data: bytes) -> Image:
    """Return a picture as an upright JPEG of at most `LONGEST_SIDE` pixels; of a film, its start.

    Takes up to some seconds and hundreds of MB: it belongs into a thread, one at a time. Raises
    `NoPicture`.
    """
    try:
        with PIL.Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
            if picture.width * picture.height > _MOST_PIXELS:
                raise NoPicture("it has too many pixels")
            return _encoded(_small(picture))
    except PIL.UnidentifiedImageError:
        raise NoPicture("it is damaged, or of a kind that cannot be read here") from None
    except _BOMBS:
        raise NoPicture("it has too many pixels") from None
    except _BROKEN:
        raise NoPicture("it is damaged") from None


def _small(picture: PIL.Image.Image) -> PIL.Image.Image:
    """Return the picture scaled down, turned as its camera was held, on a background."""
    if picture.mode in ("1", "P"):  # such would be scaled without smoothing
        picture = picture.convert("RGBA")
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))  # reads no more of a JPEG than it needs
    upright = PIL.ImageOps.exif_transpose(picture) or picture
    if not upright.has_transparency_data:
        return upright.convert("RGB")
    ground = PIL.Image.new("RGBA", upright.size, _BACKGROUND)
    return PIL.Image.alpha_composite(ground, upright.convert("RGBA")).convert("RGB")


def _encoded(picture: PIL.Image.Image) -> Image:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=_QUALITY)
    return Image(file.getvalue(), "image/jpeg", picture.width, picture.height)
