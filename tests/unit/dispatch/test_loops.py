"""Who talks in circles, by tables and by properties."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunabot.config import LoopsSettings
from lunabot.dispatch.loops import Loop, Situation, find_loop, turns_needed
from lunabot.matrix.ids import UserId
from lunabot.memory.loop import Layer, Turn
from tests.unit.dispatch.people import ADA, BOB, LUNA, OWL

FOX = UserId("@fox:localhost")
OWN = frozenset({LUNA, OWL, FOX})
BY_LETTER = {"L": LUNA, "O": OWL, "F": FOX, "a": ADA, "b": BOB}
SETTINGS = LoopsSettings()


def turns(text: str, gap_ms: int = 1000) -> list[Turn]:
    """Return turns, a letter for each message, at a steady pace; what a person says asks."""
    spoken: list[Turn] = []
    for number, letter in enumerate(text, start=1):
        sender, at = BY_LETTER[letter], gap_ms * number
        goes_on = spoken and spoken[-1].sender == sender
        began = spoken.pop().began if goes_on else at
        spoken.append(Turn(sender, began, at, letter.islower()))
    return spoken


def conversation(questions: int, gap_ms: int) -> list[Turn]:
    """Return questions that are answered at once, each so long after the last answer."""
    times = [gap_ms * number for number in range(questions)]
    asked = [(Turn(ADA, at, at, True), Turn(LUNA, at, at)) for at in times]
    return [turn for pair in asked for turn in pair][:-1]


def found(
    spoken: Sequence[Turn],
    account: UserId,
    *askers: UserId,
    direct: bool = False,
    settings: LoopsSettings = SETTINGS,
) -> Loop | None:
    """Judge what an account is about to answer; without `askers`, to the last who spoke."""
    asking = frozenset(askers or [spoken[-1].sender])
    return find_loop(Situation(spoken, account, asking, OWN, direct), settings)


@pytest.mark.parametrize(
    ("spoken", "account", "concerned"),
    [
        ("LO" * 5, LUNA, "LO"),
        ("a" + "LO" * 5, LUNA, "LO"),
        ("OL" * 5, OWL, "LO"),
        ("F" + "LO" * 5, LUNA, "LO"),
        ("LO" * 5, FOX, None),  # a third bot is new to the circle
        ("LO" * 4 + "L", OWL, None),
        ("LO" * 2 + "a" + "LO" * 3, LUNA, None),
        ("LO" * 4 + "LF", LUNA, None),
    ],
)
def test_the_same_bots_in_the_same_order(
    spoken: str, account: UserId, concerned: str | None
) -> None:
    loop = found(turns(spoken), account)
    expected = concerned and frozenset(BY_LETTER[letter] for letter in concerned)
    assert (loop and loop.concerned) == expected
    if loop:
        assert (loop.layer, loop.reason) == (
            Layer.PATTERN,
            "the same 2 bots spoke in the same order 5 times",
        )


@pytest.mark.parametrize("circle", ["LOF", "LOLF", "LOFO"])
def test_longer_circles_are_found_where_turns_are_many(circle: str) -> None:
    settings = LoopsSettings(bot_turns=100)
    loop = found(turns(circle * 5), LUNA, settings=settings)
    assert loop is not None
    assert (loop.layer, loop.concerned) == (Layer.PATTERN, OWN)
    assert found(turns(circle * 5)[1:], LUNA, settings=settings) is None


def test_too_many_answers_without_a_person() -> None:
    spoken = turns("LOFLFOLOFOLF")
    loop = found(spoken, LUNA)
    assert loop == Loop(
        Layer.TURNS, "12 answers of bots followed each other without a person's message", OWN
    )
    assert found(spoken[1:], LUNA) is None
    assert found([*turns("a"), *spoken[1:]], LUNA) is None


@pytest.mark.parametrize(
    ("spoken", "seconds", "stopped"),
    [
        ("aL" * 10 + "a", 1.0, True),
        ("aL" * 9 + "a", 1.0, False),
        ("aL" * 9 + "La" + "L" * 3 + "a", 1.0, True),  # a run counts once
        ("a" * 40 + "L" + "a" * 40, 0.1, False),
        ("aL" * 10 + "a", 3.2, False),  # not within a minute
        ("abL" * 10 + "a", 1.0, True),  # whoever else speaks
        ("aO" * 10 + "a", 1.0, False),  # with somebody else
    ],
)
def test_two_senders_in_a_group(spoken: str, seconds: float, stopped: bool) -> None:
    loop = found(turns(spoken, int(seconds * 1000)), LUNA)
    assert (loop is not None) is stopped
    if loop:
        assert loop.concerned == {LUNA, ADA}
        assert loop.reason == "20 messages went back and forth within 60 s"


def test_what_was_said_to_others_does_not_count() -> None:
    chatter = [Turn(each.sender, each.began, each.ended) for each in turns("aL" * 20)]
    assert found([*chatter, Turn(ADA, 41_000, 41_000, True)], LUNA) is None


def test_all_who_ask_have_to_be_in_a_loop() -> None:
    spoken = turns("abL" * 10 + "ab", 500)
    loop = found(spoken, LUNA, ADA, BOB)
    assert loop is not None
    assert loop.concerned == {LUNA, ADA, BOB}
    assert found([*turns("aL" * 10 + "ab")], LUNA, ADA, BOB) is None


@pytest.mark.parametrize(
    ("spoken", "seconds", "stopped"),
    [
        ("aL" * 20 + "a", 2.9, True),
        ("aL" * 19 + "a", 2.9, False),
        ("aL" * 20 + "aL", 2.9, True),  # asked while the last answer was written
        ("aL" * 20 + "a", 3.0, False),
        ("a" + "aL" * 20 + "a", 1.0, True),
        ("aL" * 20 + "bL" + "a", 1.0, False),
    ],
)
def test_inhuman_pace_in_a_direct_room(spoken: str, seconds: float, stopped: bool) -> None:
    loop = found(turns(spoken, int(seconds * 1000)), LUNA, ADA, direct=True)
    assert (loop is not None) is stopped
    if loop:
        assert (loop.layer, set(loop.concerned)) == (Layer.PACE, {LUNA, ADA})
        assert loop.reason.endswith("followed by a new message in less than 3 s")


def test_the_first_message_of_a_run_tells_its_pace() -> None:
    spoken = []
    for start in range(0, 210_000, 10_000):
        spoken.append(Turn(ADA, start, start + 5_000, True))
        spoken.append(Turn(LUNA, start + 8_000, start + 8_000))
    assert found(spoken, LUNA, ADA, direct=True)
    assert not found(spoken, LUNA, ADA, direct=True, settings=LoopsSettings(inhuman_seconds=2))


def test_one_slow_message_begins_the_count_anew() -> None:
    before, after = turns("aL" * 15), turns("aL" * 15 + "a")
    late = [
        Turn(each.sender, each.began + 33_000, each.ended + 33_000, each.asks) for each in after
    ]
    assert found([*before, *late], LUNA, direct=True) is None
    assert found(turns("aL" * 30 + "a"), LUNA, direct=True)


def test_the_pace_is_not_looked_at_where_it_is_switched_off() -> None:
    settings = LoopsSettings(inhuman_seconds=0)
    assert found(turns("aL" * 50 + "a", 0), LUNA, direct=True, settings=settings) is None


anybody = st.text(alphabet="LOFab", max_size=60)


@given(anybody, st.sampled_from("ab"), st.booleans())
def test_a_person_never_meets_the_layers_of_bots(text: str, asker: str, direct: bool) -> None:
    loop = found(turns(text + asker), LUNA, direct=direct)
    assert loop is None or loop.layer in (Layer.PAIR, Layer.PACE)


@given(st.integers(1, 100), st.integers(3_000, 100_000))
def test_a_person_is_answered_in_a_direct_room(questions: int, gap_ms: int) -> None:
    assert found(conversation(questions, gap_ms), LUNA, direct=True) is None


@given(st.integers(1, 100), st.integers(6_000, 100_000))
def test_a_person_is_answered_in_a_group(questions: int, gap_ms: int) -> None:
    assert found(conversation(questions, gap_ms), LUNA) is None


@given(anybody, st.sampled_from("ab"))
def test_a_persons_word_sets_bots_free(text: str, person: str) -> None:
    assert found(turns(text + person), LUNA, OWL) is None


@given(st.lists(st.sampled_from("LOF"), max_size=80))
def test_bots_among_themselves_fall_silent(order: list[str]) -> None:
    said = "L"
    for letter in order:
        if letter != said[-1] and not found(turns(said), BY_LETTER[letter]):
            said += letter
    assert len(said) <= SETTINGS.bot_turns


@given(st.integers(2, 6), st.sampled_from(["LO", "LOF", "LOLF"]))
def test_a_circle_ends_after_its_last_round(repeats: int, circle: str) -> None:
    settings = LoopsSettings(pattern_repeats=repeats, bot_turns=100)
    said = circle[0]
    while not found(
        turns(said), BY_LETTER[following := circle[len(said) % len(circle)]], settings=settings
    ):
        said += following
    assert said == circle * repeats


@given(anybody, st.sampled_from("LOab"), st.booleans())
def test_more_turns_than_needed_change_nothing(text: str, asker: str, direct: bool) -> None:
    settings = LoopsSettings(pattern_repeats=2, bot_turns=6, pair_events=3)
    heard = "LOFab" if asker in "LO" else f"F{asker}"
    spoken = turns("".join(letter for letter in text + asker if letter in heard))
    newest = spoken[-turns_needed(settings) :]
    whole = found(spoken, FOX, direct=direct, settings=settings)
    assert found(newest, FOX, direct=direct, settings=settings) == whole
