"""Whatever is typed in the admin room is a command, a mistake with an answer, or chat."""

import asyncio
import json as json_text
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunabot.admin.grammar import Command, Names, read_command
from lunabot.admin.invisible import without_invisible
from lunabot.admin.loader import builtin_folder, load_skills
from lunabot.admin.plain_words import PlainWords
from lunabot.admin.structured import read_call
from lunabot.config import Settings
from lunabot.dispatch.queue import Question
from lunabot.errors import UserMistake
from lunabot.llm.tools import ToolCall
from lunabot.matrix.command_call import CommandCall
from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, RoomId, UserId
from lunabot.memory.archive import Archive
from lunabot.memory.memory import Memory
from lunabot.memory.state import State
from tests.fake_account import FakeAccount
from tests.fake_services import ADMIN, ADMIN_ROOM
from tests.fuzz import made_up
from tests.fuzz.campaign import FUZZ
from tests.unit.admin.house import House

T = TypeVar("T")
LUNA = UserId("@luna:localhost")
NAMES = Names(LUNA, "Luna", ("luna", "lunabot"))
REGISTRY = load_skills([builtin_folder()]).registry

_PIECES = (
    "/|//|\\/|!|⁄|∕|／|/plain |luna: |@luna:localhost |Luna, |> quoted\n| |\n|\t|\u00a0|\\|"
    "'|\"|„|“|”|«|»|=|,|--|-- |—|--yes|--room |room=|--set |a=b|#room|!room:localhost|9|-1|1e9|"
    "@ada:localhost|2025-01-31|[ada](https://matrix.to/#/@ada:localhost)|matrix:u/ada:localhost|"
    '<a href="|</a>'
)
pieces = st.sampled_from([*_PIECES.split("|"), "|"]) | st.sampled_from(sorted(REGISTRY.verbs))
lines = st.lists(pieces | made_up.texts, max_size=12).map("".join)
commands = st.builds(
    "{}{} {}".format,
    st.sampled_from(["/", "!", "//"]),
    st.sampled_from(sorted(REGISTRY.verbs)),
    lines,
)


def typed(body: str, html: str | None = None, replied: str | None = None) -> Message:
    """Return what an administrator has just typed."""
    now = int(time.time() * 1000)
    reply = EventId(replied) if replied else None
    return Message(
        EventId(f"$typed-{time.monotonic_ns()}"), ADMIN_ROOM, ADMIN, now, body,
        formatted_body=html, in_reply_to=reply,
    )  # fmt: skip


def read(message: Message) -> Command | None:
    """Return the command that a message spells, once its skill has read it or said why not."""
    command = read_command(message, NAMES, REGISTRY.verbs)
    if command:
        try:
            skill = REGISTRY.require(command.verb)
            skill.masked(command.text)
            skill.read(command.text, "localhost")
        except UserMistake as mistake:
            assert str(mistake)
    return command


@FUZZ
@given(commands | lines, st.none() | lines, st.none() | st.just("$e"))
def test_any_text_is_read_or_answered(body: str, html: str | None, replied: str | None) -> None:
    command = read(typed(body, html, replied))
    if command and command.verb in REGISTRY.verbs:
        assert without_invisible(command.text) == command.text


@FUZZ
@given(st.sampled_from("⁄∕／⧸╱＼"), st.sampled_from(sorted(REGISTRY.verbs)), lines)
def test_what_only_looks_like_a_slash_is_chat(slash: str, verb: str, rest: str) -> None:
    assert read(typed(f"{slash}{verb} {rest}")) is None


@FUZZ
@given(
    st.lists(
        st.sampled_from("\u200b\u2060\ufeff\u00ad\u200e\u200f\u202a\u202e\u2066\u2069"), max_size=6
    )
)
def test_what_cannot_be_seen_changes_no_command(marks: list[str]) -> None:
    letters = [*"/purge messages", *marks]
    for place, mark in enumerate(marks):
        letters.insert((place * 7) % len(letters), mark)
    assert read(typed("".join(letters))) == Command("purge", " messages")


HOSTILE = {
    "quotes": '"' * 60_000,
    "open quotes": '/spawn "' + "a\\" * 30_000,
    "single quotes": "/spawn " + "'a " * 20_000,
    "backslashes": "/spawn " + "\\" * 60_000,
    "options": "/spawn a " + "--room x " * 6_600,
    "assignments": "/spawn " + "a=" * 30_000,
    "commas": "/spawn " + ',"' * 30_000,
    "dashes": "/spawn " + "—" * 20_000,
    "slashes": "/" * 60_000,
    "a long verb": "/" + "spawn" * 12_000,
    "a long option": "/spawn --" + "rom" * 20_000,
    "links": "/spawn " + "[a](" * 15_000,
    "spaces": "/spawn" + " " * 60_000 + "x",
    "lines": "/spawn\n" * 8_500,
    "quoted lines": "> a\n" * 15_000 + "/spawn",
    "names": "luna: " * 10_000,
    "joiners": "/spawn " + "a\u200d" * 20_000,
    "right to left": "/spawn " + "\u202e\u0627" * 15_000,
    "traits": "/spawn a --traits " + "a=b," * 15_000,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_line_as_long_as_an_event_is_read(kind: str, tell: Callable[[str], None]) -> None:
    body = HOSTILE[kind]
    before = time.process_time()
    for html in (None, "<a href='" * 6_000, "<a href='https://matrix.to/#/@a:b'>a</a>" * 1_500):
        read(typed(body, html))
    took_ms = (time.process_time() - before) / 3 * 1000
    if took_ms > 20:
        tell(f"60 KB of {kind}: {took_ms:.0f} ms of CPU to read")


class Room:
    """The admin room of a Luna, alive as long as the module's tests."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self.memory = self.run(self._open())
        self.account = FakeAccount()
        self.house = House(self.account, self.memory)
        self.house.services.settings = Settings.model_validate(
            {"llm": {"base_url": "http://m.example.org", "model": "m", "api_key": "k"}}
        )

    async def _open(self) -> Memory:
        return Memory(await Archive.open(None), await State.open(None))

    def run(self, doing: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(doing)

    def close(self) -> None:
        self.run(self.memory.close())
        self._loop.close()


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    alive = Room()
    yield alive
    alive.close()


@FUZZ
@given(made_up.json | st.fixed_dictionaries({"command": made_up.json}))
def test_any_call_of_the_tool_is_asked_about_or_answered(room: Room, arguments: Any) -> None:
    ask(room, json_text.dumps(arguments))


@FUZZ
@given(commands | lines)
def test_any_command_a_model_proposes_is_asked_about_or_answered(room: Room, line: str) -> None:
    ask(room, json_text.dumps({"command": line}))


@pytest.mark.parametrize("arguments", ["[" * 100_000, "", "{", '{"command": ' + "9" * 9_000 + "}"])
def test_what_is_no_call_is_answered(room: Room, arguments: str) -> None:
    ask(room, arguments)


def ask(room: Room, arguments: str) -> None:
    """Let the model call its tool: one thing is said, and nothing is run."""
    words = PlainWords(lambda: room.house.room.confirmations)
    sent = len(room.account.sent)
    question = Question(LUNA, typed("Luna, please"))
    room.run(words.propose([question], [ToolCall("propose_command", arguments)]))
    said = room.account.sent[sent:]
    assert said
    assert all(each.content.get("m.relates_to", {}).get("key") != "✅" or each for each in said)


@FUZZ
@given(
    st.sampled_from(sorted(REGISTRY.verbs)) | made_up.texts,
    made_up.objects | st.dictionaries(made_up.words | made_up.texts, made_up.json),
)
def test_a_command_sent_as_data_is_one_that_could_be_typed(
    verb: str, arguments: dict[str, Any]
) -> None:
    command = read_call(CommandCall(verb, arguments), REGISTRY)
    if not command.mistake and (skill := REGISTRY.find(command.verb)):
        try:
            skill.read(command.text, "localhost")
        except UserMistake as mistake:
            assert str(mistake)


@FUZZ
@given(st.sampled_from(["greet", "fail", "unlock", "wat"]), lines, made_up.json)
def test_whatever_is_run_is_answered_and_audited(
    room: Room, verb: str, rest: str, arguments: Any
) -> None:
    room.house.room._pace = type(room.house.room._pace)()  # as many a minute as it takes
    call = CommandCall(verb, arguments) if isinstance(arguments, dict) else None
    message = replace(
        typed(f"/{verb} {rest}"), call=call, mentions=frozenset([LUNA]) if call else None
    )
    known = len(room.account.sent)
    room.run(run_and_wait(room, message))
    marks = [each.reaction for each in room.account.sent[known:] if each.type == "m.reaction"]
    assert len([mark for mark in marks if mark in "✅❌"]) == 1
    assert verb == "fail" or not any("reference" in said for said in room.house.said[-3:])


async def run_and_wait(room: Room, message: Message) -> None:
    house = room.house
    assert house.room.claims(message)
    house.room.run(message)
    await house.room.tasks.close(10)


@FUZZ
@given(commands, st.sampled_from([LUNA, UserId("@teacher:localhost")]))
def test_what_luna_or_a_persona_says_is_never_a_command(room: Room, line: str, own: UserId) -> None:
    """An answer that begins with ``/purge`` may well be said in the admin room."""
    room.house.services.own_accounts = lambda: frozenset({LUNA, UserId("@teacher:localhost")})
    said = replace(typed(line), sender=own)
    assert not room.house.room.claims(said)
    assert not room.house.room.claims(replace(said, room_id=RoomId("!other:localhost")))
