"""Personas among others: many at once, over restarts and dismissals, and what each knows."""

import asyncio
import json
from collections.abc import AsyncIterator

from tests.e2e.administrator import Administrator
from tests.e2e.conftest import fixture
from tests.e2e.homeserver import Homeserver
from tests.e2e.house import House
from tests.e2e.luna import LunaProcess
from tests.e2e.person import Person
from tests.e2e.session import CLIENT, Json, unique
from tests.e2e.timeline import membership, message, notice
from tests.e2e.traces import Traces
from tests.e2e.waiting import until
from tests.fake_model import Answer, FakeModel, Request


@fixture(scope="module")
async def traces(homeserver: Homeserver, luna: LunaProcess) -> AsyncIterator[Traces]:
    async with Traces.looked_for(homeserver, luna) as found:
        yield found


async def spawn(admin: Administrator, word: str = "scout") -> str:
    """Summon a persona and return its name, by which it is called, too."""
    name = unique(word)
    result = await admin.command(f"/spawn {name} --name {name} You are {name}, who knows.")
    assert result.mark == "✅", result
    return name


async def test_several_come_and_go_at_the_same_time(admin: Administrator, traces: Traces) -> None:
    names = await asyncio.gather(*(spawn(admin) for _ in range(5)))
    kept = [traces.kept(name) for name in names]
    assert all("document" in found and "row in sync_tokens" in found for found in kept)
    results = await asyncio.gather(*(admin.command(f"/despawn {name} --yes") for name in names))
    assert {result.mark for result in results} == {"✅"}
    assert [traces.kept(name) for name in names] == [[]] * 5
    assert not any([await traces.account(name) for name in names])


async def test_of_two_of_the_same_name_at_the_same_time_one_wins(
    admin: Administrator, traces: Traces
) -> None:
    name = unique("twin")
    said = [await admin.say(f"/spawn {name} You are one of two.") for _ in range(2)]
    results = [await admin.result(event_id) for event_id in said]
    assert sorted(result.mark for result in results) == ["✅", "❌"]
    (refused,) = [result.text for result in results if result.mark == "❌"]
    assert "just now" in refused or "mine already" in refused
    assert await traces.account(name)


async def test_one_whose_account_somebody_removed_is_dismissed_all_the_same(
    admin: Administrator, traces: Traces
) -> None:
    name = await spawn(admin)
    await traces.deactivate(name)
    result = await admin.command(f"/despawn {name} --yes")
    assert result.mark == "✅"
    assert "Somebody had removed the account before" in result.text
    assert traces.kept(name) == []


async def test_nobody_but_a_persona_is_dismissed(
    admin: Administrator, alice: Person, luna: LunaProcess
) -> None:
    for person in (alice.localpart, luna.localpart, admin.person.localpart):
        result = await admin.command(f"/despawn {person} --yes")
        assert (result.mark, "no persona of mine" in result.text) == ("❌", True)
    assert await alice.create_room()


async def test_a_dismissal_ends_the_answer_that_is_written(
    admin: Administrator, alice: Person, model: FakeModel, luna: LunaProcess, traces: Traces
) -> None:
    name = await spawn(admin)
    room, held = await alice.direct(traces.user_id(name)), asyncio.Event()
    await model.wait_for(lambda request: _is_of(request, name))  # its first words
    model.enqueue(Answer("never heard", hold=held))
    await alice.send(room, f"What do you know, {name}?")
    await model.wait_for(lambda request: f"know, {name}" in request.last_user)
    result = await admin.command(f"/despawn {name} --yes")
    assert result.mark == "✅", result
    held.set()
    await alice.wait_for(room, membership(traces.user_id(name), "leave"))
    other = await spawn(admin)
    assert not alice.timeline.find(room, message(traces.user_id(name)))
    assert not admin.person.timeline.find(admin.room, notice(luna.user_id, "No answer"))
    assert "Traceback" not in luna.log
    assert other != name


async def test_a_restart_keeps_the_device_which_its_owner_has_signed(
    admin: Administrator, luna: LunaProcess, traces: Traces
) -> None:
    user_id = traces.user_id(await spawn(admin))
    before = await _keys(admin.person, user_id)
    await luna.restart()
    after = await _keys(admin.person, user_id)
    assert after["device_keys"] == before["device_keys"]
    (device,) = after["device_keys"][user_id].values()
    (signing,) = after["self_signing_keys"][user_id]["keys"]
    (master,) = after["master_keys"][user_id]["keys"]
    assert signing in device["signatures"][user_id]
    assert master in after["self_signing_keys"][user_id]["signatures"][user_id]


async def test_an_encrypted_direct_room_with_a_persona(
    admin: Administrator, house: House, traces: Traces
) -> None:
    name = await spawn(admin)
    cara = await house.person("cara", encrypted=True)
    room = await cara.direct(traces.user_id(name), encrypted=True)
    await cara.send(room, "Can you read this?")
    answer = await cara.wait_for_message(room, traces.user_id(name), "Can you read this?")
    assert answer.get("decrypted")


async def test_a_persona_knows_what_was_said_while_it_was_there(
    admin: Administrator, luna: LunaProcess, alice: Person, model: FakeModel, traces: Traces
) -> None:
    name = await spawn(admin)
    user_id = traces.user_id(name)
    elsewhere = await alice.direct(luna.user_id)
    await alice.send(elsewhere, "the word elsewhere is juniper")
    await alice.wait_for_message(elsewhere, luna.user_id, "juniper")
    room = await alice.create_room(invite=[luna.user_id])
    await alice.wait_for(room, membership(luna.user_id, "join"))
    await alice.send(room, "the word before is larch")
    await alice.wait_for_message(room, luna.user_id, "larch")

    await alice.invite(room, user_id)
    await alice.wait_for(room, membership(user_id, "join"))
    await alice.send(room, "the word meanwhile is alder")
    await alice.send(room, f"{name}: which words do you know?")
    first = await _prompt(model, name, "which words")
    assert ("larch" in first, "alder" in first, "juniper" in first) == (False, True, False)
    await alice.wait_for_message(room, user_id, "which words")

    await alice.kick(room, user_id)
    await until(lambda: room not in traces.document(name)["rooms"], 10, "the leave in db.json")
    await alice.send(room, "luna: the word after is rowan")
    await alice.wait_for_message(room, luna.user_id, "rowan")
    await alice.invite(room, user_id)
    await alice.wait_for(room, membership(user_id, "join"), count=2)
    await alice.send(room, f"{name}: and now?")
    second = await _prompt(model, name, "and now?")
    assert ("rowan" in second, "alder" in second, "larch" in second) == (False, True, False)


async def test_a_persona_that_was_killed_knows_since_when_it_was_there(
    admin: Administrator, luna: LunaProcess, alice: Person, model: FakeModel, traces: Traces
) -> None:
    name = await spawn(admin)
    room = await alice.create_room(invite=[luna.user_id, traces.user_id(name)])
    await alice.wait_for(room, membership(traces.user_id(name), "join"))
    await luna.kill()
    await alice.send(room, "the word at night is elm")
    await alice.send(room, f"{name}: which word was it?")
    await luna.start()
    assert "elm" in await _prompt(model, name, "which word was it")


async def test_a_persona_knows_what_was_said_in_the_room_that_was_made_for_it(
    admin: Administrator, model: FakeModel
) -> None:
    name = await spawn(admin)
    home = await admin.person.join(f"#{name}:localhost")
    await admin.person.send(home, "the word at home is maple")
    await admin.person.send(home, f"{name}: which word?")
    assert "maple" in await _prompt(model, name, "which word?")


def _is_of(request: Request, name: str) -> bool:
    return f"You are {name}," in request.system


async def _prompt(model: FakeModel, name: str, question: str) -> str:
    """Return all that reached the model with a persona's answer to a question."""

    def fits(request: Request) -> bool:
        return _is_of(request, name) and question in request.last_user

    return json.dumps((await model.wait_for(fits)).messages)


async def _keys(person: Person, user_id: str) -> Json:
    return await person.session.call("POST", f"{CLIENT}/keys/query", {"device_keys": {user_id: []}})
