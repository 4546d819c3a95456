"""Summing up as a whole: nothing is done twice or half, within a budget, by itself or not."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from lunabot.dispatch.cast import Character
from lunabot.errors import WorldError
from lunabot.matrix.events import Redaction
from lunabot.matrix.ids import EventId
from lunabot.memory.memory import Memory
from lunabot.remembering.desk import Desk, Work
from lunabot.remembering.segments import PAUSE_MS
from lunabot.remembering.writer import Enough
from tests.fake_model import Status
from tests.unit.remembering.study import Study, fitting
from tests.unit.remembering.talk import (
    ADA,
    BOB,
    DAY,
    EVENING,
    LUNA,
    MORNING,
    ROOM,
    START,
    chatter,
    talk,
)

pytestmark = pytest.mark.usefixtures("fitting_answers")


async def test_nothing_is_written_twice(study: Study) -> None:
    study.change(memory={"new_tokens": 500})
    await study.hear(DAY)
    await study.summariser.work_off()
    asked = len(study.model.requests)
    assert asked
    await study.summariser.work_off()
    await study.anew().work_off()
    await study.anew().summarise(None)  # all of it is known, but "Lunch?", which is in the lenses
    assert len(study.model.requests) == asked


async def test_a_crash_between_the_answer_and_the_store_leaves_nothing_half_written(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await study.hear(DAY)

    async def die(desk: Desk, work: Work) -> bool:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(type(study.desk), "unchanged", die)
        with pytest.raises(RuntimeError, match="killed"):
            await study.summariser.work_off()
    await study.memory.state.flush()
    assert '"chapters"' not in (tmp_path / "db.json").read_text()
    assert await study.writer.spent_today() > 0  # what was spent is known all the same
    await study.anew().summarise(ROOM)
    assert len(study.memory.state.chapters.of(ROOM)) == 2
    assert study.said[0] == study.said[1]


async def test_what_was_written_outlives_a_kill(study: Study, tmp_path: Path) -> None:
    await study.hear(DAY)
    await study.summariser.work_off()
    again = await Memory.open(tmp_path / "db.json", tmp_path / "archive.db")
    assert again.state.chapters.of(ROOM) == study.memory.state.chapters.of(ROOM) != ()
    await again.close()


async def test_a_redaction_takes_the_words_at_once_and_they_are_written_anew(study: Study) -> None:
    study.change(memory={"new_tokens": 500})
    study.cast[BOB] = Character(BOB, ("Bob",), "You are Bob.")
    await study.hear(DAY)
    await study.summariser.work_off()
    asked = len(study.model.requests)
    gone = replace(EVENING[3], body="")
    await study.memory.record_sync(
        LUNA, "s2", [Redaction(EventId("$r"), ROOM, ADA, START, gone.event_id)]
    )
    first, second = study.memory.state.chapters.of(ROOM)
    assert (first.stale, first.title, first.summary, first.threads) == (True, "", "", ())
    assert second.summary
    assert [text.text for text in study.memory.state.lenses.of(ROOM)] == ["", ""]
    assert [note.chapter for note in study.memory.state.notes.of(BOB)] == [2, 2]
    assert len(study.model.requests) == asked  # no model was needed
    await study.summariser.work_off()
    assert study.memory.state.chapters.of(ROOM)[0].summary
    assert all(text.text for text in study.memory.state.lenses.of(ROOM))
    assert {note.chapter for note in study.memory.state.notes.of(BOB)} == {1, 2}
    assert not any(EVENING[3].body.strip() in text for text in study.said[asked:])


async def test_a_day_has_so_many_tokens_and_no_more(study: Study) -> None:
    await study.hear(DAY)
    study.change(memory={"daily_tokens": 2_000})
    with pytest.raises(Enough, match="it goes on tomorrow"):
        await study.summariser.work_off()
    spent = await study.writer.spent_today()
    assert 0 < spent <= 2_000
    assert len(study.model.requests) == 1
    result = await study.summariser.summarise(ROOM)
    assert (result.chapters, result.tokens) == (0, 0)
    assert "of the 2,000 tokens" in result.left
    study.clock += 86_400_000
    assert await study.writer.spent_today() == 0
    await study.summariser.work_off()
    assert len(study.memory.state.chapters.of(ROOM)) == 2


async def test_a_model_that_fails_costs_nothing_that_was_there(study: Study) -> None:
    await study.hear(DAY)
    study.model.reply = lambda request: Status(401)
    with pytest.raises(WorldError):
        await study.summariser.summarise(ROOM)
    assert study.memory.state.chapters.of(ROOM) == ()
    study.model.reply = fitting
    await study.summariser.work_off()
    assert len(study.memory.state.chapters.of(ROOM)) == 2


async def test_on_command_even_the_newest_part_is_summed_up(study: Study) -> None:
    await study.hear(EVENING)
    told: list[str] = []

    async def progress(text: str) -> None:
        told.append(text)

    result = await study.summariser.summarise(None, progress=progress)
    assert (result.chapters, result.lenses, result.notes, result.left) == (1, 2, 0, "")
    assert result.tokens == await study.writer.spent_today() > 0
    assert told[-1] == "Written so far: chapters 1, lens texts 2, notes 0"
    await study.hear(MORNING)
    await study.summariser.summarise(ROOM)
    first, second = study.memory.state.chapters.of(ROOM)
    assert (first.last, second.first) == (EVENING[-1].event_id, MORNING[0].event_id)


async def test_anew_since_a_moment_but_not_what_an_administrator_wrote(study: Study) -> None:
    await study.hear(DAY)
    await study.summariser.summarise(ROOM)
    state = study.memory.state
    first, second = state.chapters.of(ROOM)
    asked = len(study.model.requests)
    await study.summariser.summarise(ROOM, since_ms=MORNING[0].timestamp)
    assert study.kinds[asked:] == ["chapter", "lens", "lens"]
    assert MORNING[0].body.strip() in study.said[asked]
    assert "[2023-11-14: Boats]\n  Ada sold her boat" in study.said[-1]
    assert EVENING[0].body.strip() not in study.said[-1]
    state.chapters.put(second.edited(ADA, summary="Tea, says Eve."))
    await study.summariser.summarise(ROOM, since_ms=0)
    assert state.chapters.of(ROOM)[1].summary == "Tea, says Eve."
    assert state.chapters.of(ROOM)[0] == first


async def test_commands_and_notices_are_no_talk(study: Study) -> None:
    noise = [replace(message, msgtype="m.notice") for message in talk(chatter("notice", 300))]
    orders = talk([f"!command {body}" for body in chatter("order", 9)], start=START + PAUSE_MS * 9)
    await study.hear([*noise, *orders])
    await study.summariser.summarise(ROOM)
    assert study.model.requests == []
    later = [
        replace(m, timestamp=m.timestamp + 20 * PAUSE_MS, event_id=EventId(f"{m.event_id}l"))
        for m in EVENING
    ]
    await study.hear(later)
    await study.summariser.summarise(ROOM)
    assert not any("notice" in text or "order" in text for text in study.said)
    assert study.memory.state.chapters.of(ROOM)[0].first == later[0].event_id


async def test_by_herself_only_where_the_settings_want_it(study: Study) -> None:
    study.change(memory={"summarise": False})
    await study.hear(DAY)
    await study.summariser.work_off()
    assert study.model.requests == []
    assert (await study.summariser.summarise(ROOM)).chapters == 2


async def test_it_works_in_the_background(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lunabot.remembering.summariser._LOOK_EVERY_S", 0.01)
    await study.hear(DAY)
    study.memory.take_news()  # before it ran
    running = asyncio.create_task(study.summariser.run())
    await study.model.wait_for(lambda request: "tea" in request.last_user)
    await study.hear(talk(chatter("cars", 12), start=START + 6 * PAUSE_MS))
    await study.hear(talk(["?"], start=START + 9 * PAUSE_MS))
    await study.model.wait_for(lambda request: "cars" in request.last_user)
    running.cancel()


async def test_the_state_of_it_in_words(study: Study) -> None:
    assert await study.summariser.status() == (
        "about 0 tokens not summed up, 0 of 200,000 tokens spent today"
    )
    await study.hear(EVENING)
    assert (await study.summariser.status()).startswith("about 638 tokens")
    await study.summariser.summarise(ROOM)
    status = await study.summariser.status()
    assert status.startswith("about 0 tokens not summed up, 1,")


async def test_in_the_background_a_model_that_fails_is_asked_again_later(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lunabot.remembering.summariser._PAUSE_S", 0.01)
    study.model.enqueue(Status(401))
    await study.hear(DAY)
    running = asyncio.create_task(study.summariser.run())
    await study.model.wait_for(lambda request: "tea" in request.last_user)
    assert study.kinds == ["chapter"] * 3
    running.cancel()


async def test_the_last_trouble_is_part_of_its_state(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    study.change(memory={"daily_tokens": 0})
    await study.hear(DAY)
    told = asyncio.Event()
    monkeypatch.setattr("lunabot.remembering.summariser.log.warning", lambda *words: told.set())
    running = asyncio.create_task(study.summariser.run())
    await told.wait()
    await asyncio.sleep(0)
    assert "; summing up has cost 0 of the 0 tokens" in await study.summariser.status()
    running.cancel()
