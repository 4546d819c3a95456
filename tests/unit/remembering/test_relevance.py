"""Which lens comes first for which question."""

import pytest

from lunabot.config.defaults import LENSES
from lunabot.memory.lenses import LensText
from lunabot.remembering.relevance import relevant
from tests.unit.remembering.talk import ROOM, talk

TEXTS = [
    LensText(ROOM, "historical", "In May they agreed to meet in Brest. 五月に船を売った。", 1, 1),
    LensText(ROOM, "technical", "The server runs Debian. Bob chose PostgreSQL.", 1, 1),
    LensText(ROOM, "emotional", "Ada is at ease with Bob. Аня скучает по морю.", 1, 1),
]


@pytest.mark.parametrize(
    ("question", "lens"),
    [
        ("how are you feeling today?", "emotional"),
        ("I'm so sad and lonely", "emotional"),
        ("what a day 😢", "emotional"),
        ("ich bin traurig", "emotional"),
        ("我今天心情不好", "emotional"),
        ("по чему скучает Аня", "emotional"),
        ("why does `main.py` raise KeyError", "technical"),
        ("which database did we choose?", "technical"),
        ("get_user() returns None", "technical"),
        ("サーバーのエラー", "technical"),
        ("when did we agree to meet?", "historical"),
        ("何时见面", "historical"),
        ("what did we promise?", "historical"),
        ("船を", "historical"),
        ("hello", "emotional"),
        ("", "emotional"),
    ],
)
def test_the_lens_that_matters_most(question: str, lens: str) -> None:
    found = relevant(talk([question])[0], LENSES, TEXTS)
    assert found[0].lens == lens
    assert len(found) == 3


def test_lenses_of_ones_own_are_known_by_their_descriptions() -> None:
    lenses = {**LENSES, "legal": "Contracts, deadlines, who signed what."}
    legal = LensText(ROOM, "legal", "The lease ends in June.", 1, 1)
    assert relevant(talk(["is the contract fine?"])[0], lenses, [*TEXTS, legal])[0] == legal


def test_what_has_no_words_or_no_lens_is_left_out() -> None:
    texts = [LensText(ROOM, "technical", " ", 1, 1), LensText(ROOM, "legal", "A lease.", 1, 1)]
    assert relevant(talk(["a lease?"])[0], LENSES, texts) == ()
