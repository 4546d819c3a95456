"""How scores are joined and passed on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunabot.memory.retrieval.scoring import Hit, combined, introduce, share_replies, spread
from lunabot.memory.retrieval.timeline import PAUSE, Line

_SCORES = st.dictionaries(st.integers(0, 30), st.floats(0.01, 100), max_size=20)


def _line(*times: int) -> Line:
    line = Line()
    for key, time in enumerate(times):
        line.add(key, time)
    return line


@given(_SCORES, _SCORES)
def test_indexes_are_joined_whatever_their_units(
    one: dict[int, float], other: dict[int, float]
) -> None:
    joined = combined([(one, 1.0), (other, 0.5)])
    scaled = combined([({key: score * 7 for key, score in one.items()}, 1.0), (other, 0.5)])
    assert joined.keys() == one.keys() | other.keys()
    assert all(0 < score <= 1.5 for score in joined.values())
    assert joined == pytest.approx(scaled)


def test_nothing_is_joined_where_nothing_scores() -> None:
    assert combined([({}, 1.0), ({1: 0.0}, 1.0)]) == {}


def test_neighbours_gain_on_both_sides_and_only_within_the_sitting() -> None:
    line = _line(0, 1, 2, 3 * PAUSE)
    total = spread([Hit(line, 2, 1.0)], 100)
    assert total[2] > total[1] > total[0] > 0
    assert 3 not in total


def test_what_comes_after_a_question_gains_most_by_it() -> None:
    line = _line(0, 1, 2, 3, 4 + PAUSE)
    told, asked = (spread([Hit(line, 1, 1.0, asks)], 100) for asks in (False, True))
    assert asked[2] > asked[0] == told[0] == told[2]
    assert {key: asked[key] for key in (0, 1, 3)} == {key: told[key] for key in (0, 1, 3)}
    assert 4 not in spread([Hit(line, 3, 1.0, asks=True)], 100)


def test_what_hits_give_adds_up() -> None:
    line = _line(*range(7))
    total = spread([Hit(line, 1, 1.0), Hit(line, 3, 1.0)], 100)
    assert total[2] > total[4] > total[5]


def test_a_strong_sitting_beats_a_stray_word() -> None:
    line = _line(0, 1, 2, 3 * PAUSE)
    hits = [Hit(line, position, 1.0) for position in (0, 1, 3)]
    total = spread(hits, 100)
    assert total[2] > 0 and total[0] > total[3]


def test_no_more_of_sittings_is_taken_than_asked_for() -> None:
    line = _line(*range(1_000))
    assert len(spread([Hit(line, 5, 1.0)], 50)) == 50


def test_an_introduction_fills_with_what_was_said_first_and_keeps_the_order() -> None:
    total = {5: 1.0, 1: 0.5}
    introduce(total, [_line(*range(10))], 4)
    assert list(total) == [5, 1, 0, 2]
    assert total[5] > total[1] > total[0] == total[2] > 0


def test_replies_share() -> None:
    total = {1: 1.0}
    share_replies(total, {1: 1.0}, [(1, 2), (3, 4)])
    assert total == {1: 1.0, 2: 0.5}
