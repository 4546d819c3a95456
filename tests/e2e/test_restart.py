"""A Luna who comes back is who she was, and does once what was asked of her meanwhile."""

import asyncio
import re

import pytest

from tests.e2e.administrator import Administrator
from tests.e2e.faults import late_answer
from tests.e2e.house import House
from tests.e2e.luna import LunaProcess
from tests.e2e.person import Person
from tests.e2e.proxy import FaultyProxy
from tests.e2e.server_operator import ServerOperator
from tests.e2e.timeline import edit_of, membership, message, notice
from tests.fake_model import Answer, FakeModel


def said(person: Person, room: str, luna: LunaProcess) -> list[str]:
    """Return what a person's client has shown of her words in a room."""
    found = person.timeline.find(room, message(luna.user_id))
    return [event["content"]["body"] for event in found]


async def ask(person: Person, room: str, luna: LunaProcess, text: str) -> None:
    """Ask and wait for the answer: what she says in this room was said before that."""
    await person.send(room, text)
    await person.wait_for_message(room, luna.user_id, text)


async def test_she_is_the_same_device_in_the_same_admin_room(
    luna: LunaProcess, admin: Administrator, operator: ServerOperator
) -> None:
    await admin.person.wait_for(admin.room, notice(luna.user_id, "Hello, I am Luna"))
    devices = await operator.devices(luna.user_id)
    await admin.person.set_state(admin.room, "m.room.topic", {"topic": "my own words"})
    await luna.restart()
    await admin.person.wait_for(admin.room, notice(luna.user_id, "I am here again"))
    assert (await admin.command("!health")).mark == "✅"
    assert await operator.devices(luna.user_id) == devices
    assert (await admin.person.state(admin.room, "m.room.topic"))["topic"] == "my own words"
    assert admin.person.invitations == {}
    assert len(admin.person.timeline.find(admin.room, notice(luna.user_id, "Hello, I am"))) == 1


async def test_what_was_said_while_she_was_away_is_answered_once_together(
    luna: LunaProcess, alice: Person, bob: Person
) -> None:
    room = await alice.direct(luna.user_id)
    group = await alice.create_room(invite=[luna.user_id, bob.user_id])
    await bob.accept_invitation(group)
    await alice.wait_for(group, membership(luna.user_id, "join"))
    await luna.stop()
    for text in ("one", "two", "three"):
        await alice.send(room, text)
    await alice.send(group, "not for her")
    await bob.send(group, "luna: for you")
    await luna.start()
    await alice.wait_for_message(room, luna.user_id)
    await bob.wait_for_message(group, luna.user_id)
    await ask(alice, room, luna, "four")
    answer, _ = said(alice, room, luna)
    assert all(text in answer for text in ("one", "two", "three"))
    await ask(bob, group, luna, "luna: and for you")
    assert len(said(bob, group, luna)) == 2


async def test_what_was_said_while_she_was_away_counts_as_said_to_those_who_were_there(
    luna: LunaProcess, alice: Person, bob: Person
) -> None:
    grown = await alice.direct(luna.user_id)
    shrunk = await alice.create_room(invite=[luna.user_id, bob.user_id])
    await bob.accept_invitation(shrunk)
    await alice.wait_for(shrunk, membership(luna.user_id, "join"))
    await luna.stop()
    await alice.send(grown, "for her, as nobody else is here")
    await alice.invite(grown, bob.user_id)
    await bob.accept_invitation(grown)
    await bob.send(grown, "not for her")
    await alice.send(shrunk, "not for her either")
    await bob.leave(shrunk)
    await luna.start()
    await alice.wait_for_message(grown, luna.user_id)
    await ask(alice, shrunk, luna, "for her, now that Bob is gone")
    (answer,) = said(alice, grown, luna)
    assert "for her, as nobody else is here" in answer
    assert len(said(alice, shrunk, luna)) == 1


async def test_a_command_from_while_she_was_away_runs_once(
    luna: LunaProcess, admin: Administrator
) -> None:
    await luna.stop()
    event = await admin.say("!health")
    await luna.start()
    assert (await admin.result(event)).mark == "✅"
    await luna.restart()
    await admin.command("!health")
    assert admin.marks(event) == ["✅"]
    assert len(admin.replies(event)) == 1


async def test_a_tap_from_while_she_was_away_brings_another_answer(
    luna: LunaProcess, alice: Person, model: FakeModel
) -> None:
    room = await alice.direct(luna.user_id)
    model.enqueue(Answer("heads"), Answer("tails"))
    await alice.send(room, "toss a coin")
    answer = await alice.wait_for_message(room, luna.user_id, "heads")
    await luna.stop()
    await alice.react(room, answer["event_id"], "🔁")
    await luna.start()
    edit = await alice.wait_for(room, edit_of(answer["event_id"]))
    assert edit["content"]["m.new_content"]["body"] == "tails"


async def test_who_is_in_a_room_is_known_after_a_restart(
    luna: LunaProcess, alice: Person, bob: Person
) -> None:
    direct = await alice.direct(luna.user_id)
    group = await alice.create_room(invite=[luna.user_id, bob.user_id])
    await bob.accept_invitation(group)
    await alice.wait_for(group, membership(luna.user_id, "join"))
    await luna.stop()
    await bob.leave(group)
    await alice.invite(direct, bob.user_id)
    await bob.accept_invitation(direct)
    await luna.start()
    await alice.send(direct, "no longer for her")
    await ask(alice, group, luna, "we are alone now")
    await ask(alice, direct, luna, "luna, this is for you")
    assert len(said(alice, direct, luna)) == 1


async def test_an_invitation_from_while_she_was_away(luna: LunaProcess, alice: Person) -> None:
    await luna.stop()
    room = await alice.create_room(invite=[luna.user_id], is_direct=True)
    await alice.send(room, "come in")
    await luna.start()
    await alice.wait_for_message(room, luna.user_id, "echo: come in")


async def test_killed_while_she_thinks_she_answers_after_all(
    luna: LunaProcess, alice: Person, model: FakeModel
) -> None:
    room = await alice.direct(luna.user_id)
    model.enqueue(Answer("never heard", hold=asyncio.Event()))
    await alice.send(room, "what is the time?")
    await model.wait_for(lambda request: "the time" in request.last_user)
    await luna.kill()
    await luna.start()
    await alice.wait_for_message(room, luna.user_id, "the time")
    await ask(alice, room, luna, "and now?")
    assert len(said(alice, room, luna)) == 2


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "encrypted"])
async def test_killed_before_she_knew_that_her_answer_arrived(
    house: House, proxy: FaultyProxy, encrypted: bool
) -> None:
    alice = await house.person("alice", encrypted=encrypted)
    luna = house.luna(alice, homeserver_url=proxy.url)
    await luna.start()
    room = await alice.direct(luna.user_id, encrypted=encrypted)
    with proxy.fault(f"{re.escape(room[1:])}/send/", late_answer(asyncio.Event())) as sent:
        await alice.send(room, "what is the time?")
        await sent.met()
        await alice.wait_for_message(room, luna.user_id, "the time")
        await luna.kill()
    await alice.send(room, "and where are we?")
    await luna.start()
    await alice.wait_for_message(room, luna.user_id, "where are we")
    await ask(alice, room, luna, "and now?")
    answers = said(alice, room, luna)
    assert len(answers) == 3
    assert "the time" not in answers[1]
