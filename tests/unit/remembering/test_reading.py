"""Whatever form a model gives its text, it is read; what says nothing is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunabot.remembering.reading import Noted, Told, Unusable, check, read_chapter, read_notes

RULES = "Keep every name, date, number, decision and promise, and who said or promised what."


SOLD = "Ada sold it."
CHAPTERS = {
    f"# Boats\n\n{SOLD}\n\nOpen: who paints?": Told("Boats", SOLD, ("who paints?",)),
    f"Title: **Boats**\n{SOLD}": Told("Boats", SOLD, ()),
    f"## Boats ##\n{SOLD}\n**Open:**\n- who paints?\n* when?\nOpen: none": Told(
        "Boats", SOLD, ("who paints?", "when?")
    ),
    f"{SOLD}\nOpen questions: who paints?": Told(SOLD, SOLD, ("who paints?",)),
    "# 船\n太郎は船を売った。\nOpen：誰が塗る？": Told("船", "太郎は船を売った。", ("誰が塗る？",)),
    "# A\n- one\n- two": Told("A", "- one\n- two", ()),
    "# A\nfirst\n# B\nsecond": Told("A", "first\n# B\nsecond", ()),
    "Open windows let it in.": Told("Open windows let it in.", "Open windows let it in.", ()),
}
NOTES = {
    "Ada: likes tea": [Noted("Ada", "likes tea", None)],
    "- **Ada**: likes tea\n\n* Me: talk less": [
        Noted("Ada", "likes tea", None),
        Noted("Me", "talk less", None),
    ],
    "#3 Ada: likes coffee": [Noted("Ada", "likes coffee", 3)],
    "#3: likes coffee": [Noted("", "likes coffee", 3)],
    "The harbour is closed": [Noted("", "The harbour is closed", None)],
    "nothing": [],
    "Nothing.\n- none": [],
    "\n".join(f"Ada: {n} boats" for n in range(9)): [
        Noted("Ada", f"{n} boats", None) for n in range(5)
    ],
}


@pytest.mark.parametrize(("text", "told"), CHAPTERS.items())
def test_a_chapter_in_many_forms(text: str, told: Told) -> None:
    assert read_chapter(text) == told


def test_without_a_title_the_first_words_are_one() -> None:
    told = read_chapter("Ada and Bob spoke at length of the boat that lay in the harbour of Brest.")
    assert told.title == "Ada and Bob spoke at length of the boat that lay in the…"


@pytest.mark.parametrize("text", ["# Only a title", "Open: this?", ""])
def test_no_summary_is_no_chapter(text: str) -> None:
    with pytest.raises(Unusable, match="no summary"):
        read_chapter(text)


@given(st.text())
def test_odd_output_never_fails_otherwise(text: str) -> None:
    read_notes(text)
    try:
        plain = check(text, RULES, 1_000, "stop")
        told = read_chapter(plain)
    except Unusable:
        return
    assert told.title
    assert told.summary


@pytest.mark.parametrize(("text", "noted"), NOTES.items())
def test_notes_in_many_forms(text: str, noted: list[Noted]) -> None:
    assert list(read_notes(text)) == noted


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "wrote nothing"),
        ("```\n\n```", "wrote nothing"),
        ("​⁣ …", "wrote nothing"),
        ("word " * 200, "more than 100 tokens"),
        (RULES, "repeated its instructions"),
        (f"Rules: {RULES}", "repeated its instructions"),
    ],
)
def test_what_says_nothing_is_refused(text: str, why: str) -> None:
    with pytest.raises(Unusable, match=why):
        check(text, RULES, 100, "stop")


def test_a_fence_around_the_text_goes_and_a_short_text_stays() -> None:
    assert check("```markdown\nAda left.\n```", RULES, 100, "stop") == "Ada left."
    assert check("Ada promised Bob a boat, whoever asks.", RULES, 100, None).startswith("Ada")
