"""Questions over time: they end, and outlive restarts and crashes."""

from dataclasses import replace

import pytest

from lunabot.admin.confirmation import INTERRUPTED, WINDOW_MS
from tests.clock import Clock
from tests.fake_services import ADMIN
from tests.unit.admin.snowmen import NOTICE, AskingHouse, tap


async def test_a_question_ends_when_its_time_is_over(clock: Clock, asking: AskingHouse) -> None:
    question = await asking.ask()
    await clock.forward(300)
    assert asking.questions == [question]
    await clock.forward(6)
    await asking.settle()
    await asking.tap()
    await asking.run("/yes", event_id="$answer")
    assert (asking.world.melted, asking.questions, asking.marks()) == ([], [], ["❌"])
    assert asking.replies()[0].endswith("❌ Nobody said yes within five minutes: nothing was done.")
    assert (ADMIN, "melt", "expired") in await asking.trail()


async def test_what_was_tapped_in_time_while_luna_was_away_counts(
    clock: Clock, asking: AskingHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = await asking.ask()
    let_pass(asking, WINDOW_MS + 60_000, monkeypatch)
    restarted = asking.again()
    await restarted.room.begin()
    await clock.forward(1)
    await restarted.tap(timestamp=question.expires)
    assert asking.world.melted == ["Olaf", "Frosty"]
    await restarted.room.close(0)


async def test_a_question_that_became_too_old_while_luna_was_away_ends(
    clock: Clock, asking: AskingHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    await asking.ask()
    let_pass(asking, WINDOW_MS + 60_000, monkeypatch)
    restarted = asking.again()
    await restarted.room.begin()
    await clock.forward(6)
    await restarted.settle()
    assert (asking.world.melted, asking.questions, asking.marks()) == ([], [], ["❌"])
    assert (await asking.trail())[-1] == (ADMIN, "melt", "expired")
    await restarted.room.close(0)


@pytest.mark.parametrize("typed", [True, False])
async def test_a_late_answer_ends_the_question(
    asking: AskingHouse, monkeypatch: pytest.MonkeyPatch, typed: bool
) -> None:
    question = await asking.ask()
    late = question.expires + 1
    let_pass(asking, WINDOW_MS + 1, monkeypatch)
    if typed:
        await asking.run("/yes", event_id="$answer", timestamp=late)
        assert "the five minutes are over" in asking.replies("$answer")[0]
    else:
        await asking.tap(timestamp=late)
    assert (asking.world.melted, asking.questions, asking.marks()) == ([], [], ["❌"])
    assert "expired" in [outcome for _, _, outcome in await asking.trail()]


async def test_a_question_outlives_a_restart(asking: AskingHouse) -> None:
    question = await asking.ask()
    sent = len(asking.account.sent)
    await asking.room.close(0)
    restarted = asking.again()
    await restarted.room.begin()
    assert restarted.questions == [question]
    assert len(asking.account.sent) == sent
    await restarted.tap()
    assert asking.world.melted == ["Olaf", "Frosty"]
    await restarted.room.close(0)


async def test_a_question_whose_notice_was_not_kept_is_found_by_asking_again(
    asking: AskingHouse,
) -> None:
    question = await asking.ask()
    asking.services.memory.state.questions.put(replace(question, notice=None))
    restarted = asking.again()
    await restarted.room.begin()
    assert restarted.questions == [question]
    asked = [sent for sent in asking.account.sent if sent.event_id == NOTICE]
    assert len(asked) == 2 and asked[0] == asked[1]
    await restarted.tap()
    assert asking.world.melted == ["Olaf", "Frosty"]
    await restarted.room.close(0)


async def test_what_a_crash_cut_off_is_told_and_not_begun_again(asking: AskingHouse) -> None:
    question = await asking.ask()
    asking.world.go_on.clear()
    asking.room.reacted(asking.account.user_id, tap())
    await asking.world.begun.wait()
    await asking.room.close(0)
    restarted = asking.again()
    [left] = restarted.questions
    assert left == replace(question, ending=INTERRUPTED)
    await restarted.room.begin()
    await restarted.tap()
    assert asking.world.melted == ["Olaf", "Frosty"]
    assert restarted.told == ["⚠️ `/melt` was cut off: look what is left to do."]
    assert (asking.marks(), restarted.questions) == (["❌"], [])
    assert INTERRUPTED in asking.replies()[0]
    assert (await asking.trail())[-1] == (ADMIN, "melt", "failed")
    await restarted.room.close(0)


async def test_a_command_that_was_done_keeps_its_mark_whatever_crashes_then(
    asking: AskingHouse,
) -> None:
    question = await asking.ask()
    await asking.tap()
    asking.services.memory.state.questions.put(replace(question, ending=INTERRUPTED))
    restarted = asking.again()
    await restarted.room.begin()
    await restarted.settle()
    assert asking.marks() == ["✅"]
    await restarted.room.close(0)


def let_pass(asking: AskingHouse, ms: int, monkeypatch: pytest.MonkeyPatch) -> None:
    now = asking.account.server_now
    monkeypatch.setattr(asking.account, "server_now", lambda: now() + ms)
