"""Picture files for tests, made on the spot."""

import io
from typing import Any

import PIL.Image


def picture(
    width: int,
    height: int,
    *,
    kind: str = "PNG",
    mode: str = "RGB",
    colour: Any = "red",
    **save: Any,
) -> bytes:
    """Return a file of one colour; `save` is for Pillow."""
    file = io.BytesIO()
    PIL.Image.new(mode, (width, height), colour).save(file, kind, **save)
    return file.getvalue()


def opened(data: bytes) -> PIL.Image.Image:
    """Return what a picture file shows."""
    return PIL.Image.open(io.BytesIO(data))
