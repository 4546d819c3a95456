"""Whatever is remembered, a prompt holds nothing of rooms or times that its account did not see."""

import asyncio
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from lunabot.config import ContextSettings
from lunabot.dispatch.cast import Character
from lunabot.dispatch.prompting import Prompting
from lunabot.dispatch.queue import Question
from lunabot.dispatch.recall import Recall
from lunabot.dispatch.sight import Sight
from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, RoomId, UserId
from lunabot.memory.archive import Archive
from lunabot.memory.chapters import Chapter
from lunabot.memory.lenses import LensText
from lunabot.memory.memory import Memory
from lunabot.memory.retrieval.retriever import Retriever
from lunabot.memory.state import State
from lunabot.personas.persona import Persona, Stay
from lunabot.prompt.tokens import Tokenizer
from lunabot.remembering.records import Records
from tests.fake_account import FakeAccount
from tests.unit.dispatch.people import ADA, BOB, LUNA, OTHER_ROOM, OWL, ROOM, no_api
from tests.unit.personas.characters import teacher

LENSES = {"technical": "Boats and figures."}
MINUTE = 60_000
START = 1_700_000_000_000
LAST = 12  # the minute of the question


@dataclass(frozen=True, slots=True)
class House:
    """Who is there, and all that is known."""

    persona: Persona
    memory: Memory
    tokenizer: Tokenizer

    def characters(self) -> dict[UserId, Character]:
        """Return Luna, who saw everything, and an owl that came and went."""
        saw = self.persona.saw
        return {
            LUNA: Character(LUNA, ("Luna",), "You are Luna."),
            OWL: Character(
                OWL, ("Owl",), "You are an owl.", "", lambda m: saw(m.room_id, m.timestamp)
            ),
        }

    async def prompt(self, who: UserId, question: Message, budget: int) -> str:
        """Return all that the model is shown."""
        account = FakeAccount(who)
        account.enter(ROOM, ADA, BOB, OWL, LUNA)
        records = Records(self.memory, lambda: LENSES, lambda: budget)
        recall = Recall(records, Retriever(self.memory.archive), lambda: {}, lambda _: True)
        prompting = Prompting(
            lambda: ContextSettings(budget_tokens=budget, reply_tokens=100),
            self,
            self.memory,
            self.tokenizer,
            lambda message: True,
            Sight(lambda: False, no_api),
            recall,
        )
        prompt = await prompting(account, [Question(who, question)])
        assert prompt.tokens <= budget - 100
        return "\n".join(turn.content for turn in prompt.turns)


def mark(message: Message) -> str:
    """Return the word that only this message has, and what was made of it."""
    return f"x{message.event_id.removeprefix('$')}x"


def say(number: int, minute: int, room_id: RoomId, sender: UserId, words: int) -> Message:
    bare = Message(EventId(f"${number}"), room_id, sender, START + minute * MINUTE, "")
    return replace(bare, body=f"boats {mark(bare)} " + "and more boats " * words)


def remember(memory: Memory, persona: Persona, room_id: RoomId, talk: Sequence[Message]) -> None:
    """Make chapters, one above them, a lens text and notes of what was said in a room."""
    state = memory.state
    cuts = range(0, len(talk), 3)
    for number, start in enumerate(cuts, 1):
        part = talk[start : start + 3]
        state.chapters.put(_chapter(number, 0, part))
        heard = [each for each in part if persona.saw(room_id, each.timestamp)]
        if heard:
            state.notes.add(OWL, _told(heard), ADA, room_id, number, heard[-1].timestamp)
    if len(cuts) > 1:
        state.chapters.put(_chapter(1, 1, talk[:6]))
    if talk:
        until = talk[-1].timestamp
        state.lenses.put(LensText(room_id, "technical", _told(talk), until, until))


def _chapter(number: int, level: int, talk: Sequence[Message]) -> Chapter:
    first, last = talk[0], talk[-1]
    return Chapter(
        first.room_id, number, level, first.event_id, last.event_id, first.timestamp,
        last.timestamp, (ADA, BOB), "Boats", _told(talk),
    )  # fmt: skip


def _told(talk: Collection[Message]) -> str:
    return "They spoke of " + ", ".join(map(mark, talk))


_TALK = st.lists(
    st.tuples(
        st.integers(0, LAST - 1),
        st.sampled_from([ROOM, ROOM, OTHER_ROOM]),
        st.sampled_from([ADA, BOB, OWL, LUNA]),
        st.integers(0, 60),
    ),
    max_size=30,
)
_BOUNDS = st.lists(st.integers(0, LAST), unique=True, max_size=5).map(sorted)


@settings(max_examples=60)
@given(drawn=_TALK, bounds=_BOUNDS, budget=st.integers(400, 6_000))
def test_nothing_of_rooms_or_times_it_did_not_see(
    tokenizer: Tokenizer,
    drawn: list[tuple[int, RoomId, UserId, int]],
    bounds: list[int],
    budget: int,
) -> None:
    said = sorted(
        (say(number, *fields) for number, fields in enumerate(drawn)), key=lambda m: m.timestamp
    )
    moments = [START + minute * MINUTE for minute in bounds]
    stays = [Stay(ROOM, *pair) for pair in list(pairwise(moments))[::2]]
    stays.append(Stay(ROOM, moments[-1] if len(moments) % 2 else START + LAST * MINUTE))
    persona = replace(teacher(), user_id=OWL, stays=(*stays, Stay(OTHER_ROOM, 0)))
    question = say(999, LAST, ROOM, ADA, 0)
    asyncio.run(_check(tokenizer, persona, [*said, question], budget))


async def _check(
    tokenizer: Tokenizer, persona: Persona, said: Sequence[Message], budget: int
) -> None:
    memory = Memory(await Archive.open(None), await State.open(None))
    house = House(memory.state.put_persona(persona), memory, tokenizer)
    await memory.record_sync(LUNA, "s1", said)
    for room_id in (ROOM, OTHER_ROOM):
        remember(memory, persona, room_id, [each for each in said[:-1] if each.room_id == room_id])
    here = {mark(each): each for each in said if each.room_id == ROOM}
    for who, character in house.characters().items():
        shown = set(re.findall(r"x\d+x", await house.prompt(who, said[-1], budget)))
        assert shown <= {name for name, each in here.items() if character.saw(each)}
        assert mark(said[-1]) in shown
    await memory.close()
