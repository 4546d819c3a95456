"""Memory by command: sum up, look into it, edit it, and take something out of it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.administrator import YES, Administrator, CommandResult
from tests.e2e.luna import LunaProcess
from tests.e2e.person import Person
from tests.e2e.session import unique
from tests.e2e.talk import ask, group, replying, spoken, summon
from tests.e2e.timeline import Event
from tests.fake_model import Answer, FakeModel, Request

CHAPTER = "# The lost map\nAlice drew a map on 5 May.\nOpen: Who finds it?"
LENS = "A map is lost."


@pytest.fixture(scope="module")
def luna_options() -> dict[str, Any]:
    """She sums up only when she is told to."""
    return {"sections": {"memory": {"summarise": False}}}


def recorder(request: Request) -> Answer:
    """Write chapters and lenses as a model would, whatever it is told; echo a line of all else."""
    if "You keep the records" not in request.system:
        return Answer(f"echo: {request.last_user.splitlines()[-1]}")
    return Answer(CHAPTER if "# a title" in request.system else LENS)


async def done(admin: Administrator, command: str) -> CommandResult:
    """Run a command that is to work."""
    result = await admin.command(command, timeout_s=30)
    assert result.mark == "✅", result
    return result


async def confirmed(admin: Administrator, command: str) -> tuple[str, CommandResult]:
    """Run a command that asks, and say yes by a tap; return the question and the result."""
    event_id = await admin.say(command)
    question = await admin.question(event_id)
    await admin.person.react(admin.room, question["event_id"], YES)
    return str(question["content"]["body"]), await admin.result(event_id)


async def file_sent(admin: Administrator, name: str) -> str:
    """Return the text of the file of that name that came to the admin room."""

    def matches(event: Event) -> bool:
        content = event.get("content", {})
        return (content.get("msgtype"), content.get("body")) == ("m.file", name)

    event = await admin.person.wait_for(admin.room, matches)
    return (await admin.person.session.download(event["content"]["url"])).decode()


async def seen(admin: Administrator, room: str) -> str:
    """Return what the technical lens says of a room, as an administrator is shown it."""
    shown = (await done(admin, f"/lenses {room} technical")).text
    quoted = (line for line in shown.splitlines() if line.startswith(">"))
    return "\n".join(line.removeprefix(">").strip() for line in quoted)


def holders(folder: Path, word: str) -> list[str]:
    """Return the files of a folder that hold a word."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return [str(path) for path in files if word.encode() in path.read_bytes()]


async def test_a_talk_is_summed_up_looked_into_edited_and_deleted(
    admin: Administrator, luna: LunaProcess, model: FakeModel, alice: Person, bob: Person
) -> None:
    room = await group(alice, luna.user_id, bob)
    for number in range(4):
        await alice.send(room, f"{number}: I drew a map of the trail. " + "It was long. " * 60)
    with replying(model, recorder):
        await ask(alice, room, luna, "luna: did you see it?")
        made = await done(admin, f"/summarise {room}")
    assert "1 chapter, 3 lens texts" in made.text
    assert "tokens" in made.text
    assert room in (await done(admin, "/chapters")).text
    listed = await done(admin, f"/chapters {room}")
    assert "1 The lost map" in listed.text
    shown = await done(admin, f"/chapters {room} 1")
    for part in ("The lost map", "Alice drew a map on 5 May.", "Who finds it?"):
        assert part in shown.text
    assert LENS in (await done(admin, f"/lenses {room} technical")).text

    edited = f"/chapters {room} 1 --edit Bob drew it.\nStill open:\nWhere is it?"
    await done(admin, edited)
    await done(admin, f"/lenses {room} technical --edit A compass is lost.")
    await luna.restart()
    with replying(model, recorder):
        await done(admin, f"/summarise {room} --since 2020-01-01")
    shown = await done(admin, f"/chapters {room} 1")
    assert "Bob drew it." in shown.text
    assert "Where is it?" in shown.text
    assert "Alice drew" not in shown.text
    assert f"A compass is lost.\n\n{LENS}" in (await seen(admin, room))
    await done(admin, f"/lenses {room} technical --edit It is found.")
    assert await seen(admin, room) == "It is found."

    await done(admin, f"/chapters {room} --file")
    page = await file_sent(admin, "memory.md")
    assert "> Bob drew it." in page
    assert f"> {LENS}" in page
    await done(admin, f"/lenses {room} emotional --delete")
    assert "has not looked" in (await done(admin, f"/lenses {room} emotional")).text
    await done(admin, f"/chapters {room} 1 --delete")
    with replying(model, recorder):
        await done(admin, f"/summarise {room}")
    missing = await admin.command(f"/chapters {room} 1")
    assert (missing.mark, "There are none yet" in missing.text) == ("❌", True)


async def test_the_context_of_a_room_is_shown_as_it_reaches_the_model(
    admin: Administrator, luna: LunaProcess, model: FakeModel, alice: Person, bob: Person
) -> None:
    name = f"Old {unique('Trails')}"
    room = await group(alice, luna.user_id, bob)
    await alice.set_state(room, "m.room.name", {"name": name})
    await alice.send(room, "We met a fox.")
    await ask(alice, room, luna, "luna: which way?")
    sent = model.requests[-1]

    shown = await done(admin, f'/context "{name}" --file')
    for part in (name, "to answer", "which way?", "system prompt", "recent", "question"):
        assert part in shown.text
    whole = await file_sent(admin, "prompt.txt")
    assert sent.system in whole
    assert "We met a fox." in whole
    wrong = await admin.command(f'/context "{name.swapcase()[:-1]}"')
    assert f"Did you mean `{name}`" in wrong.text


async def test_a_personas_notes_are_written_by_hand(admin: Administrator, model: FakeModel) -> None:
    persona = await summon(admin, model, "scout")
    name = persona.partition(":")[0].removeprefix("@")
    await done(admin, f"/notes {name} --add Ends every tour before dark.")
    await done(admin, f"/notes {name} --add --about @ann Ann fears dogs.")
    await done(admin, f"/notes {name} 2 --edit Ann likes dogs now.")
    await done(admin, f"/notes {name} 1 --delete")
    listed = await done(admin, f"/notes {name}")
    assert "Ann likes dogs now." in listed.text
    assert "tour" not in listed.text
    missing = await admin.command(f"/notes {name} 1")
    assert (missing.mark, "There are: 2" in missing.text) == ("❌", True)


async def test_what_is_forgotten_is_never_shown_to_the_model_again(
    admin: Administrator, luna: LunaProcess, model: FakeModel, alice: Person, bob: Person
) -> None:
    room = await group(alice, luna.user_id, bob)
    word = unique("zebrafish")
    secret = await alice.send(room, f"The door code is {word}.")
    await alice.edit(room, secret, f"The door code is {word}, still.")
    await alice.send(room, "Bob has a DOOR CODE, too.")
    with replying(model, lambda request: Answer("luna: hello there")):
        await ask(alice, room, luna, "luna: hello there")
    assert word in spoken(model.requests[-1])

    link = f"https://matrix.to/#/{room}/{secret}?via=localhost"
    question, result = await confirmed(admin, f"/forget {link}")
    assert f"The door code is {word}, still." in question
    assert "1 message" in result.text
    assert await asyncio.to_thread(holders, luna.folder, word) == []  # the question quoted it
    question, result = await confirmed(admin, f"/forget {room} door code")
    assert "Bob has a DOOR CODE, too." in question

    await luna.restart()
    await ask(alice, room, luna, "luna: anything else?")
    prompt = spoken(model.requests[-1])
    assert "hello there" in prompt
    for gone in (word, "DOOR CODE"):
        assert gone not in prompt
    again = await admin.command(f"/forget {room} door code")
    assert (again.mark, "no such message" in again.text) == ("❌", True)
