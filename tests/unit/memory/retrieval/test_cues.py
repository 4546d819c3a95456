"""What questions ask for, and what messages tell."""

from dataclasses import replace

import pytest

from lunabot.matrix.ids import EventId, UserId
from lunabot.memory.retrieval.cues import is_question, label, read, tells_time
from tests.unit.memory.retrieval.finding import NAMES
from tests.unit.memory.samples import ADA, BOB, said

MAY_8_2023 = 1_683_554_160_000


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("What did the dog eat in our garden?", ("dog", "eat", "garden")),
        ("Was hat der Hund im Garten gefressen?", ("hund", "garten", "gefressen")),
        ("Que mange le chien dans le jardin?", ("mange", "chien", "jardin")),
        ("Что ест собака в саду?", ("ест", "собак", "саду")),
        (
            "die Hard or the Matrix for the movie night?",
            ("die", "hard", "matrix", "movie", "night"),
        ),
    ],
)
def test_function_words_are_those_of_the_questions_language(
    text: str, topic: tuple[str, ...]
) -> None:
    assert read(said("$1", text), (), {}).words == topic


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("What happened on May 3, 2023 at noon?", ["m5", "m5d3", "2023"]),
        ("Was geschah am 3. März in Bonn?", ["m3", "m3d3"]),
        ("Which day was it, 2023-05-03 or later?", ["2023", "m5", "m5d3"]),
        ("2023年5月3日に何がありましたか", ["2023", "m5", "m5d3"]),
        ("Что было 3 мая в школе?", ["m5", "m5d3"]),
        ("What did we decide yesterday evening?", ["2023", "m5", "m5d7"]),
        ("Version 9999-99-99 of what, please?", ["9999", "m99", "m99d99"]),
    ],
)
def test_dates_of_a_question(text: str, labels: list[str]) -> None:
    found = read(said("$1", text, at=MAY_8_2023), (), {}).labels
    assert sorted(found) == sorted(labels)


def test_the_label_of_a_message_has_its_sender_and_its_day() -> None:
    assert label(UserId("@ada.l:localhost"), MAY_8_2023) == "ada l 2023 m5 m5d8"
    assert label(ADA, 10**18) == "ada 1970 m1 m1d1"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("What does Lovelace think of it all?", {ADA: {"lovelace"}}),
        ("did ada and BOB go there together?", {ADA: {"ada"}, BOB: {"bob"}}),
        ("Where is the adapter of my laptop?", {}),
    ],
)
def test_people_are_named_by_any_word_of_their_name(
    text: str, named: dict[UserId, set[str]]
) -> None:
    assert read(said("$1", text), (), NAMES).named == named


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("When did it break?", True),
        ("Wann ist das Fest?", True),
        ("手术是什么时候做的", True),
        ("Why did it break?", False),
    ],
)
def test_questions_for_a_time(text: str, wanted: bool) -> None:
    assert read(said("$1", text), (), {}).wants_time is wanted


def test_a_short_question_takes_in_the_two_messages_before_it() -> None:
    before = [said("$1", "bananas"), said("$2", "Which ferry sails"), said("$3", "to Hvar island")]
    cues = read(said("$4", "and then?"), before, {})
    assert cues.words == ("ferry", "sails", "hvar", "island")
    assert cues.text == "and then?\nWhich ferry sails\nto Hvar island"
    assert "ferry" not in read(said("$4", "Where do turtles lay their eggs?"), before, {}).words
    assert "ferry" not in read(said("$4", "Кто упоминал книгу?"), before, {}).words


def test_what_a_question_quotes_of_others_is_not_asked() -> None:
    text = "> <@ada:localhost> penguins\n\nWho feeds turtles on the beach?"
    asked = replace(said("$1", text), in_reply_to=EventId("$0"))
    assert read(asked, (), {}).words == ("feeds", "turtles", "beach")


@pytest.mark.parametrize(
    ("text", "is_one"), [("Really? ", True), ("真的吗？", True), ("هل؟", True), ("No? No.", False)]
)
def test_questions(text: str, is_one: bool) -> None:
    assert is_question(text) is is_one


@pytest.mark.parametrize(
    ("text", "tells"),
    [
        ("it was last week", True),
        ("at 5", True),
        ("im März", True),
        ("昨日です", True),
        ("so it goes", False),
    ],
)
def test_times(text: str, tells: bool) -> None:
    assert tells_time(text) is tells
