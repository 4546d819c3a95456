"""What destroys asks first: answered by tap or code, by the one who asked, once, whatever dies."""

import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.administrator import NO, YES, Administrator
from tests.e2e.asking import Asked, age, ask, tap
from tests.e2e.conftest import fixture
from tests.e2e.encrypted_person import EncryptedPerson
from tests.e2e.homeserver import Homeserver
from tests.e2e.house import House
from tests.e2e.luna import LunaProcess
from tests.e2e.timeline import notice, reaction_to
from tests.e2e.waiting import until
from tests.fake_model import FakeModel

SKILL = '''\
import asyncio
from pathlib import Path

from lunabot.admin.call import Call, Plan
from lunabot.admin.skill import skill
from lunabot.errors import UserMistake

LETTERS = Path(__file__).with_name("letters")
HELD = Path(__file__).with_name("held")


def chosen(part: str) -> list[Path]:
    return sorted(letter for letter in LETTERS.iterdir() if part in letter.name)


async def burn_plan(call: Call, part: str = "") -> Plan:
    letters = [letter.name for letter in chosen(part)]
    if not letters:
        raise UserMistake("There is no such letter.")
    return Plan(f"**{len(letters)} letters** burn: {', '.join(letters)}.", " ".join(letters))


@skill("burn", destructive=True, plan=burn_plan)
async def burn(call: Call, part: str = "") -> str:
    """Burn letters.

    part: only those whose name holds this
    """
    letters = chosen(part)
    for letter in letters:
        letter.unlink()
    while HELD.exists():
        await asyncio.sleep(0.02)
    return f"{len(letters)} letters burnt"
'''


@dataclass(frozen=True, slots=True)
class Archive:
    """A Luna with two administrators, and the letters that can be burnt."""

    luna: LunaProcess
    ann: Administrator
    bob: Administrator
    folder: Path

    @property
    def letters(self) -> set[str]:
        return {letter.name for letter in (self.folder / "letters").iterdir()}

    def write(self, *names: str) -> None:
        for name in names:
            (self.folder / "letters" / name).write_text("Dear …")

    async def ask(self, command: str = "burn") -> Asked:
        """Have Ann asked whether the letters are to burn."""
        return await ask(self.ann, command)

    async def tap(self, asked: Asked, key: str, by: Administrator | None = None) -> str:
        return await tap(by or self.ann, asked, key)

    async def settle(self) -> None:
        """Return once everything that was sent so far has been handled."""
        await self.ann.command("health")

    async def ended(self, asked: Asked, *outcomes: str) -> None:
        """Return once the audit trail tells this of the command, in this order."""
        await until(
            lambda: self._outcomes(asked.command) == list(outcomes),
            10,
            f"{outcomes} in the trail",
        )

    def _outcomes(self, event_id: str) -> list[str]:
        with sqlite3.connect(self.luna.folder / "archive.db") as connection:
            rows = connection.execute(
                "SELECT outcome FROM audit WHERE event_id = ? ORDER BY id", (event_id,)
            ).fetchall()
        connection.close()
        return [row[0] for row in rows]


@fixture(scope="module", params=[True], ids=["encrypted"])
async def module_archive(
    request: pytest.FixtureRequest,
    homeserver: Homeserver,
    model: FakeModel,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Archive]:
    """The module's Luna, in an admin room that is encrypted unless a test wants it otherwise."""
    encrypted = bool(request.param)
    async with House(homeserver, tmp_path_factory.mktemp("house"), model.base_url) as house:
        ann, bob = [await house.person(name, encrypted=encrypted) for name in ("ann", "bob")]
        luna = house.luna(ann, administrators=[ann.user_id, bob.user_id], encrypted=encrypted)
        folder = luna.folder / "more-skills"
        (folder / "letters").mkdir(parents=True)
        (folder / "burning.py").write_text(SKILL)
        luna.configuration["skills"].append(str(folder))
        _, administrator = await house.start(luna, ann)
        room = await bob.accept_invitation(sender=luna.user_id)
        yield Archive(luna, administrator, Administrator(bob, room, luna.user_id), folder)


@fixture
async def archive(module_archive: Archive) -> Archive:
    """The archive with two letters, and Luna at work."""
    if not module_archive.luna.process.running:
        await module_archive.luna.start()
    for name in module_archive.letters:
        (module_archive.folder / "letters" / name).unlink()
    module_archive.write("apple", "plum")
    return module_archive


IN_BOTH = pytest.mark.parametrize(
    "module_archive", [False, True], ids=["plain", "encrypted"], indirect=True
)


@IN_BOTH
async def test_a_tap_is_enough_and_counts_once(archive: Archive) -> None:
    asked = await archive.ask()
    ann = archive.ann
    for key in (YES, NO):
        offered = reaction_to(asked.notice, key, sender=archive.luna.user_id)
        await ann.person.wait_for(ann.room, offered)
    assert "2 letters burn: apple, plum." in ann.replies(asked.command)[0]
    assert (archive.letters, ann.marks(asked.command)) == ({"apple", "plum"}, [])
    tap = await archive.tap(asked, YES)
    result = await ann.result(asked.command)
    assert (result.mark, result.replies[1:]) == (YES, ["2 letters burnt"])
    assert archive.letters == set()
    await until(lambda: "Confirmed." in ann.replies(asked.command)[0], 10, "the end")
    archive.write("pear")
    await ann.person.redact(ann.room, tap)
    await archive.tap(asked, YES)
    await archive.settle()
    assert (archive.letters, ann.marks(asked.command)) == ({"pear"}, [YES])
    await archive.ended(asked, "asked", "ok")


@IN_BOTH
@pytest.mark.parametrize("answer", ["/yes {code}", "!yes {code}", "yes"])
async def test_a_typed_yes_counts_once(archive: Archive, answer: str) -> None:
    asked = await archive.ask("burn plum")
    first = await archive.ann.command(answer.format(code=asked.code))
    assert (first.mark, first.text) == (YES, "Confirmed.")
    result = await archive.ann.result(asked.command)
    assert (result.mark, result.replies[1:]) == (YES, ["1 letters burnt"])
    again = await archive.ann.command(f"yes {asked.code}")
    assert again.mark == NO
    assert "No open question has the code" in again.text
    assert archive.letters == {"apple"}


@pytest.mark.parametrize("answer", ["tap", "no {code}", "no"])
async def test_a_no_leaves_everything(archive: Archive, answer: str) -> None:
    asked = await archive.ask()
    if answer == "tap":
        await archive.tap(asked, NO)
    else:
        said = await archive.ann.command(answer.format(code=asked.code))
        assert (said.mark, said.text) == (YES, "Declined.")
    result = await archive.ann.result(asked.command)
    assert result.mark == NO
    assert result.text.endswith("Declined: nothing was done.")
    await archive.tap(asked, YES)
    await archive.settle()
    assert archive.letters == {"apple", "plum"}
    assert archive.ann.marks(asked.command) == [NO]
    await archive.ended(asked, "asked", "declined")


async def test_only_who_asked_can_answer(archive: Archive) -> None:
    asked = await archive.ask()
    await archive.tap(asked, YES, by=archive.bob)
    attempt = f"{archive.bob.person.user_id} tried to command me"
    await archive.ann.person.wait_for(
        archive.ann.room, notice(archive.luna.user_id, containing=attempt)
    )
    typed = await archive.bob.command(f"yes {asked.code}")
    assert typed.mark == NO
    assert f"for {archive.ann.person.user_id} to answer" in typed.text
    assert (archive.letters, archive.ann.marks(asked.command)) == ({"apple", "plum"}, [])
    await archive.tap(asked, YES)
    assert (await archive.ann.result(asked.command)).mark == YES
    assert archive.letters == set()


async def test_other_reactions_and_codes_do_nothing(archive: Archive) -> None:
    asked = await archive.ask()
    for key in ("👍", "☑️"):
        await archive.tap(asked, key)
    wrong = await archive.ann.command("yes 12345")
    assert wrong.mark == NO
    assert (archive.letters, archive.ann.marks(asked.command)) == ({"apple", "plum"}, [])
    await archive.tap(asked, NO + "\ufe0f")
    assert (await archive.ann.result(asked.command)).mark == NO


async def test_what_has_changed_since_is_not_done(archive: Archive) -> None:
    asked = await archive.ask()
    archive.write("pear")
    await archive.tap(asked, YES)
    result = await archive.ann.result(asked.command)
    assert (result.mark, len(result.replies)) == (NO, 2)
    assert "what would go has changed" in result.text
    assert archive.letters == {"apple", "plum", "pear"}
    await archive.ended(asked, "asked", "failed")


async def test_yes_in_the_command_and_nothing_to_do_ask_nothing(archive: Archive) -> None:
    done = await archive.ann.command("burn --yes")
    assert (done.mark, done.replies) == (YES, ["2 letters burnt"])
    nothing = await archive.ann.command("burn")
    assert (nothing.mark, nothing.replies) == (NO, ["There is no such letter."])


@pytest.mark.parametrize(
    ("end", "answer"),
    [("stop", "tap"), ("stop", "tap while away"), ("kill", "yes"), ("kill", "tap while away")],
)
async def test_a_question_outlives_luna(archive: Archive, end: str, answer: str) -> None:
    asked = await archive.ask()
    await (archive.luna.stop() if end == "stop" else archive.luna.kill())
    if answer == "tap while away":
        await archive.tap(asked, YES)
    await archive.luna.start()
    if answer == "tap":
        await archive.tap(asked, YES)
    elif answer == "yes":
        assert (await archive.ann.command(f"yes {asked.code}")).mark == YES
    result = await archive.ann.result(asked.command)
    assert (result.mark, result.replies[1:]) == (YES, ["2 letters burnt"])
    assert archive.letters == set()


async def test_what_was_cut_off_is_told_and_not_begun_again(archive: Archive) -> None:
    held = archive.folder / "held"
    held.touch()
    asked = await archive.ask()
    await archive.tap(asked, YES)
    await until(lambda: not archive.letters, 10, "the letters burn")
    await archive.luna.kill()
    held.unlink()
    archive.write("pear")
    await archive.luna.start()
    result = await archive.ann.result(asked.command)
    assert result.mark == NO
    assert "I was cut off" in result.text
    told = notice(archive.luna.user_id, containing="was cut off: look what is left to do.")
    await archive.ann.person.wait_for(archive.ann.room, told)
    await archive.settle()
    assert archive.letters == {"pear"}
    assert archive.ann.marks(asked.command) == [NO]


async def test_a_question_that_is_too_old_ends(archive: Archive) -> None:
    asked = await archive.ask()
    assert await archive.luna.stop() == 0
    age(archive.luna.folder / "db.json", by_ms=300_000)
    await archive.tap(asked, YES)
    await archive.luna.start()
    result = await archive.ann.result(asked.command)
    assert result.mark == NO
    assert "Nobody said yes within five minutes" in result.text
    assert archive.letters == {"apple", "plum"}
    await archive.ended(asked, "asked", "expired")


async def test_a_tap_may_come_encrypted(archive: Archive) -> None:
    asked = await archive.ask()
    person = archive.ann.person
    react = person.react_encrypted if isinstance(person, EncryptedPerson) else person.react
    await react(archive.ann.room, asked.notice, YES)
    assert (await archive.ann.result(asked.command)).mark == YES
    assert archive.letters == set()
