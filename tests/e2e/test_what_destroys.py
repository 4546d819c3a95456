"""Each command that destroys, as administrators meet it: asked about, refused, mistyped, done."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from tests.e2e.administrator import NO, YES, Administrator
from tests.e2e.asking import Asked, age, ask, tap
from tests.e2e.conftest import fixture
from tests.e2e.homeserver import Homeserver
from tests.e2e.house import House
from tests.e2e.luna import LunaProcess
from tests.e2e.person import Person
from tests.e2e.session import unique
from tests.e2e.talk import group, name_of, replying, summon
from tests.e2e.timeline import Event, notice
from tests.fake_model import Answer, FakeModel, Request

WORD = unique("zebrafish")


@dataclass(frozen=True, slots=True)
class Destruction:
    """A command that destroys: what its question names, and what is told when it is done."""

    command: str
    asks: str
    tells: str


DESTRUCTIONS = [  # in an order in which only the personas are others when one has gone before
    Destruction("/despawn {leaver}", "its account, erased for good", "gone"),
    Destruction("/forget {lake} {word}", "{word}", "2 messages"),  # hers repeats it
    Destruction("/purge memory {trails}", "lens text", "nothing after"),
    Destruction("/purge messages {lake}", "messages of", "0 after"),
    Destruction("/purge personas", "{stayer}", "1 persona before, 0 after"),
    Destruction("/purge rooms", "{room}", "0 after"),
    Destruction("/purge store", "All that I remember", "0 messages in"),
    Destruction("/shutdown for today", "I stop", "I am stopping"),
]
MISTAKES = {
    "/despawn": "Usage",
    "/despawn Ünmöglich!": "Usage",
    "/forget": "Usage",
    "/purge": "Usage",
    "/purge cellar": "Usage",
    "/purge messages": "Of which room?",
    "/purge messages nowhere-at-all": "nowhere-at-all",
    "/purge messages {lake} --before yesterday": "Usage",
    "/purge store {lake}": "is not about one room",
    "/purge rooms --before 2026-01-01": "is for messages",
    "/purge homeserver": "That is not my homeserver",
    "/seed": "names nothing under",
    "/seed --updat": "Usage",
    "/fetch_all nowhere-at-all": "nowhere-at-all",
    "/list_users --only wizards": "Usage",
    "/list_channels --sort colour": "Usage",
    "/add_participant nowhere-at-all @ann": "nowhere-at-all",
    "/add_participant {lake} @nobody-i-know": "does not exist",
    "/rotate_logs --sned": "Usage",
    "/usage --days 0": "I count the last",
    "/health --polt": "Usage",
    "/context nowhere-at-all": "nowhere-at-all",
    "/audit 0": "I show 1 to 500",
    "/backup": "There is no passphrase",
}


@dataclass(frozen=True, slots=True)
class Estate:
    """A Luna with two administrators, and something of all that can be destroyed."""

    luna: LunaProcess
    ann: Administrator
    bob: Administrator
    guest: Person
    names: dict[str, str]

    def put(self, text: str) -> str:
        """Put the names of what there is into a text."""
        return text.format(**self.names)

    async def ask_all(self) -> list[Asked]:
        """Give each command; return the questions, which tell what would go."""
        asked = [await ask(self.ann, self.put(each.command)) for each in DESTRUCTIONS]
        for question, each in zip(asked, DESTRUCTIONS, strict=True):
            assert self.put(each.asks) in question.text
        return asked


def recorder(request: Request) -> Answer:
    """Sum up as a model would."""
    chapter = "# The map\nA map was drawn.\nOpen: none"
    return Answer(chapter if "# a title" in request.system else "A map is lost.")


@fixture(scope="module")
async def estate(
    homeserver: Homeserver, model: FakeModel, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Estate]:
    async with House(homeserver, tmp_path_factory.mktemp("house"), model.base_url) as house:
        person, second, guest = [await house.person(name) for name in ("ann", "bob", "guest")]
        luna = house.luna(
            person,
            administrators=[person.user_id, second.user_id],
            sections={"memory": {"summarise": False}},
        )
        _, ann = await house.start(luna, person)
        bob = Administrator(
            second, await second.accept_invitation(sender=luna.user_id), luna.user_id
        )
        trails, lake = [await group(guest, luna.user_id, second) for _ in range(2)]
        for number in range(3):
            await guest.send(
                trails, f"{number}: I drew a map of the trail. " + "It was long. " * 60
            )
        for text in ("a calm lake", f"I saw a {WORD}", "luna: did you see it?"):
            await guest.send(lake, text)
        await guest.wait_for_message(lake, luna.user_id, "did you see it?")
        names = {"trails": trails, "lake": lake, "word": WORD, "room": unique("Cabin")}
        for name in ("leaver", "stayer"):
            names[name] = name_of(await summon(ann, model, name))
        assert (await ann.command(f"/create_channel {names['room']}")).mark == YES
        with replying(model, recorder):
            assert (await ann.command(f"/summarise {trails}", 30)).mark == YES
        yield Estate(luna, ann, bob, guest, names)


async def test_a_mistake_is_told_with_the_way_out(estate: Estate) -> None:
    for command, told in MISTAKES.items():
        result = await estate.bob.command(estate.put(command))
        assert (result.mark, told in result.text) == (NO, True), (command, result.text)


async def test_the_log_begins_anew_and_comes_as_a_file(estate: Estate) -> None:
    rotated = await estate.bob.command("/rotate_logs --send")
    assert (rotated.mark, "begins anew" in rotated.text) == (YES, True), rotated.text

    def is_log(event: Event) -> bool:
        return str(event.get("content", {}).get("body")).endswith(".log.gz")

    sent = await estate.bob.person.wait_for(estate.bob.room, is_log)
    assert sent["content"]["info"]["mimetype"] == "application/gzip"


async def test_from_a_room_that_is_not_safe_nothing_is_destroyed(estate: Estate) -> None:
    ann = estate.ann
    await ann.person.invite(ann.room, estate.guest.user_id)
    await ann.person.wait_for(ann.room, notice(ann.luna_id, "not safe"))
    for each in DESTRUCTIONS:
        refused = await ann.command(estate.put(f"{each.command} --yes"))
        assert (refused.mark, "this room is not safe" in refused.text) == (NO, True), refused
    await ann.person.kick(ann.room, estate.guest.user_id)


async def test_too_late_nothing_is_destroyed(estate: Estate) -> None:
    asked = await estate.ask_all()
    assert await estate.luna.stop() == 0
    age(estate.luna.folder / "db.json", by_ms=300_000)
    await tap(estate.ann, asked[0], YES)
    await estate.luna.start()
    for question in asked:
        result = await estate.ann.result(question.command)
        assert (result.mark, "within five minutes" in result.text) == (NO, True), result


async def test_after_a_restart_it_is_done_once_and_for_who_asked_alone(estate: Estate) -> None:
    ann, bob = estate.ann, estate.bob
    asked = await estate.ask_all()
    for question in asked:
        await tap(bob, question, YES)
        assert (await bob.command(f"/yes {question.code}")).mark == NO
    assert not any(ann.marks(question.command) for question in asked)
    await estate.luna.kill()
    await estate.luna.start()
    for number, (question, each) in enumerate(zip(asked, DESTRUCTIONS, strict=True)):
        by_tap = number % 2 == 0
        await _confirm(ann, question, by_tap=by_tap)
        result = await ann.result(question.command, 30)
        if each.command == "/purge personas":  # one of them has left since
            assert (result.mark, "what would go has changed" in result.text) == (NO, True), result
            question = await ask(ann, each.command)
            await _confirm(ann, question, by_tap=by_tap)
            result = await ann.result(question.command, 30)
        assert (result.mark, estate.put(each.tells) in result.text) == (YES, True), result
        if estate.luna.process.running and by_tap:
            twice = await ann.command(f"/yes {question.code}")
            assert "No open question" in twice.text
    assert await estate.luna.process.wait() == 0


async def _confirm(admin: Administrator, question: Asked, *, by_tap: bool) -> None:
    if by_tap:
        await tap(admin, question, YES)
    else:
        await admin.say(f"/yes {question.code}")
