"""The admin room: every spelling, a mark and an answer for each command, nothing for strangers."""

import asyncio

import pytest

from lunabot.admin.pace import MOST
from tests.e2e.administrator import YES, Administrator
from tests.e2e.house import House
from tests.e2e.luna import LunaProcess
from tests.e2e.person import Person
from tests.e2e.timeline import notice, reaction_to
from tests.fake_model import FakeModel


@pytest.mark.parametrize(
    "spelling",
    ["/health", "//health", "\\/health", "!health", "  /HEALTH", "/plain /health", "luna: !health"],
)
async def test_every_spelling_is_the_same_command(admin: Administrator, spelling: str) -> None:
    result = await admin.result(await admin.person.send(admin.room, spelling))
    assert result.mark == "✅"
    assert "this room" in result.text


async def test_there_is_one_mark_and_one_notice(admin: Administrator) -> None:
    event = await admin.say("!commands")
    result = await admin.result(event)
    assert "!health" in result.text or "health" in result.text
    assert admin.marks(event) == ["✅"]
    assert len(admin.replies(event)) == 1


async def test_a_typo_gets_the_nearest_command(admin: Administrator) -> None:
    result = await admin.command("/helth")
    assert result.mark == "❌"
    assert "!health" in result.text


async def test_a_mistake_gets_the_usage(admin: Administrator) -> None:
    result = await admin.command("/create_channel")
    assert result.mark == "❌"
    assert "Usage" in result.text


async def test_chat_with_a_bang_stays_chat(admin: Administrator, luna: LunaProcess) -> None:
    event = await admin.say("!important: buy milk")
    await admin.person.wait_for_message(admin.room, luna.user_id, "buy milk")
    assert admin.marks(event) == []


async def test_a_room_is_made_and_somebody_invited(
    admin: Administrator, luna: LunaProcess, alice: Person
) -> None:
    made = await admin.command('!create_channel "Deep Woods" —topic “Where the trails end”')
    assert made.mark == "✅"
    invited = await admin.command(f"/add-participant deep-woods {alice.localpart}")
    assert invited.mark == "✅", invited.text
    room = await alice.accept_invitation(sender=luna.user_id)
    assert (await alice.state(room, "m.room.topic"))["topic"] == "Where the trails end"
    again = await admin.command(f"/add_participant #deep-woods {alice.user_id}")
    assert "already" in again.text
    listed = await admin.command("/list_channels woods")
    assert "#deep-woods" in listed.text
    twice = await admin.command('!create_channel "Deep Woods"')
    assert (twice.mark, "already" in twice.text) == ("❌", True)


async def test_users_are_listed(admin: Administrator, luna: LunaProcess, alice: Person) -> None:
    listed = await admin.command("/list_users")
    assert alice.user_id in listed.text
    assert luna.user_id in listed.text


async def test_a_stranger_gets_nothing_and_is_told_of(
    admin: Administrator, luna: LunaProcess, alice: Person
) -> None:
    await admin.person.invite(admin.room, alice.user_id)
    await alice.accept_invitation(room=admin.room)
    await admin.person.wait_for(admin.room, notice(luna.user_id, "not safe"))
    event = await alice.send(admin.room, "!health")
    await admin.person.wait_for(admin.room, notice(luna.user_id, f"{alice.user_id} tried"))
    health = await admin.command("!health")
    assert "not safe" in health.text
    refused = await admin.command("!shutdown")
    assert refused.mark == "❌"
    assert alice.timeline.find(admin.room, reaction_to(event)) == []
    await admin.person.kick(admin.room, alice.user_id)
    assert "safe, " in (await admin.command("!health")).text


async def test_over_thirty_commands_a_minute_are_not_run(
    admin: Administrator, luna: LunaProcess
) -> None:
    events = await asyncio.gather(*(admin.say("!audit 1") for _ in range(MOST + 1)))
    await admin.person.wait_for(
        admin.room, notice(luna.user_id, "not run: over 30 commands in a minute"), 60
    )
    for event in events:
        await admin.person.wait_for(
            admin.room, reaction_to(event, "✅", "❌", sender=luna.user_id), 60
        )
    assert sum(admin.marks(event) == ["✅"] for event in events) <= MOST


async def test_shutdown_asks_then_says_farewell_and_exits_with_0(house: House) -> None:
    luna, admin = await house.household()
    event = await admin.say("!shutdown spring cleaning")
    question = await admin.question(event)
    assert "I stop" in question["content"]["body"]
    assert luna.process.running
    await admin.person.react(admin.room, question["event_id"], YES)
    result = await admin.result(event)
    assert result.mark == "✅"
    await admin.person.wait_for(admin.room, notice(luna.user_id, "stopping now: spring cleaning"))
    assert await luna.process.wait() == 0


async def test_reload_is_all_or_nothing(house: House, alice: Person, model: FakeModel) -> None:
    luna, admin = await house.household()
    good = luna.configuration_file.read_text()
    luna.configuration_file.write_text(good.replace('"luna": {', '"luna": {"promt": "x", '))
    refused = await admin.command("!reload")
    assert refused.mark == "❌"
    assert "luna.promt" in refused.text
    terse = good.replace('"luna": {', '"luna": {"prompt": "Be terse.", ')
    luna.configuration_file.write_text(terse)
    assert (await admin.command("!reload")).mark == "✅"
    room = await alice.direct(luna.user_id)
    await alice.send(room, "hello")
    await alice.wait_for_message(room, luna.user_id)
    assert model.requests[-1].messages[0]["content"] == "Be terse."
