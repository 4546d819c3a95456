"""Who answers: Luna as she is configured now, and the personas as their documents are now."""

from dataclasses import replace

from lunabot.dispatch.cast import Character
from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, RoomId, UserId
from lunabot.personas.company import Company
from lunabot.personas.persona import Stay
from tests.unit.personas.characters import CLASSROOM, GARDEN, TEACHER, teacher

LUNA = UserId("@luna:localhost")


def said(at: int, room_id: RoomId = CLASSROOM) -> Message:
    return Message(EventId("$said"), room_id, LUNA, at, body="hello")


def company(prompts: list[str]) -> Company:
    return Company(lambda: Character(LUNA, ("Luna",), prompts[-1]))


def test_luna_comes_first_and_as_she_is_configured_at_the_moment() -> None:
    prompts = ["old"]
    there = company(prompts)
    there.put(teacher())
    prompts.append("new")
    assert list(there.characters()) == [LUNA, TEACHER]
    assert there.characters()[LUNA].prompt == "new"
    assert list(there.personas()) == [TEACHER]


def test_a_persona_is_its_document_in_words() -> None:
    there = company(["Luna"])
    there.put(teacher(displayname="Old Teacher", model="big"))
    character = there.characters()[TEACHER]
    assert character.names == ("Old Teacher",)
    assert character.model == "big"
    assert "You teach history." in character.prompt
    assert "80" not in character.prompt


def test_a_change_counts_at_once_and_a_removal_too() -> None:
    there = company(["Luna"])
    there.put(teacher())
    there.put(replace(teacher(), displayname="Another"))
    assert there.characters()[TEACHER].names == ("Another",)
    there.remove(TEACHER)
    there.remove(TEACHER)
    assert list(there.characters()) == [LUNA]
    assert not there.personas()


def test_a_persona_knows_what_was_said_where_and_while_it_was_a_member() -> None:
    there = company(["Luna"])
    there.put(teacher(stays=(Stay(CLASSROOM, 1_000, 2_000), Stay(CLASSROOM, 3_000))))
    saw = there.characters()[TEACHER].saw
    moments = [999, 1_000, 1_999, 2_000, 2_999, 3_000, 9_000]
    heard = [at for at in moments if saw(said(at))]
    assert heard == [1_000, 1_999, 3_000, 9_000]
    has_joined = there.characters()[TEACHER].has_joined
    assert (has_joined(CLASSROOM), has_joined(RoomId("!other:localhost"))) == (True, False)
    assert not saw(said(1_500, GARDEN))
