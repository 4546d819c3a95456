"""What a persona notes down of what it saw."""

from dataclasses import replace

import pytest

from lunabot.dispatch.cast import Character
from tests.fake_model import Answer
from tests.unit.remembering.study import Study, fitting
from tests.unit.remembering.talk import (
    ADA,
    BOB,
    EVENING,
    LUNA,
    MARA,
    MORNING,
    NOON,
    ROOM,
    START,
    chatter,
    talk,
)

pytestmark = pytest.mark.usefixtures("fitting_answers")


async def test_a_persona_that_spoke_takes_notes_of_what_it_saw(study: Study) -> None:
    study.cast[MARA] = Character(
        MARA, ("Mara",), "You are Mara, a sailor.", "", lambda m: m.timestamp >= START + 120_000
    )
    spoken = talk(chatter("boats", 12), senders=(ADA, MARA))
    await study.hear([*spoken, *MORNING[:1]])
    await study.summariser.work_off()
    notes = study.memory.state.notes.of(MARA)
    assert [(note.number, note.about, note.text, note.chapter) for note in notes] == [
        (1, ADA, "She sold her boat.", 1),
        (2, None, "I like boats.", 1),
    ]
    request = study.model.requests[-1]
    assert "You are Mara, and took part" in request.system
    assert "You are Mara, a sailor." in request.system
    assert spoken[0].body.strip() not in request.last_user
    assert study.memory.state.notes.of(LUNA) == ()


async def test_a_note_is_replaced_by_its_number_unless_an_administrator_wrote_it(
    study: Study,
) -> None:
    study.cast[BOB] = Character(BOB, ("Bob",), "You are Bob.")
    await study.hear([*EVENING, *MORNING[:1]])
    await study.summariser.work_off()
    table = study.memory.state.notes
    table.put(replace(table.of(BOB)[1], text="I am a sailor.", edited_by=ADA))
    study.model.reply = lambda request: (
        Answer("#1 Ada: She bought a new one.\n#2 Me: I like tea.\nEve: likes tea")
        if "remember" in request.system
        else fitting(request)
    )
    await study.hear([*MORNING[1:], *NOON])
    await study.summariser.work_off()
    assert "#1 Ada: She sold her boat.\n  #2 Me: I am a sailor." in study.said[-1]
    assert [(n.number, n.text, n.about, n.chapter, n.since) for n in table.of(BOB)] == [
        (1, "She bought a new one.", ADA, 2, 1),
        (2, "I am a sailor.", None, 1, 0),
        (3, "Eve: likes tea", None, 2, 0),
    ]
    table.retract(ROOM, frozenset({1}))
    assert [note.number for note in table.of(BOB)] == [2, 3]


async def test_where_nothing_is_worth_a_note_it_is_not_asked_again(study: Study) -> None:
    study.cast[BOB] = Character(BOB, ("Bob",), "You are Bob.")
    study.model.reply = lambda r: Answer("nothing") if "remember" in r.system else fitting(r)
    await study.hear([*EVENING, *MORNING[:1]])
    await study.summariser.work_off()
    await study.anew().summarise(ROOM)
    assert study.kinds.count("notes") == 1
    assert study.memory.state.notes.of(BOB) == ()
