"""Pictures as people send them, and files that are none."""

import struct
import zlib
from typing import Any

import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lunabot.llm.scaling import NoPicture, scaled
from tests.unit.llm.pictures import opened, picture


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((4000, 3000), (1024, 768)),
        ((300, 5000), (61, 1024)),
        ((1025, 1), (1024, 1)),
        ((1024, 1024), (1024, 1024)),
        ((3, 2), (3, 2)),
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_longer_side_has_at_most_1024_pixels(
    size: tuple[int, int], expected: tuple[int, int], kind: str
) -> None:
    image = scaled(picture(*size, kind=kind))
    shown = opened(image.data)
    assert (image.width, image.height) == shown.size == expected
    assert (image.mimetype, shown.format) == ("image/jpeg", "JPEG")


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_every_kind_of_pixels(mode: str) -> None:
    assert opened(scaled(picture(40, 30, mode=mode, colour=0)).data).mode == "RGB"


def test_a_phone_held_upright() -> None:
    exif = PIL.Image.new("RGB", (1, 1)).getexif()
    exif[0x0112] = 6  # orientation: turned by 90 degrees
    image = scaled(picture(2000, 1000, kind="JPEG", exif=exif))
    assert (image.width, image.height) == (512, 1024)


def test_what_is_transparent_is_white() -> None:
    shown = opened(scaled(picture(8, 8, mode="RGBA", colour=(255, 0, 0, 0))).data)
    assert shown.getpixel((4, 4)) == (255, 255, 255)


def test_a_film_shows_its_start() -> None:
    later = [PIL.Image.new("RGB", (50, 40), "blue")]
    film = picture(50, 40, kind="GIF", save_all=True, append_images=later)
    pixel: Any = opened(scaled(film).data).getpixel((20, 20))
    assert pixel[0] > 200 > 50 > pixel[2]


def bomb(width: int, height: int) -> bytes:
    """Return the few bytes of a PNG that claims to have so many pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [7_100, 10_000, 60_000])
def test_a_decompression_bomb_is_not_unpacked(side: int) -> None:
    with pytest.raises(NoPicture, match="too many pixels"):
        scaled(bomb(side, side))


@pytest.mark.parametrize(
    "data",
    [b"", b"hello", b"<svg/>", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", bomb(0, 5)],
)
def test_a_file_that_is_no_picture(data: bytes) -> None:
    with pytest.raises(NoPicture, match="damaged"):
        scaled(data)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
@settings(max_examples=30)
@given(cut=st.integers(0, 400), wrong=st.integers(0, 255), at=st.integers(0, 400))
def test_a_damaged_file_is_a_picture_or_none(kind: str, cut: int, wrong: int, at: int) -> None:
    data = bytearray(picture(30, 20, kind=kind))
    data[at % len(data)] = wrong
    try:
        image = scaled(bytes(data[: len(data) - cut % len(data)]))
    except NoPicture:
        return
    assert max(image.width, image.height) <= 1024
