"""What is remembered for a question besides the newest messages, and by whom."""

from collections.abc import Mapping, Sequence

import pytest

from lunabot.dispatch.cast import Character
from lunabot.dispatch.recall import Recall, Recalled
from lunabot.matrix.events import Message
from lunabot.matrix.ids import RoomId, UserId
from lunabot.memory.chapters import Chapter
from lunabot.memory.memory import Memory
from lunabot.memory.retrieval.retriever import Retriever
from lunabot.remembering.records import Records
from tests.unit.dispatch.people import ADA, BOB, LUNA, OTHER_ROOM, OWL, ROOM, said

SECRET = said("the key lies under the flowerpot", BOB, ago_ms=900_000)
COMMAND = said("!flowerpot key", BOB, ago_ms=800_000)
ELSEWHERE = said("a key in the other room's flowerpot", BOB, ago_ms=800_000, room_id=OTHER_ROOM)
QUESTION = said("where is the key?")


class Asked:
    """A memory in which Luna is asked."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.share: Mapping[RoomId, Sequence[RoomId]] = {}

    async def recall(self, character: Character, *, is_whole: bool = False) -> Recalled:
        """Recall something for the question."""
        await self.memory.record_sync(LUNA, "s1", [SECRET, COMMAND, ELSEWHERE, QUESTION])
        recall = Recall(
            Records(self.memory, lambda: {}, lambda: 8_000),
            Retriever(self.memory.archive),
            lambda: self.share,
            lambda message: not message.body.startswith("!"),
        )
        return await recall(
            character,
            [QUESTION],
            QUESTION,
            names={ADA: "Ada", BOB: "Bob"},
            own={LUNA, OWL},
            budget_tokens=8_000,
            is_whole=is_whole,
        )


@pytest.fixture
def asked(memory: Memory) -> Asked:
    return Asked(memory)


def character(user_id: UserId = LUNA, *unseen: Message) -> Character:
    missed = {message.event_id for message in unseen}
    return Character(user_id, (), "", saw=lambda message: message.event_id not in missed)


async def test_older_words_of_the_room_are_found_and_commands_are_not(asked: Asked) -> None:
    assert (await asked.recall(character())).messages == (SECRET,)


async def test_what_it_did_not_see_is_not_remembered(asked: Asked) -> None:
    assert (await asked.recall(character(OWL, SECRET))).messages == ()


async def test_where_the_prompt_has_all_of_the_room_nothing_is_looked_for(asked: Asked) -> None:
    assert (await asked.recall(character(), is_whole=True)).messages == ()


async def test_from_another_room_only_what_is_shared(asked: Asked) -> None:
    asked.share = {ROOM: [OTHER_ROOM]}
    found = await asked.recall(character(), is_whole=True)
    assert set(found.messages) == {SECRET, ELSEWHERE}
    assert (await asked.recall(character(OWL, ELSEWHERE))).messages == (SECRET,)


async def test_chapters_come_along(asked: Asked) -> None:
    chapter = Chapter(
        ROOM,
        1,
        0,
        SECRET.event_id,
        SECRET.event_id,
        SECRET.timestamp,
        SECRET.timestamp,
        (BOB,),
        "Keys",
        "Bob hid the key.",
        (),
    )
    asked.memory.state.chapters.put(chapter)
    long_ago = said("x " * 40_000, BOB, ago_ms=500_000)
    await asked.memory.record_sync(LUNA, "s0", [long_ago])
    [excerpt] = (await asked.recall(character())).chapters
    assert "Bob hid the key." in excerpt.text
