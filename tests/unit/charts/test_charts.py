"""Charts as pixels: as wide as a phone likes it, in the right proportions, whatever the figures."""

import io
from pathlib import Path

import PIL.Image
import PIL.ImageColor
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lunabot.charts.bars import Bar, bars
from lunabot.charts.canvas import (
    COLOURS,
    MARGIN,
    PAPER,
    RULE,
    TEXT,
    WIDTH,
    Canvas,
    Picture,
    drawable,
)
from lunabot.charts.series import Panel, ceiling_of, series
from lunabot.charts.stacked import stacked
from tests.unit.charts.examples import FOLDER, pictures

FULL = WIDTH - 2 * MARGIN
texts = st.text(max_size=80)
values = st.floats(0, 1e12) | st.integers(0, 10**12)
items = st.lists(st.builds(Bar, texts, values, st.text(max_size=20)), max_size=12)


def opened(picture: Picture) -> PIL.Image.Image:
    """Return a picture as pixels; it has the size it claims, and fits a phone."""
    image = PIL.Image.open(io.BytesIO(picture.png))
    assert image.format == "PNG"
    assert image.size == (picture.width, picture.height)
    assert picture.width <= 1_000
    return image.convert("RGB")


def longest(image: PIL.Image.Image, colour: str) -> int:
    """Return how many pixels of a colour the row has that has most of them."""
    wanted = PIL.ImageColor.getrgb(colour)
    rows = (image.crop((0, y, image.width, y + 1)) for y in range(image.height))
    counts = (dict(map(reversed, row.getcolors(WIDTH) or ())) for row in rows)
    return max((count.get(wanted, 0) for count in counts), default=0)


def row(image: PIL.Image.Image, number: int) -> PIL.Image.Image:
    """Return one bar of several with its name."""
    top = 120 + 88 * number
    return image.crop((0, top, WIDTH, top + 88))


def test_the_longest_bar_is_full_and_the_others_are_in_proportion() -> None:
    image = opened(bars("Tokens", "today", [Bar("a", 200, "200"), Bar("b", 50, "50")]))
    assert longest(row(image, 0), COLOURS[0]) == FULL
    assert longest(row(image, 1), COLOURS[0]) == pytest.approx(FULL / 4, abs=1)


def test_what_is_next_to_nothing_is_seen_and_nothing_is_not() -> None:
    image = opened(bars("", "", [Bar("a", 1e9, ""), Bar("b", 1, ""), Bar("c", 0, "")]))
    assert longest(row(image, 1), COLOURS[0]) == 3
    assert longest(row(image, 2), COLOURS[0]) == 0


def test_the_parts_of_a_bar_fill_it() -> None:
    parts = [Bar("a", 30, "30"), Bar("b", 10, "10")]
    image = opened(stacked("Room", "40 of 80", parts, Bar("free", 40, "40")))
    colours = (*COLOURS[:2], RULE)
    assert [longest(image, colour) for colour in colours] == pytest.approx(
        [FULL * share for share in (3 / 8, 1 / 8, 1 / 2)], abs=1
    )


def test_more_parts_than_colours_are_drawn() -> None:
    opened(stacked("", "", [Bar("part", 1, "1")] * (2 * len(COLOURS) + 1)))


def test_columns_and_curves_have_a_colour_each_and_an_empty_panel_none() -> None:
    panels = [
        Panel("Messages", [1, 0, 4], "{:g}".format, columns=True),
        Panel("Waiting", [None, 2.0, 3.0], "{:g} s".format),
        Panel("Lag", [None, None, None], "{:g} s".format),
    ]
    image = opened(series("Day", "", ["00", "", "02"], panels))
    shown = [longest(image, colour) > 0 for colour in COLOURS[:3]]
    assert shown == [True, True, False]


def test_a_text_too_long_is_cut_to_its_width() -> None:
    canvas = Canvas(100)
    assert canvas.fitting("short", 400) == "short"
    cut = canvas.fitting("long " * 50, 400)
    assert cut.endswith("…")
    assert canvas.width_of(cut, TEXT) <= 400


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("Trails", "Trails"),
        ("  two\nlines ", "two lines"),
        ("Küche – “Spaß”", 'Kuche - "Spass"'),
        ("🌙 Luna", "Luna"),
        ("数学", "no. 1"),
        ("数学の部屋 A", "no. 1"),
        ("", "no. 1"),
        ("???", "no. 1"),
    ],
)
def test_names_are_drawn_in_the_letters_of_the_font(text: str, drawn: str) -> None:
    assert drawable(text, "no. 1") == drawn


@pytest.mark.parametrize(
    ("name", "otherwise", "called"),
    [
        ("Trails", "#trails:localhost", "Trails"),
        ("数学", "#maths", "#maths"),
        ("数学", "", "no. 4 of the list"),
        ("数学", "#数学", "no. 4 of the list"),
    ],
)
def test_what_cannot_be_drawn_is_called_otherwise(name: str, otherwise: str, called: str) -> None:
    assert Bar(name, 1, "1", otherwise).called(4) == called


@given(st.floats(1e-6, 1e15))
def test_a_scale_ends_at_a_round_number_that_is_not_far(most: float) -> None:
    top = ceiling_of(most)
    assert most <= top <= 2.01 * most
    assert float(f"{top:.0e}") == pytest.approx(top)


@pytest.mark.parametrize("most", [0, 5e-324, 2e-308])
def test_a_scale_of_nothing(most: float) -> None:
    assert ceiling_of(most) == 1


@settings(max_examples=8)
@given(texts, items)
def test_any_figures_give_a_picture(text: str, bars_: list[Bar]) -> None:
    opened(bars(text, text, bars_))
    opened(stacked(text, text, bars_))
    panel = Panel(text, [bar.value for bar in bars_] or [None], lambda value: text)
    opened(series(text, text, [bar.shown for bar in bars_] or [""], [panel]))


@pytest.mark.parametrize("name", pictures())
def test_the_pictures_of_the_documents_are_those_that_are_drawn(name: str) -> None:
    path: Path = FOLDER / name
    with PIL.Image.open(path) as kept:
        drawn = opened(pictures()[name])
        assert kept.size == drawn.size
        for colour in COLOURS[0], PAPER:
            assert longest(kept.convert("RGB"), colour) == pytest.approx(
                longest(drawn, colour), abs=8
            )
