"""The worked examples of docs/examples, carried out from their very pages.

A page tells what is typed in fenced blocks, whose title says where and by whom: a command in the
admin room, a section of ``config.yaml``, or what a person says in a room. The quotations behind a
block are what comes of it: a command's mark and answer, a question that is answered by a tap (❓),
or somebody's words. `…` stands for any text. What a person says is answered by whoever is quoted
behind it, and by nobody else.
"""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from tests.e2e.administrator import YES, Administrator
from tests.e2e.conftest import fixture
from tests.e2e.homeserver import Homeserver, SynapseProcess
from tests.e2e.luna import LunaProcess
from tests.e2e.person import Person
from tests.e2e.rooms import room_path
from tests.e2e.talk import replying, said, spoken
from tests.fake_model import Answer, FakeModel, Request

FOLDER = Path(__file__).parents[2] / "docs" / "examples"
PAGES = {file.stem: file.read_text(encoding="utf-8") for file in sorted(FOLDER.glob("*.md"))}
SERVER = "example.org"  # as the pages have it
BLOCK = re.compile(r'```\w+ title="(?P<title>[^"]+)"\n(?P<text>.*?)\n```\n', re.DOTALL)
QUOTATION = re.compile(r"(?:^> ?.*\n)+", re.MULTILINE)
GREETING = "Good evening."
UNQUOTED = "Nobody quotes this."


@dataclass(frozen=True, slots=True)
class Step:
    """What somebody types, and the quotations that tell what comes of it."""

    title: str
    text: str
    outcomes: list[str]

    @property
    def words(self) -> list[tuple[str, str]]:
        """Who answers, by display name, and with which words."""
        found = (re.fullmatch(r"\*\*(.+?):\*\* (.+)", each) for each in self.outcomes)
        return [(each[1], each[2]) for each in found if each]


def steps(page: str) -> Iterator[Step]:
    """Yield the steps of a page, in their order."""
    blocks = list(BLOCK.finditer(page))
    ends = [block.start() for block in blocks[1:]] + [len(page)]
    for block, end in zip(blocks, ends, strict=True):
        quotations = QUOTATION.findall(page, block.end(), end)
        lines = [" ".join(line[1:].strip() for line in each.splitlines()) for each in quotations]
        yield Step(block["title"], block["text"], lines)


def plain(text: str) -> str:
    """Return a text on one line, without the marks of Markdown."""
    return " ".join(re.sub(r"\*\*|`", "", text).split())


def tells(text: str, pattern: str) -> bool:
    """Tell whether a text is what a quotation says, in which `…` may be anything."""
    parts = (re.escape(part.strip()) for part in plain(pattern).split("…"))
    return re.search(".*".join(parts), plain(text)) is not None


class Writer:
    """The model: it says what a page quotes, else `GREETING` to silence and `UNQUOTED` to words."""

    def __init__(self) -> None:
        self.parts: list[tuple[str, str, str]] = []  # who speaks, in reply to what, what
        self.asked: list[Request] = []
        self.heard: list[str] = []  # what people and bots have said

    def __call__(self, request: Request) -> Answer:
        for part in self.parts:
            speaker, question, text = part
            if speaker in request.system and question in request.last_user:
                self.parts.remove(part)
                self.asked.append(request)
                return Answer(text)
        told = str(request.messages)
        return Answer(UNQUOTED if any(words in told for words in self.heard) else GREETING)


@dataclass
class Stage:
    """Carries out a page: types what it tells, and compares what comes of it."""

    luna: LunaProcess
    admin: Administrator
    homeserver: Homeserver
    guests: AsyncExitStack
    writer: Writer
    people: dict[str, Person] = field(default_factory=dict)
    rooms: dict[str, str] = field(default_factory=dict)  # ids, by who speaks there
    members: dict[str, str] = field(default_factory=dict)  # user ids, by display name

    async def carry_out(self, step: Step) -> None:
        """Do one step; AssertionError where something else comes of it than the page says."""
        if step.title == "config.yaml":
            for name, section in yaml.safe_load(step.text).items():
                self.luna.configure(name, section)
            self.luna.write_configuration()
        elif step.title == "Admin room":
            await self.command(step.text, *step.outcomes)
        else:
            await self.talk(step)

    async def command(self, text: str, first: str, *more: str) -> None:
        """Give a command; a question that comes of it is answered by a tap, an invitation taken."""
        guests = re.findall(r"@(\w+)", text)
        for localpart in guests:
            await self.person(localpart)  # who is invited must have an account
        event_id = await self.admin.say(text)
        if first.startswith("❓"):
            question = await self.admin.question(event_id)
            asked = question["content"]["body"]
            assert tells(asked, first.removeprefix("❓")), f"{text}: {asked}"
            await self.admin.person.react(self.admin.room, question["event_id"], YES)
        result = await self.admin.result(event_id, timeout_s=30)
        mark, _, answer = (more or (first,))[-1].partition(" ")
        assert result.mark == mark, f"{text}: {result}"
        assert tells(result.text, answer), f"{text}: {result.text}"
        for localpart in guests:
            await self.enter(localpart)

    async def enter(self, localpart: str) -> None:
        """Have somebody accept the invitation of Luna's that waits for them."""
        person = await self.person(localpart)
        self.rooms[localpart] = await person.accept_invitation(sender=self.luna.user_id)

    async def talk(self, step: Step) -> None:
        """Say something; those who are quoted answer it, each what was said before."""
        speaker = step.title.partition(" in ")[0]
        person = await self.person(speaker)
        if speaker not in self.rooms:
            await self.enter(speaker)
        room = self.rooms[speaker]
        await self.meet(person, room)
        questions = [step.text, *(text for _, text in step.words)]
        for (name, text), question in zip(step.words, questions, strict=False):
            self.writer.parts.append((name, question, text))
        heard = self.writer.heard
        heard.append(step.text)
        await person.send(room, step.text)
        for name, text in step.words:
            await person.wait_for_message(room, self.members[name], text)
            shown = spoken(self.writer.asked.pop(0))
            assert [words for words in heard if words not in shown] == []
            heard.append(text)

    async def person(self, localpart: str) -> Person:
        """Return somebody logged in, by the password that Luna made or with a new account."""
        if localpart not in self.people:
            file = self.luna.folder / "secrets" / "passwords" / localpart
            if file.exists():
                password = file.read_text().strip()
                person = await Person.log_in(self.homeserver.url, localpart, password)
            else:
                person = await Person.register(self.homeserver, localpart)
            self.guests.push_async_callback(person.close)
            self.people[localpart] = person
        return self.people[localpart]

    async def meet(self, person: Person, room: str) -> None:
        """Learn who is in a room, by display name."""
        members = await person.session.call("GET", room_path(room, "joined_members"))
        for user_id, profile in members["joined"].items():
            self.members[profile["display_name"]] = user_id

    def unquoted(self) -> list[str]:
        """Return what somebody said in the rooms that the page does not tell, but for greetings."""
        return [
            text
            for speaker, room in self.rooms.items()
            for text in said(self.people[speaker], room, *self.members.values())
            if text not in (*self.writer.heard, GREETING)
        ]


@fixture(scope="module")
async def homeserver(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Homeserver]:
    """A Synapse of the examples' own, where each name is free."""
    server = SynapseProcess(tmp_path_factory.mktemp("homeserver"))
    await server.start()
    yield server
    await server.stop()


@pytest.mark.parametrize("name", PAGES)
async def test_an_example_works_as_its_page_tells(
    name: str, luna: LunaProcess, admin: Administrator, homeserver: Homeserver, model: FakeModel
) -> None:
    script = list(steps(PAGES[name].replace(SERVER, homeserver.server_name)))
    assert sum(len(step.outcomes) for step in script) >= 5
    async with AsyncExitStack() as guests:
        stage = Stage(luna, admin, homeserver, guests, Writer())
        with replying(model, stage.writer):
            for step in script:
                await stage.carry_out(step)
        assert stage.unquoted() == []
