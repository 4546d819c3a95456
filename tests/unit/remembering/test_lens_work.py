"""Lenses: they follow what is new, and keep what an administrator wrote."""

import pytest

from lunabot.errors import UserMistake
from lunabot.matrix.events import Redaction
from lunabot.matrix.ids import EventId
from lunabot.remembering.segments import PAUSE_MS
from tests.fake_model import Answer
from tests.unit.remembering.study import Study
from tests.unit.remembering.talk import (
    ADA,
    DAY,
    EVENING,
    LUNA,
    MORNING,
    NOON,
    ROOM,
    START,
    chatter,
    talk,
)

pytestmark = pytest.mark.usefixtures("fitting_answers")


async def test_lenses_follow_what_is_new_with_the_version_before(study: Study) -> None:
    study.change(memory={"new_tokens": 500})
    await study.hear(DAY)
    await study.summariser.work_off()
    before = study.memory.state.lenses.get(ROOM, "technical")
    assert before is not None
    assert before.until == NOON[-1].timestamp
    asked = len(study.model.requests)
    news = talk(chatter("cars", 12), start=START + 6 * PAUSE_MS)
    await study.hear(news)
    await study.summariser.work_off()
    requests = [r for r in study.model.requests[asked:] if "Tools and figures." in r.system]
    assert len(requests) == 1
    assert f"[So far:]\n  {before.text}\n[New:]" in requests[0].last_user
    assert news[0].body.strip() in requests[0].last_user
    assert "boats" not in requests[0].last_user
    after = study.memory.state.lenses.get(ROOM, "technical")
    assert after is not None
    assert after.until == news[-1].timestamp


async def test_too_little_is_new_for_a_lens(study: Study) -> None:
    await study.hear(EVENING[:3])
    await study.summariser.work_off()
    assert study.model.requests == []


async def test_a_refused_lens_keeps_its_old_text(study: Study) -> None:
    await study.hear(EVENING)
    await study.summariser.summarise(ROOM)
    before = study.memory.state.lenses.of(ROOM)
    study.model.reply = lambda request: Answer("long " * 2_000)
    await study.hear(MORNING)
    result = await study.summariser.summarise(ROOM, "technical")
    assert "the model wrote more than 700 tokens" in result.left
    assert study.memory.state.lenses.of(ROOM) == before


async def test_one_lens_alone(study: Study) -> None:
    await study.hear(EVENING)
    result = await study.summariser.summarise(ROOM, "emotional")
    assert (result.chapters, result.lenses) == (0, 1)
    assert [text.lens for text in study.memory.state.lenses.of(ROOM)] == ["emotional"]
    with pytest.raises(UserMistake, match="no lens 'legal'"):
        await study.summariser.summarise(ROOM, "legal")


async def test_an_administrators_words_are_kept_over_the_next_summary(study: Study) -> None:
    await study.hear(EVENING)
    await study.summariser.summarise(ROOM)
    table = study.memory.state.lenses
    edit(study, "The boat is of oak.\nIt is *dear*.")
    await study.hear(MORNING)
    await study.summariser.summarise(ROOM, "technical")
    request = study.model.requests[-1]
    assert "It stays, word for word, in front of your record" in request.system
    assert "[Given:]\n  The boat is of oak.\n  It is *dear*.\n[New:]" in request.last_user
    assert EVENING[0].body.strip() not in request.last_user
    after = table.get(ROOM, "technical")
    assert after is not None
    assert after.text == f"The boat is of oak.\nIt is *dear*.\n\n{after.written}"
    assert after.written.startswith("Record ")
    assert (after.edited_by, after.until) == (ADA, MORNING[-1].timestamp)
    await study.hear(NOON)
    await study.summariser.summarise(ROOM, "technical")
    assert f"[So far:]\n  {after.written}\n[New:]" in study.said[-1]
    await study.summariser.summarise(ROOM, since_ms=0)
    assert study.said[-1].count("  The boat is of oak.") == 1
    await study.memory.record_sync(
        LUNA, "s2", [Redaction(EventId("$r"), ROOM, ADA, START, MORNING[3].event_id)]
    )
    [lost] = [each for each in table.of(ROOM) if each.lens == "technical"]
    assert lost.text == "The boat is of oak.\nIt is *dear*."
    await study.summariser.work_off()
    [anew] = [each for each in table.of(ROOM) if each.lens == "technical"]
    assert anew.text.startswith("The boat is of oak.\nIt is *dear*.\n\nRecord ")
    edit(study, "It is of pine.")
    assert [each.text for each in table.of(ROOM) if each.lens == "technical"] == ["It is of pine."]


def edit(study: Study, text: str) -> None:
    """Write what the technical lens says by hand."""
    lens = study.memory.state.lenses.get(ROOM, "technical")
    assert lens is not None
    study.memory.state.lenses.put(lens.edited(ADA, text, study.clock))


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ("nothing", ""),
        ("The boat is of oak.\n", ""),
        ("The boat is of oak.\n\nBob sails it.", "Bob sails it."),
        ("The boat is of pine.", "The boat is of pine."),
    ],
)
async def test_what_a_model_only_repeats_is_not_kept_twice(
    study: Study, answer: str, kept: str
) -> None:
    await study.hear(EVENING)
    await study.summariser.summarise(ROOM)
    edit(study, "The boat is of oak.")
    study.model.reply = lambda request: Answer(answer)
    await study.hear(MORNING)
    await study.summariser.summarise(ROOM, "technical")
    asked = len(study.model.requests)
    after = study.memory.state.lenses.get(ROOM, "technical")
    assert after is not None
    assert (after.pinned, after.written) == ("The boat is of oak.", kept)
    assert (after.until, after.stale) == (MORNING[-1].timestamp, False)
    assert (await study.summariser.summarise(ROOM, "technical")).lenses == 0
    assert len(study.model.requests) == asked


async def test_a_long_text_by_hand_leaves_room_for_what_is_new(study: Study) -> None:
    await study.hear(EVENING)
    await study.summariser.summarise(ROOM)
    edit(study, "a long story " * 5_000)
    await study.hear(MORNING)
    assert (await study.summariser.summarise(ROOM, "technical")).lenses == 1
    assert MORNING[-1].body.strip() in study.said[-1]
