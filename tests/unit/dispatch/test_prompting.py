"""What of a room is read before an answer, and by whose settings."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from lunabot.config import ContextSettings
from lunabot.dispatch.prompting import Prompting, heard
from lunabot.dispatch.queue import Question
from lunabot.dispatch.sight import Sight
from lunabot.llm.tools import Tool
from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, UserId
from lunabot.memory.ledger import Debt
from lunabot.memory.memory import Memory
from lunabot.prompt.builder import BudgetTooSmall
from lunabot.prompt.tokens import Tokenizer
from tests.fake_account import FakeAccount
from tests.unit.dispatch.people import (
    ADA,
    BOB,
    LUNA,
    OTHER_ROOM,
    OWL,
    ROOM,
    Troupe,
    no_api,
    recall,
    said,
)

LARGE = ContextSettings()


class Desk:
    """A room's messages, and the prompts they make."""

    def __init__(self, account: FakeAccount, memory: Memory, tokenizer: Tokenizer) -> None:
        self.account = account
        self.tokenizer = tokenizer
        self.memory, self.state = memory, memory.state
        self.limits = LARGE
        self.troupe = Troupe()
        account.enter(ROOM, ADA, BOB, OWL)

    async def prompt(
        self,
        *earlier: Message,
        question: Message,
        who: UserId = LUNA,
        tools: Sequence[Tool] = (),
    ) -> list[str]:
        """Return the turns, each as ``role: text``."""
        await self.memory.record_sync(LUNA, "s1", [*earlier, question])
        prompting = Prompting(
            lambda: self.limits,
            self.troupe,
            self.memory,
            self.tokenizer,
            lambda message: not message.body.startswith("!"),
            Sight(lambda: False, no_api),
            recall(self.memory),
        )
        self.account.user_id = who
        prompt = await prompting(self.account, [Question(who, question)], tools)
        return [f"{turn.role}: {turn.content}" for turn in prompt.turns]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer("gpt-3.5-turbo")


@pytest.fixture
def desk(account: FakeAccount, memory: Memory, tokenizer: Tokenizer) -> Desk:
    return Desk(account, memory, tokenizer)


async def test_the_systems_prompt_then_what_was_said(desk: Desk) -> None:
    first, answer = said("a moon?", ago_ms=3000), said("It is round.", LUNA, ago_ms=2000)
    assert await desk.prompt(first, answer, question=said("why?")) == [
        "system: You are Luna.",
        "user: Ada: a moon?",
        "assistant: It is round.",
        "user: Ada: why?",
    ]


async def test_each_character_has_its_own_prompt_and_its_own_words(desk: Desk) -> None:
    hers = said("It is round.", LUNA, ago_ms=2000)
    own = said("Hoo.", OWL, ago_ms=1000)
    asked = said("a moon?", ago_ms=3000)
    turns = await desk.prompt(asked, hers, own, question=said("why?"), who=OWL)
    assert turns[0] == "system: You are an owl."
    assert [turn for turn in turns if turn.startswith("assistant")] == ["assistant: Hoo."]
    assert "Luna: It is round." in turns[1]


async def test_a_persona_reads_only_what_it_saw(desk: Desk) -> None:
    secret = said("before you came", ago_ms=5000)
    question = said("Owl?")
    desk.troupe = Troupe(saw=lambda message: message.timestamp > secret.timestamp)
    assert "before" not in "".join(await desk.prompt(secret, question=question, who=OWL))
    assert "before" in "".join(await desk.prompt(secret, question=question, who=LUNA))


async def test_a_question_that_is_answered_in_turn_is_left_to_its_turn(desk: Desk) -> None:
    late = said("late, and older", event_id="$late", ago_ms=3000)
    await desk.memory.record_sync(LUNA, "s0", [late], [Debt(LUNA, late.event_id, ROOM, 0)])
    shown = await desk.prompt(question=said("why?"))
    assert shown == ["system: You are Luna.", "user: Ada: why?"]
    shown = await desk.prompt(question=said("why?", event_id="$2"), who=OWL)
    assert any("late, and older" in turn for turn in shown)


async def test_commands_and_other_rooms_are_left_out(desk: Desk) -> None:
    desk.state.remember(OTHER_ROOM, [said("elsewhere", room_id=OTHER_ROOM)])
    turns = await desk.prompt(said("!health", ago_ms=1000), question=said("how are you?"))
    assert turns[1:] == ["user: Ada: how are you?"]


async def test_a_thread_is_a_conversation_of_its_own(desk: Desk) -> None:
    root = said("about moons", ago_ms=4000)
    inside = said("round?", ago_ms=3000, thread=root.event_id)
    outside = said("lunch?", BOB, ago_ms=2000)
    question = said("why?", thread=root.event_id)
    text = "".join(await desk.prompt(root, inside, outside, question=question))
    assert "about moons" in text and "round?" in text and "lunch?" not in text
    text = "".join(await desk.prompt(root, inside, question=outside))
    assert "about moons" in text and "round?" not in text


async def test_tools_are_counted_in_the_budget(desk: Desk) -> None:
    desk.limits = ContextSettings(budget_tokens=2_000, reply_tokens=500)
    earlier = said("moon " * 400, ago_ms=1000)
    tool = Tool("rain", "rain " * 1_200, {})
    assert "left out" not in str(await desk.prompt(earlier, question=said("why?")))
    assert "left out" in str(await desk.prompt(earlier, question=said("why?"), tools=[tool]))


def ids(*messages: Message) -> list[EventId]:
    return [message.event_id for message in messages]


def test_the_root_of_a_thread_belongs_to_it() -> None:
    root, other = said(ago_ms=3), said(ago_ms=2, thread=EventId("$other"))
    inside, after = said(ago_ms=1, thread=EventId("$root")), said()
    root = replace(root, event_id=EventId("$root"))
    recent = (root, other, inside, after)
    assert ids(*heard(recent, [Question(LUNA, inside)], {LUNA})) == ids(root, inside)
    assert ids(*heard(recent, [Question(LUNA, after)], {LUNA})) == ids(root, after)


def test_what_people_said_after_the_question_comes_with_the_next_answer() -> None:
    question, own = said(ago_ms=3), said("Hoo.", OWL, ago_ms=2)
    later = said("and lunch?", BOB, ago_ms=1)
    assert ids(*heard((question, own, later), [Question(LUNA, question)], {LUNA, OWL})) == ids(
        question, own
    )


def test_an_answer_to_be_replaced_is_not_there_yet() -> None:
    question, old, later = said(ago_ms=3), said("Round.", LUNA, ago_ms=2), said("Hoo.", OWL)
    recent = (question, old, later)
    parts = (old.event_id,)
    begun = Question(LUNA, question, parts)
    assert ids(*heard(recent, [begun], {LUNA, OWL})) == ids(question, later)
    again = Question(LUNA, question, parts, again=True)
    assert ids(*heard(recent, [again], {LUNA, OWL})) == ids(question)


async def test_a_question_that_lies_far_back_is_still_asked(desk: Desk) -> None:
    question = said("a moon?", ago_ms=900_000)
    later = [said(f"number {n}", BOB, ago_ms=800_000 - n) for n in range(80)]
    await desk.memory.record_sync(LUNA, "s1", later)
    assert await desk.prompt(question=question) == ["system: You are Luna.", "user: Ada: a moon?"]


async def test_of_a_long_room_more_is_read_than_is_at_hand(desk: Desk) -> None:
    earlier = [said(f"number {n}", BOB, ago_ms=800_000 - n) for n in range(150)]
    [_, turn] = await desk.prompt(*earlier, question=said("how many?"))
    assert turn.count("number") == 150


async def test_the_limits_are_those_of_the_moment(desk: Desk) -> None:
    earlier = [said(f"number {n} " + "moon " * 50, ago_ms=9000 - n) for n in range(40)]
    assert len("".join(await desk.prompt(*earlier, question=said("why?")))) > 10_000
    desk.limits = ContextSettings(budget_tokens=300, reply_tokens=50)
    turns = await desk.prompt(*earlier, question=said("why?"))
    assert len("".join(turns)) < 1500
    assert "number 39" in "".join(turns) and "number 1 " not in "".join(turns)


async def test_a_system_prompt_that_takes_it_all(desk: Desk) -> None:
    desk.limits = ContextSettings(budget_tokens=100, reply_tokens=60)
    with pytest.raises(BudgetTooSmall, match=r"raise context\.budget_tokens"):
        await desk.prompt(question=said("why?"))
