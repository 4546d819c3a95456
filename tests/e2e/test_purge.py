"""Purging and seeding by command, with a homeserver to see what is left."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.e2e.administrator import YES, Administrator, CommandResult
from tests.e2e.homeserver import Homeserver, free_port
from tests.e2e.luna import LunaProcess
from tests.e2e.person import Person
from tests.e2e.session import unique
from tests.e2e.talk import ask, group, spoken
from tests.e2e.waiting import until
from tests.fake_model import FakeModel

PUPIL, TEACHER, BREAK = unique("pupil"), unique("teacher"), unique("Break")
SEED = {
    "users": [{"name": PUPIL}],
    "personas": [{"name": TEACHER, "system_prompt": "You teach.", "rooms": ["Classroom"]}],
    "rooms": [{"name": "Classroom", "members": [PUPIL]}, {"name": BREAK}],
}


@pytest.fixture(scope="module")
def luna_options() -> dict[str, Any]:
    """She has something to seed."""
    return {"sections": {"seed": SEED}}


async def confirmed(admin: Administrator, command: str) -> tuple[str, CommandResult]:
    """Run a command that asks, and say yes by a tap; return the question and the result."""
    event_id = await admin.say(command)
    question = await admin.question(event_id)
    await admin.person.react(admin.room, question["event_id"], YES)
    result = await admin.result(event_id, timeout_s=30)
    assert result.mark == YES, result
    return str(question["content"]["body"]), result


def holders(folder: Path, word: str) -> list[str]:
    """Return the files of a folder that hold a word."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return [str(path) for path in files if word.encode() in path.read_bytes()]


async def test_no_file_of_lunas_holds_a_word_of_a_room_whose_messages_were_purged(
    admin: Administrator, luna: LunaProcess, model: FakeModel, alice: Person, bob: Person
) -> None:
    word = unique("zebrafish")
    room = await group(alice, luna.user_id, bob)
    first = await alice.send(room, f"I saw a {word} in the lake.")
    await alice.edit(room, first, f"I saw two {word}s in the lake.")
    await ask(alice, room, luna, f"luna: what is a {word}?")
    assert await asyncio.to_thread(holders, luna.folder, word)
    question, result = await confirmed(admin, f"/purge messages {room}")
    assert "messages of" in question
    assert "0 after" in result.text
    assert await asyncio.to_thread(holders, luna.folder, word) == []
    await luna.restart()
    await ask(alice, room, luna, "luna: and now?")
    assert word not in spoken(model.requests[-1])
    assert await asyncio.to_thread(holders, luna.folder, word) == []


async def test_seed_purge_and_seed_again(admin: Administrator, luna: LunaProcess) -> None:
    first = await admin.command("/seed", timeout_s=30)
    assert first.mark == YES, first
    assert "5 made, 1 there" in first.text
    pupil = luna.folder / "secrets" / "passwords" / PUPIL
    password = pupil.read_text().strip()
    assert password not in first.text
    again = await admin.command("/seed")
    assert "All of it is there already (6)" in again.text

    question, result = await confirmed(admin, "/purge personas")
    assert TEACHER in question
    assert "1 persona before, 0 after" in result.text
    question, result = await confirmed(admin, "/purge rooms")
    assert "Classroom" in question
    assert "0 after" in result.text
    await confirmed(admin, "/purge store")

    third = await admin.command("/seed", timeout_s=30)
    assert third.mark == YES, third
    assert "4 made, 2 there" in third.text
    assert pupil.read_text().strip() == password
    assert "already (6)" in (await admin.command("/seed")).text


class ManagedServer(Homeserver):
    """The Synapse that a Luna runs herself."""

    def __init__(self) -> None:
        self.server_name = "localhost"
        self.url = f"http://127.0.0.1:{free_port()}"
        self.registration_shared_secret = ""

    async def start(self) -> None:
        """Leave that to Luna."""

    async def stop(self) -> None:
        """Leave that to Luna."""


@pytest_asyncio.fixture(loop_scope="session")
async def managed(tmp_path: Path, model: FakeModel) -> AsyncIterator[LunaProcess]:
    """A Luna with a homeserver of her own."""
    luna = LunaProcess(
        tmp_path,
        ManagedServer(),
        model_url=model.base_url,
        administrators=["@boss:localhost"],
        sections={"homeserver": {"managed": True}},
    )
    await luna.start(timeout_s=60)
    yield luna
    await luna.close()


async def boss(luna: LunaProcess) -> Person:
    """Log the administrator in, with the password that was kept."""
    password = (luna.folder / "secrets" / "passwords" / "boss").read_text().strip()
    return await Person.log_in(luna.configuration["homeserver"]["url"], "boss", password)


async def test_the_homeserver_is_made_anew(managed: LunaProcess) -> None:
    person = await boss(managed)
    room = await person.accept_invitation(sender=managed.user_id)
    admin = Administrator(person, room, managed.user_id)
    assert (await admin.command("/create_channel Trails")).mark == YES
    question, result = await confirmed(admin, "/purge homeserver")
    assert "2 accounts" in question
    assert "begin anew" in result.text
    await person.close()
    await until(lambda: ready(managed) == 2, 60, "a new beginning")

    person = await boss(managed)
    room = await person.accept_invitation(sender=managed.user_id)
    admin = Administrator(person, room, managed.user_id)
    listed = await admin.command("/list_channels")
    assert "1 of 1 room\n" in listed.text
    assert "purge" in (await admin.command("/audit")).text
    await person.close()


def ready(luna: LunaProcess) -> int:
    """Return how often she was ready."""
    return sum(line.startswith("Luna is ready") for line in luna.process.output)
