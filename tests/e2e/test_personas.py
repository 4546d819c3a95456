"""Personas: summoned from the admin room, talked with in character, dismissed without a trace."""

import json

from tests.e2e.administrator import Administrator
from tests.e2e.luna import LunaProcess
from tests.e2e.person import Person
from tests.e2e.session import unique
from tests.fake_model import FakeModel


async def test_the_whole_life_of_a_persona(
    luna: LunaProcess, admin: Administrator, alice: Person, model: FakeModel
) -> None:
    name = unique("scout")
    user_id = f"@{name}:localhost"
    options = '--name "Old Scout" --traits o=90'
    spawned = await admin.command(f"/spawn {name} {options} You know trails.")
    assert spawned.mark == "✅", spawned.text
    home = await admin.person.accept_invitation(sender=luna.user_id)
    greeting = await admin.person.wait_for_message(home, user_id)
    assert greeting["content"]["body"]
    assert user_id in (await admin.command(f"/list_users {name}")).text

    room = await alice.direct(user_id)
    await alice.send(room, "Which way?")
    await alice.wait_for_message(room, user_id, "Which way?")
    prompt = model.requests[-1].system or ""
    assert "You know trails." in prompt
    assert "Old Scout" in prompt
    assert "imagination" in prompt

    await luna.restart()
    await alice.send(room, "Still there?")
    await alice.wait_for_message(room, user_id, "Still there?")
    assert user_id in json.loads((luna.folder / "db.json").read_text())["personas"].__repr__()

    dismissed = await admin.command(f"/despawn {name} --yes")
    assert dismissed.mark == "✅", dismissed.text
    assert user_id not in await alice.joined_members(room)
    assert user_id not in await admin.person.joined_members(home)
    assert user_id not in (await admin.command(f"/list_users {name}")).text
    twice = await admin.command(f"/despawn {name} --yes")
    assert (twice.mark, "nor anything left of it" in twice.text) == ("✅", True)

    again = await admin.command(f"/spawn {name} You are another.")
    assert again.mark == "✅", again.text
    fresh = await alice.direct(user_id)
    await alice.send(fresh, "Who now?")
    await alice.wait_for_message(fresh, user_id, "Who now?")


async def test_names_that_cannot_be(admin: Administrator, alice: Person, luna: LunaProcess) -> None:
    taken = await admin.command(f"/spawn {alice.localpart} I am her")
    assert (taken.mark, "belongs to somebody" in taken.text) == ("❌", True)
    own = await admin.command(f"/spawn {luna.localpart} I am you")
    assert own.mark == "❌"
    forbidden = await admin.command("/spawn Ünmöglich! nobody")
    assert forbidden.mark == "❌"
    nowhere = await admin.command(f"/spawn {unique('lost')} --room #nowhere-at-all Lost.")
    assert nowhere.mark == "❌"


async def test_with_redact_what_it_said_goes_too(
    luna: LunaProcess, admin: Administrator, alice: Person
) -> None:
    name = unique("gossip")
    user_id = f"@{name}:localhost"
    assert (await admin.command(f"/spawn {name} You gossip.")).mark == "✅"
    room = await alice.direct(user_id)
    await alice.send(room, "Tell me")
    await alice.wait_for_message(room, user_id, "Tell me")
    dismissed = await admin.command(f"/despawn {name} --redact --yes")
    assert dismissed.mark == "✅", dismissed.text
    said = [
        event["content"]
        for event in await alice.history(room)
        if event["type"] == "m.room.message" and event["sender"] == user_id
    ]
    assert said == [{}]
