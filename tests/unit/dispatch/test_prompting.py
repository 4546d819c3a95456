"""What of a room is read before an answer, and by whose settings."""

import pytest

from lunabot.config import ContextSettings
from lunabot.dispatch.prompting import Prompting, same_thread
from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, UserId
from lunabot.memory.memory import Memory
from lunabot.prompt.builder import BudgetTooSmall
from lunabot.prompt.tokens import Tokenizer
from tests.fake_account import FakeAccount
from tests.unit.dispatch.people import ADA, BOB, LUNA, OTHER_ROOM, OWL, ROOM, Troupe, said

LARGE = ContextSettings()


class Desk:
    """A room's messages, and the prompts they make."""

    def __init__(self, account: FakeAccount, memory: Memory, tokenizer: Tokenizer) -> None:
        self.account = account
        self.tokenizer = tokenizer
        self.state = memory.state
        self.limits = LARGE
        self.troupe = Troupe()
        account.enter(ROOM, ADA, BOB, OWL)

    async def prompt(self, *earlier: Message, question: Message, who: UserId = LUNA) -> list[str]:
        """Return the turns, each as ``role: text``."""
        self.state.refill(ROOM, [*earlier, question])
        prompting = Prompting(
            lambda: self.limits,
            self.troupe,
            self.state,
            self.tokenizer,
            lambda message: not message.body.startswith("!"),
        )
        self.account.user_id = who
        prompt = await prompting(self.account, question)
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


def test_the_root_of_a_thread_belongs_to_it() -> None:
    root, other = said(), EventId("$other")
    inside = said(thread=root.event_id)
    assert same_thread(root, inside)
    assert same_thread(inside, inside)
    assert same_thread(root, said())
    assert not same_thread(inside, root)
    assert not same_thread(said(thread=other), inside)


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
