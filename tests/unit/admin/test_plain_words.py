"""Plain words: a model proposes commands, people confirm them, and nothing runs by itself."""

import json
import time
from dataclasses import replace
from typing import Any

import pytest

from lunabot.admin.loader import builtin_folder, load_skills
from lunabot.admin.plain_words import PlainWords, is_offered, proposing
from lunabot.config import Settings
from lunabot.dispatch.queue import Question
from lunabot.llm.tools import ToolCall
from lunabot.matrix.events import Message, Reaction
from lunabot.matrix.ids import EventId, RoomId, UserId
from lunabot.memory.memory import Memory
from lunabot.prompt.tokens import Tokenizer
from tests.fake_account import FakeAccount
from tests.fake_services import ADMIN, ADMIN_ROOM, command
from tests.unit.admin.house import House
from tests.unit.admin.snowmen import AskingHouse, World

BUILTIN = load_skills([builtin_folder()]).registry
SMALL = {"budget_tokens": 3_000, "reply_tokens": 500}
CONFIGURED = {"llm": {"base_url": "http://models.example.org", "model": "m", "api_key": "k"}}
ASKED = command("Luna, say hello to the moon", event_id="$asked")


@pytest.fixture
def words(house: House) -> PlainWords:
    house.services.settings = Settings.model_validate(CONFIGURED)
    return PlainWords(lambda: house.room.confirmations)


def asked() -> Message:
    """Return the message as one of now: old ones are refused."""
    return replace(ASKED, timestamp=int(time.time() * 1000))


def question(message: Message | None = None) -> Question:
    return Question(UserId("@luna:localhost"), message or asked())


def call(typed: Any) -> ToolCall:
    return ToolCall("propose_command", json.dumps({"command": typed}))


async def tap(house: House, key: str = "✅", sender: UserId = ADMIN) -> None:
    [open_question] = house.services.memory.state.questions
    assert open_question.notice
    now = command("").timestamp
    reaction = Reaction(EventId("$tap"), ADMIN_ROOM, sender, now, open_question.notice, key)
    house.room.reacted(house.account.user_id, reaction)
    while len(house.room.tasks):
        await house.room.tasks.close(10)


async def test_a_harmless_command_is_asked_about_and_runs_on_a_yes(
    house: House, words: PlainWords
) -> None:
    await words.propose([question()], [call("/greet moon")])
    [asked, *offered] = house.said
    assert asked.startswith("Is this what you mean?\n\n```\n/greet moon\n```\n\nTap ✅")
    assert offered == ["✅", "❌"]
    await words.propose([question()], [call("/greet sun")])  # again, after a crash
    assert len(house.said) == 3
    await tap(house)
    assert "hello moon" in house.said
    assert [(each.verb, each.outcome) for each in await house.trail()] == [
        ("greet", "asked"),
        ("greet", "ok"),
    ]


@pytest.mark.parametrize("key", ["❌", "👍"])
async def test_without_a_yes_nothing_runs(house: House, words: PlainWords, key: str) -> None:
    await words.propose([question()], [call("greet")])
    await tap(house, key)
    await tap_of_a_stranger(house, key)
    assert "hello world" not in house.said


async def tap_of_a_stranger(house: House, key: str) -> None:
    if key == "👍":  # the question is still open
        await tap(house, "✅", UserId("@stranger:localhost"))


@pytest.mark.parametrize(
    ("proposed", "said"),
    [
        (call("/greit"), "I thought of `/greit`, but: There is no command `greit`. Did you mean"),
        (call("/fail"), "but: `HOW` is missing"),
        (call("/unlock sk"), "but: that has to be typed."),
        (call("!greet " + "x" * 5000), "but: it is too long to be shown"),
        (call("/destroy --yes"), "but: I may not say yes for you."),
        (call("?"), "I thought of `?`, but: that is no command."),
        (call(["/greet"]), 'but: I cannot read `{"command": ["/greet"]}`'),
        (ToolCall("propose_command", "{"), "but: I cannot read `{`"),
        (ToolCall("greet", "[1]"), "but: I cannot read `[1]`"),
    ],
)
async def test_what_is_wrong_with_a_call_is_shown(
    house: House, words: PlainWords, proposed: ToolCall, said: str
) -> None:
    await words.propose([question()], [proposed])
    [shown] = house.said
    assert said in shown
    assert list(house.services.memory.state.questions) == []


async def test_one_thing_at_a_time(house: House, words: PlainWords) -> None:
    await words.propose([question()], [call("/greet"), call("/destroy")])
    assert "only one thing at a time" in house.said[0]
    assert "/destroy" not in house.said[0]


async def test_tools_are_offered_where_a_command_would_be_obeyed(
    house: House, words: PlainWords
) -> None:
    def offered(message: Message | None = None) -> set[str]:
        tools = words.tools(house.account, [question(message)])
        return {line.split()[0] for tool in tools for line in tool.description.splitlines()[2:]}

    assert offered() == {"/greet", "/fail", "/destroy", "/wait"}  # and nothing that takes a secret
    assert offered(command("hi", sender=UserId("@stranger:localhost"))) == set()
    assert offered(command("hi", room_id=RoomId("!other:localhost"))) == set()
    assert offered(command("hi", timestamp=1)) == set()
    assert offered(command("hi", forwarded=True)) == set()
    assert words.tools(FakeAccount("@owl:localhost"), [question()]) == ()
    house.account.client.rooms[ADMIN_ROOM].join_rule = "public"
    assert offered() == {"/greet", "/fail", "/wait"}
    house.account.client.rooms[ADMIN_ROOM].encrypted = True
    assert offered() == set()
    less: list[dict[str, Any]] = [
        {"llm": {}},
        {"admin": {"plain_words": False}},
        {"context": SMALL},
    ]
    for section in less:
        house.services.settings = Settings.model_validate(CONFIGURED | section)
        assert words.tools(house.account, [question(command("hi", encrypted=True))]) == ()


def test_all_commands_fit_in_few_tokens() -> None:
    offered = [skill for skill in BUILTIN.skills if is_offered(skill)]
    tool = proposing(offered)
    for skill in offered:
        assert f"{skill.usage} - {skill.summary}" in tool.description
    assert Tokenizer("gpt-4o").count(json.dumps(tool.body)) < 1_500
    assert tool.parameters["required"] == ["command"]


async def test_a_plan_that_changed_is_not_carried_out(account: FakeAccount, memory: Memory) -> None:
    """The command's own plan is compared, as if it had been typed."""
    for change, melted in ((True, []), (False, ["Olaf", "Frosty"])):
        world = World()
        asking = AskingHouse(account, memory, world)
        words = PlainWords(lambda asked=asking.room.confirmations: asked)  # type: ignore[misc]
        await words.propose([question(command("melt them", event_id="$command"))], [call("/melt")])
        assert "2 snowmen melt" in str(asking.account.sent[-3].content)
        if change:
            world.snowmen.append("Bob")
        await asking.tap()
        assert world.melted == melted
        account.sent.clear()
