"""The loop guard on a real memory: who is stopped, what is said of it, and what ends it."""

from pathlib import Path

import pytest

from lunabot.dispatch.queue import Question
from lunabot.errors import WorldError
from lunabot.matrix.ids import EventId, UserId
from lunabot.matrix.transaction import transaction_id
from lunabot.memory.loop import Layer
from lunabot.memory.memory import Memory
from tests.unit.dispatch.people import ADA, BOB, LUNA, OWL, ROOM
from tests.unit.dispatch.stage import Stage

MINUTES_MS = 60_000
CIRCLE = [LUNA, OWL] * 20
ECHO = UserId("@echo:example.org")


@pytest.fixture
def stage(memory: Memory) -> Stage:
    return Stage(memory)


@pytest.fixture
def direct(memory: Memory) -> Stage:
    return Stage(memory, ADA)


async def test_two_personas_stop_at_the_sixth_round_with_one_notice(stage: Stage) -> None:
    assert await stage.exchange(CIRCLE) == 10
    [notice] = stage.notices
    assert (notice.room_id, notice.content["msgtype"]) == (ROOM, "m.notice")
    assert notice.body == (
        "Conversation paused: the same 2 bots spoke in the same order 5 times; it resumes when a "
        "person writes, or in 10 minutes."
    )
    assert notice.content["m.mentions"] == {}
    [line] = stage.told
    assert f"`Trails` `{ROOM}` paused: the same 2 bots" in line
    assert f"`!resume {ROOM}`" in line
    assert await stage.owed(LUNA) == await stage.owed(OWL) == 0


async def test_whoever_is_concerned_stays_silent_and_nothing_more_is_said(stage: Stage) -> None:
    await stage.exchange(CIRCLE)
    for account, asker in ((LUNA, OWL), (OWL, LUNA)) * 3:
        assert not await stage.allows(account, await stage.says(asker, account))
    assert len(stage.notices) == len(stage.told) == 1


async def test_they_go_on_after_a_person_speaks_and_are_counted_anew(stage: Stage) -> None:
    await stage.exchange(CIRCLE)
    assert await stage.exchange(CIRCLE, asker=BOB) == 10
    await stage.says(ADA)  # to nobody
    assert await stage.exchange(CIRCLE, asker=OWL) == 9
    assert len(stage.notices) == len(set(stage.told)) == 3


async def test_they_go_on_when_the_time_is_over(stage: Stage) -> None:
    await stage.exchange(CIRCLE)
    stage.now += 10 * MINUTES_MS - 200
    assert await stage.exchange(CIRCLE, asker=OWL) == 0
    stage.now += 200
    assert await stage.exchange(CIRCLE, asker=OWL) == 9


async def test_they_go_on_when_an_administrator_says_so(stage: Stage) -> None:
    await stage.exchange(CIRCLE)
    [pause] = await stage.guard.paused(stage.now)
    assert (pause.room_id, pause.name, pause.layer) == (ROOM, "Trails", Layer.PATTERN)
    stage.guard.resume(pause, stage.now)
    assert await stage.guard.paused(stage.now) == ()
    assert await stage.exchange(CIRCLE, asker=OWL) == 9


async def test_a_pause_that_a_person_or_time_has_ended_is_not_shown(stage: Stage) -> None:
    await stage.exchange(CIRCLE)
    stage.now += 10 * MINUTES_MS
    assert await stage.guard.paused(stage.now) == ()
    await stage.exchange(CIRCLE)
    assert len(await stage.guard.paused(stage.now)) == 1
    await stage.says(BOB)
    assert await stage.guard.paused(stage.now) == ()


async def test_a_person_is_answered_at_once_in_a_paused_room(stage: Stage) -> None:
    await stage.exchange(CIRCLE)
    assert await stage.talk(ADA, 9, 10_000) == 9


async def test_too_many_answers_in_no_order(stage: Stage) -> None:
    stage.settings = stage.settings.model_copy(update={"pattern_repeats": 100})
    assert await stage.exchange(CIRCLE) == 12
    assert (await stage.guard.paused(stage.now))[0].layer is Layer.TURNS


async def test_a_bot_that_echoes_is_stopped_in_a_group_until_another_speaks(stage: Stage) -> None:
    assert await stage.talk(ECHO, 30) == 10
    assert stage.notices[0].body.endswith("it resumes when somebody else writes, or in 10 minutes.")
    assert ECHO not in stage.notices[0].body
    assert f"`{ECHO}`" in stage.told[0]
    await stage.says(OWL)
    assert await stage.talk(ECHO, 1) == 0
    await stage.says(BOB)
    assert await stage.talk(ECHO, 30) == 10
    assert await stage.talk(ADA, 1) == 1
    assert len(stage.notices) == len(stage.told) == 2


async def test_two_bots_that_echo_do_not_set_each_other_free(stage: Stage) -> None:
    answered = 0
    for _ in range(50):
        messages = [await stage.says(each, LUNA) for each in (ECHO, BOB)]
        for message in messages:
            if await stage.allows(LUNA, message):
                answered += 1
                await stage.says(LUNA)
    assert answered <= 20
    [pause] = await stage.guard.paused(stage.now)
    assert pause.concerned == {LUNA, ECHO, BOB}
    assert len(stage.notices) == 1


async def test_an_echo_to_two_accounts_does_not_set_them_free(stage: Stage) -> None:
    answered = 0
    for number in range(60):
        asked = (LUNA, OWL) if number > 5 else (LUNA,)
        message = await stage.says(ECHO, *asked)
        for account in asked:
            if await stage.allows(account, message):
                answered += 1
                await stage.says(account)
    assert answered <= 20
    assert len(stage.notices) == 1


async def test_a_persons_questions_beside_a_bots_are_answered(stage: Stage) -> None:
    await stage.talk(ECHO, 11)
    together = [await stage.says(ECHO, LUNA), await stage.says(ADA, LUNA)]
    assert await stage.allows(LUNA, *together)


async def test_a_bot_that_echoes_is_stopped_in_a_direct_room(direct: Stage) -> None:
    assert await direct.talk(ADA, 30) == 20
    [notice] = direct.notices
    assert notice.body.endswith("in less than 3 s; it resumes in 10 minutes.")
    direct.now += 10 * MINUTES_MS
    assert await direct.talk(ADA, 30) == 20


async def test_a_person_who_fires_off_questions_is_answered(direct: Stage) -> None:
    assert await direct.talk(ADA, 12) == 12
    assert await direct.talk(ADA, 18, 4_000) == 18
    assert direct.told == []


async def test_what_completes_an_answer_is_no_new_turn(stage: Stage) -> None:
    await stage.exchange(CIRCLE)
    message = await stage.says(OWL, LUNA)
    begun = Question(LUNA, message, (EventId("$part"),))
    assert await stage.guard.allows(stage.accounts[LUNA], [begun])


async def test_a_pause_outlives_a_restart(tmp_path: Path) -> None:
    memory = await Memory.open(tmp_path / "db.json", tmp_path / "archive.db")
    stage = Stage(memory)
    await stage.exchange(CIRCLE)
    now = stage.now
    await memory.close()
    memory = await Memory.open(tmp_path / "db.json", tmp_path / "archive.db")
    stage = Stage(memory)
    stage.now = now + 1000
    assert await stage.exchange(CIRCLE, asker=OWL) == 0
    assert len(await stage.guard.paused(stage.now)) == 1
    assert not stage.notices
    assert not stage.told
    await memory.close()


async def test_after_a_crash_the_room_is_told_by_the_same_event(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def crash(*_: object) -> None:
        raise WorldError("the power is gone")

    with monkeypatch.context() as crashing, pytest.raises(WorldError):
        crashing.setattr(stage.memory.archive, "record_unanswered", crash)
        await stage.exchange(CIRCLE)
    [debt] = await stage.memory.archive.owed(LUNA)
    question = (await stage.memory.archive.messages([debt.event_id]))[debt.event_id]
    assert not await stage.allows(LUNA, question)
    first, second = stage.accounts[LUNA].sent
    expected = transaction_id(LUNA, question.event_id, "pause")
    assert first.transaction_id == second.transaction_id == expected
    assert len(stage.told) == 1
    assert await stage.owed(LUNA) == 0


async def test_a_room_that_cannot_be_told_is_paused_all_the_same(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    stage.accounts[LUNA].failure = WorldError("no connection")
    assert await stage.exchange(CIRCLE) == 10
    assert "could not be told that it is paused: no connection" in caplog.text
    assert len(stage.told) == 1
    assert await stage.owed(LUNA) == 0


async def test_a_state_that_cannot_be_saved_still_stops_them(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail() -> None:
        raise WorldError("the disk is full")

    monkeypatch.setattr(stage.memory.state, "flush", fail)
    assert await stage.exchange(CIRCLE) == 10
    assert await stage.exchange(CIRCLE, asker=OWL) == 0
