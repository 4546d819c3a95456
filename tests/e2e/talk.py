"""What the tests of conversation have in common: groups, personas, and what was said."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.e2e.administrator import Administrator
from tests.e2e.luna import LunaProcess
from tests.e2e.person import Person
from tests.e2e.session import unique
from tests.e2e.timeline import Event, membership, message
from tests.e2e.waiting import until
from tests.fake_model import Answer, FakeModel, Request, Script


async def group(owner: Person, *guests: Person | str) -> str:
    """Return a room of the owner's that everybody has joined; bots are given as user ids."""
    users = [guest if isinstance(guest, str) else guest.user_id for guest in guests]
    room = await owner.create_room(invite=users)
    for guest in guests:
        if isinstance(guest, Person):
            await guest.accept_invitation(room)
    for user in users:
        await owner.wait_for(room, membership(user, "join"))
    return room


async def summon(admin: Administrator, model: FakeModel, word: str) -> str:
    """Return the user id of a new persona, which is called by its localpart.

    It has asked the model for its first words: they take no script of a test.
    """
    name = unique(word)
    result = await admin.command(f"/spawn {name} --name {name} You are {name}.")
    assert result.mark == "✅", result
    await model.wait_for(lambda request: f"You are {name}" in request.system)
    return f"@{name}:{admin.luna_id.partition(':')[2]}"


def name_of(user_id: str) -> str:
    """Return the localpart, by which tests call a persona."""
    return user_id.partition(":")[0].removeprefix("@")


def answers(person: Person, room: str, *senders: str) -> list[Event]:
    """Return the texts (notices and edits left out) of some bots, as a client was shown them."""
    found = person.timeline.find(room, message())
    return [
        event
        for event in found
        if event["sender"] in senders and event["content"].get("msgtype") == "m.text"
    ]


def said(person: Person, room: str, *senders: str) -> list[str]:
    """Return what some bots said in a room, each text as it was edited last."""
    return [person.timeline.text_of(event) for event in answers(person, room, *senders)]


async def hear(person: Person, room: str, user_id: str, text: str, timeout_s: float = 30) -> None:
    """Wait until a bot has said a text, at once or by growing."""
    await until(
        lambda: times_said(person, room, user_id, text) > 0, timeout_s, f"{text!r} by {user_id}"
    )


def times_said(person: Person, room: str, user_id: str, text: str) -> int:
    """Return in how many messages of a bot a text is, as they were edited last."""
    return sum(text in each for each in said(person, room, user_id))


def spoken(request: Request) -> str:
    """Return all that the model was shown besides the system prompt."""
    return "\n".join(str(turn["content"]) for turn in request.messages if turn["role"] != "system")


async def caught_up(person: Person, user_id: str) -> None:
    """Return once an account has seen all that was sent before: it answers in a room of its own.

    The model must have no script left for it to meet.
    """
    room, token = await person.direct(user_id), unique("token")
    await person.send(room, token)
    await person.wait_for_message(room, user_id, token)


@contextmanager
def held(model: FakeModel, text: str) -> Iterator[asyncio.Event]:
    """Let the next answer be `text`, given when the event is set, at the latest at the end."""
    release = asyncio.Event()
    model.enqueue(Answer(text, hold=release))
    try:
        yield release
    finally:
        release.set()


@contextmanager
def replying(model: FakeModel, reply: Callable[[Request], Script]) -> Iterator[None]:
    """Let the model answer by a function."""
    before, model.reply = model.reply, reply
    try:
        yield
    finally:
        model.reply = before


async def ask(person: Person, room: str, luna: LunaProcess, text: str) -> None:
    """Ask and wait for the echo: what was said in this room before has been seen by then."""
    await person.send(room, text)
    await person.wait_for_message(room, luna.user_id, text)
