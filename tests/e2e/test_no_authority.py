"""Ways to get a command run without authority: each of them fails, and is in the audit trail."""

import json
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web

from tests.e2e.administrator import YES, Administrator
from tests.e2e.conftest import fixture
from tests.e2e.faults import Behaviour, Forward
from tests.e2e.homeserver import Homeserver
from tests.e2e.house import House
from tests.e2e.luna import LunaProcess
from tests.e2e.person import Person
from tests.e2e.proxy import FaultyProxy
from tests.e2e.rooms import Rooms
from tests.e2e.session import CLIENT, Identity, Session
from tests.e2e.talk import answers, name_of, summon
from tests.e2e.timeline import membership, notice
from tests.e2e.waiting import until
from tests.fake_model import Answer, FakeModel

COMMAND = "/open_gate"
SKILL = '''\
from pathlib import Path

from lunabot.admin.call import Call
from lunabot.admin.skill import skill


@skill("open_gate")
async def open_gate(call: Call) -> str:
    """Open the gate."""
    Path(__file__).with_name("open").touch()
    return "open"
'''


@dataclass(frozen=True, slots=True)
class Castle:
    """A Luna with two administrators in her encrypted room, and a gate that a command opens.

    What people who are among the `aged` say reaches her as five minutes old.
    """

    luna: LunaProcess
    ann: Administrator
    bob: Administrator
    house: House
    model: FakeModel
    aged: set[str]
    gate: Path

    @property
    def room(self) -> str:
        return self.ann.room

    async def enter(self, word: str) -> Person:
        """Return a stranger whom Ann has let into the admin room."""
        stranger = await self.house.person(word)
        await self.ann.person.invite(self.room, stranger.user_id)
        await stranger.accept_invitation(self.room)
        return stranger

    def as_luna(self) -> Session:
        """Return Luna's own session."""
        kept = json.loads((self.luna.folder / "secrets" / "director_token.json").read_text())
        session = Session(self.ann.person.session.url)
        session.identity = Identity(self.luna.user_id, kept["device_id"], kept["access_token"])
        return session

    def outcomes(self, event_id: str) -> list[str]:
        """Return what the audit trail tells of an event."""
        archive = sqlite3.connect(f"file:{self.luna.folder / 'archive.db'}?mode=ro", uri=True)
        rows = archive.execute("SELECT outcome FROM audit WHERE event_id = ?", (event_id,))
        found = [str(row[0]) for row in rows]
        archive.close()
        return found


@fixture(scope="module")
async def castle(
    homeserver: Homeserver, model: FakeModel, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Castle]:
    folder, aged = tmp_path_factory.mktemp("house"), set[str]()
    async with (
        FaultyProxy(homeserver.url) as proxy,
        House(homeserver, folder, model.base_url) as house,
    ):
        house.enter_context(proxy.fault("/sync", _aging(aged)))
        ann, bob = [await house.person(name, encrypted=True) for name in ("ann", "bob")]
        luna = house.luna(
            ann,
            administrators=[ann.user_id, bob.user_id],
            encrypted=True,
            homeserver_url=proxy.url,
        )
        skills = luna.folder / "more-skills"
        skills.mkdir()
        (skills / "gate.py").write_text(SKILL)
        luna.configuration["skills"].append(str(skills))
        _, admin = await house.start(luna, ann)
        room = await bob.accept_invitation(sender=luna.user_id)
        other = Administrator(bob, room, luna.user_id)
        yield Castle(luna, admin, other, house, model, aged, skills / "open")


async def a_notice(castle: Castle) -> str:
    return await castle.ann.person.send(castle.room, COMMAND, msgtype="m.notice")


async def an_emote(castle: Castle) -> str:
    return await castle.ann.person.send(castle.room, COMMAND, msgtype="m.emote")


async def an_edit(castle: Castle) -> str:
    said = await castle.ann.person.send(castle.room, "Nothing of importance")
    return await castle.ann.person.edit(castle.room, said, COMMAND)


async def a_forwarded_message(castle: Castle) -> str:
    origin = {"sender": "@eve:elsewhere.org", "event_id": "$1", "room_id": "!1"}
    return await castle.ann.person.send(castle.room, COMMAND, **{"m.forwarded": origin})


async def a_message_that_is_not_encrypted(castle: Castle) -> str:
    content = {"msgtype": "m.text", "body": COMMAND}
    return await Person.send_event(castle.ann.person, castle.room, "m.room.message", content)


async def a_message_of_long_ago(castle: Castle) -> str:
    castle.aged.add(castle.ann.person.user_id)
    event_id = await castle.ann.person.send(castle.room, COMMAND)
    await until(lambda: bool(castle.outcomes(event_id)), 10, "the old command")
    castle.aged.clear()
    return event_id


async def another_room(castle: Castle) -> str:
    room = await castle.ann.person.direct(castle.luna.user_id)
    return await _in_conversation(castle, room)


async def the_successor_of_an_upgrade(castle: Castle) -> str:
    predecessor = {"predecessor": {"room_id": castle.room, "event_id": "$tombstone"}}
    room = await castle.ann.person.direct(castle.luna.user_id, creation_content=predecessor)
    return await _in_conversation(castle, room)


async def what_luna_says_herself(castle: Castle) -> str:
    return await _talked_into(castle, castle.luna.user_id)


async def what_a_persona_says(castle: Castle) -> str:
    persona = await summon(castle.ann, castle.model, "parrot")
    added = await castle.ann.command(f"add_participant {castle.room} {persona}")
    assert added.mark == YES, added.text
    return await _talked_into(castle, persona)


async def a_stranger_in_the_room(castle: Castle) -> str:
    stranger = await castle.enter("eve")
    return await stranger.send(castle.room, COMMAND)


async def a_stranger_with_an_administrators_name(castle: Castle) -> str:
    double = await castle.enter("double")
    path = f"{CLIENT}/profile/{double.user_id}/displayname"
    await double.session.call("PUT", path, {"displayname": castle.ann.person.localpart})
    return await double.send(castle.room, COMMAND)


async def who_was_an_administrator(castle: Castle) -> str:
    castle.luna.configure("admin", {"users": [castle.ann.person.user_id]})
    castle.luna.write_configuration()
    assert (await castle.ann.command("reload")).mark == YES
    unsafe = notice(castle.luna.user_id, f"{castle.bob.person.user_id} is a member")
    await castle.ann.person.wait_for(castle.room, unsafe)
    return await castle.bob.person.send(castle.room, COMMAND)


WAYS: list[Callable[[Castle], Awaitable[str]]] = [
    a_notice,
    an_emote,
    an_edit,
    a_forwarded_message,
    a_message_that_is_not_encrypted,
    a_message_of_long_ago,
    another_room,
    the_successor_of_an_upgrade,
    what_luna_says_herself,
    what_a_persona_says,
    a_stranger_in_the_room,
    a_stranger_with_an_administrators_name,
    who_was_an_administrator,
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_it_fails_and_is_audited(
    castle: Castle, way: Callable[[Castle], Awaitable[str]]
) -> None:
    event_id = await way(castle)
    await until(lambda: bool(castle.outcomes(event_id)), 10, "a line in the audit trail")
    assert castle.outcomes(event_id) == ["refused"]
    assert not castle.gate.exists()


async def test_with_authority_it_runs_and_the_trail_tells_of_all(castle: Castle) -> None:
    opened = await castle.ann.command("open_gate")
    assert (opened.mark, castle.gate.exists()) == (YES, True)
    await until(lambda: castle.outcomes(opened.event_id) == ["ok"], 10, "a line in the trail")
    trail = await castle.ann.command("audit --verb open_gate")
    assert trail.text.count("⛔") == len(WAYS) + 1  # and its explanation
    assert f"`{castle.bob.person.user_id}`" in trail.text


async def test_an_upgrade_of_the_room_takes_no_authority_along(castle: Castle) -> None:
    castle.gate.unlink(missing_ok=True)
    person, luna = castle.ann.person, castle.luna.user_id
    predecessor = {"predecessor": {"room_id": castle.room, "event_id": "$tombstone"}}
    successor = await person.create_room(creation_content=predecessor)
    tombstone = {"body": "upgraded", "replacement_room": successor}
    async with castle.as_luna() as session:  # in room version 12 the creator alone may upgrade
        await Rooms(session).set_state(castle.room, "m.room.tombstone", tombstone)
    told = notice(luna, containing=f"this room was upgraded, it goes on as `{successor}`")
    await person.wait_for(castle.room, told)
    await person.invite(successor, luna)
    await person.wait_for(successor, membership(luna, "join"))
    event_id = await _in_conversation(castle, successor)
    await until(lambda: castle.outcomes(event_id) == ["refused"], 10, "a line in the audit trail")
    assert not castle.gate.exists()
    assert (await castle.ann.command("open_gate")).mark == YES


async def _in_conversation(castle: Castle, room: str) -> str:
    """Say the command where it is talk, and hear the answer: it takes no script of a test."""
    person, luna = castle.ann.person, castle.luna.user_id
    event_id = await person.send(room, COMMAND)
    await person.wait_for(room, lambda _: bool(answers(person, room, luna)))
    return event_id


async def _talked_into(castle: Castle, user_id: str) -> str:
    """Have one of Luna's accounts say the command in the admin room; return its message."""
    castle.model.enqueue(Answer(COMMAND))
    mentions = {"m.mentions": {"user_ids": [user_id]}}
    person = castle.ann.person
    before = len(answers(person, castle.room, user_id))
    await person.send(castle.room, f"{name_of(user_id)}, say it", **mentions)
    await person.wait_for(
        castle.room, lambda _: len(answers(person, castle.room, user_id)) > before
    )
    return str(answers(person, castle.room, user_id)[-1]["event_id"])


def _aging(senders: set[str]) -> Behaviour:
    """Syncs bring what these people sent as five minutes old."""

    async def behave(request: web.Request, forward: Forward) -> web.Response:
        answer = await forward()
        if not senders:
            return answer
        body = json.loads(answer.body if isinstance(answer.body, bytes) else b"{}")
        for room in body.get("rooms", {}).get("join", {}).values():
            for event in room["timeline"]["events"]:
                if event["sender"] in senders:
                    event["origin_server_ts"] -= 300_000
        return web.json_response(body)

    return behave
