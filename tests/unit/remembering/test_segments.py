"""Where chapters end, and that nothing said later moves a cut."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from lunabot.matrix.events import Message
from lunabot.remembering.segments import GREATEST, LEAST, PAUSE_MS, first_cut, weight
from tests.unit.remembering.talk import MINUTE, START, chatter, talk


def test_talk_that_goes_on_is_no_chapter() -> None:
    assert first_cut([]) == 0
    assert first_cut(talk(chatter("boats", 20))) == 0


def test_a_chapter_ends_at_the_first_long_pause_with_enough_before_it() -> None:
    few = talk(chatter("hello", 2))
    evening = talk(chatter("boats", 12), start=START + 2 * PAUSE_MS)
    morning = talk(chatter("boats", 3), start=START + 9 * PAUSE_MS)
    assert first_cut([*few, *evening, *morning]) == len(few) + len(evening)


def test_without_a_pause_a_chapter_ends_where_the_talk_turns() -> None:
    history = talk([*chatter("boats", 20), *chatter("cooking", 50)])
    assert first_cut(history) == 20


def test_the_talk_turns_in_scripts_without_spaces_as_well() -> None:
    boats = [
        f"我们昨天在港口看了一艘旧木船{number}，船长说它需要新的油漆。" * 3 for number in range(30)
    ]
    meals = [f"今晚做饭要买番茄和鸡蛋{number}，还有新鲜的面条与香菜。" * 3 for number in range(60)]
    assert first_cut(talk([*boats, *meals])) == 30


def test_a_message_heavier_than_a_chapter_may_be_is_one() -> None:
    history = talk(["huge " * 5_000, *chatter("boats", 3)])
    assert first_cut(history) == 1


def test_messages_of_one_moment_stay_together() -> None:
    together = [replace(each, timestamp=START) for each in talk(chatter("boats", 90))]
    later = talk(chatter("boats", 1), start=START + MINUTE)
    assert first_cut(together) == 0
    assert first_cut([*together, *later, *talk(["on"], start=START + 2 * MINUTE)]) == 90


histories = st.lists(
    st.tuples(
        st.sampled_from([0, 1, MINUTE, PAUSE_MS - 1, PAUSE_MS, 9 * PAUSE_MS]),
        st.sampled_from(["yes", "the boat " * 40, "кухня и рис " * 60, "船 " * 300, "é" * 9_000]),
    ),
    max_size=120,
)


def _history(steps: list[tuple[int, str]]) -> list[Message]:
    found, now = [], START
    for number, (pause, body) in enumerate(steps):
        now += pause
        found.append(replace(talk([body], start=now)[0], event_id=f"${number}"))  # type: ignore[arg-type]
    return found


@given(histories, histories)
def test_what_is_said_later_never_moves_a_cut(
    steps: list[tuple[int, str]], more: list[tuple[int, str]]
) -> None:
    history = _history(steps)
    cut = first_cut(history)
    assert first_cut(history) == cut
    if cut:
        assert first_cut(_history([*steps, *more])) == cut


@given(histories)
def test_a_chapter_is_neither_too_light_nor_too_heavy_and_never_the_newest_part(
    steps: list[tuple[int, str]],
) -> None:
    history = _history(steps)
    cut = first_cut(history)
    assert cut < max(len(history), 1)
    if cut:
        assert sum(map(weight, history[:cut])) >= LEAST
        assert history[cut - 1].timestamp < history[cut].timestamp
        distinct = [i for i in range(1, cut) if history[i].timestamp > history[i - 1].timestamp]
        enough = [i for i in distinct if sum(map(weight, history[:i])) >= LEAST]
        if enough:  # there was an earlier place: then it need not be too heavy
            assert sum(map(weight, history[:cut])) <= GREATEST
    else:
        assert not any(
            later.timestamp - earlier.timestamp >= PAUSE_MS
            and LEAST <= sum(map(weight, history[: place + 1])) <= GREATEST
            for place, (earlier, later) in enumerate(pairwise(history))
        )
