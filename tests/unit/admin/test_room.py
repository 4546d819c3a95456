"""From a message in the admin room to its mark, its answer and its line in the audit trail."""

import asyncio
import time

import pytest

from lunabot.matrix.command_call import CommandCall
from lunabot.matrix.ids import RoomId, UserId
from tests.fake_services import ADMIN, command
from tests.unit.admin.house import House

STRANGER = UserId("@stranger:localhost")


async def test_a_command_is_answered_marked_and_audited(house: House) -> None:
    before = int(time.time() * 1000)
    [entry] = await house.run(command("!greet moon"))
    assert house.said == ["hello moon", "✅"]
    assert house.account.acts[0] == ("read", "$command")
    assert (entry.sender, entry.event_id, entry.verb) == (ADMIN, "$command", "greet")
    assert (entry.arguments, entry.outcome, entry.reference) == ("moon", "ok", None)
    assert before <= entry.timestamp <= time.time() * 1000
    assert 0 <= entry.duration_ms < 5000


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("/fail mistake", "the reason, sk-secret"),
        ("/fail world", "That did not work: the reason, sk-secret."),
        ("/fail otherwise", "no"),
        ("/gret moon", "There is no command `gret`. Did you mean `!greet`?"),
        ("/fail", "`HOW` is missing: as what.\n\nUsage: `/fail HOW`"),
    ],
)
async def test_a_failure_is_said_and_marked(house: House, body: str, said: str) -> None:
    [entry] = await house.run(command(body))
    text, mark = house.said
    assert text.startswith(said)
    assert mark == "❌"
    assert (entry.outcome, entry.reference) == ("failed", None)


async def test_a_fault_of_ours_is_a_reference_that_the_log_explains(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    [entry] = await house.run(command("/fail bug"))
    text, mark = house.said
    assert mark == "❌"
    assert entry.reference is not None
    assert entry.reference in text
    assert entry.reference in caplog.text
    assert "secret" not in text


async def test_no_secret_reaches_the_trail_or_the_room(house: House) -> None:
    entries = await house.run(
        command("/unlock sk-secret"),
        command("/unlok sk-secret", event_id="$typo"),
        command("/unlock sk-secret sk-secret", event_id="$too-much"),
    )
    assert [entry.verb for entry in entries] == ["unlock", "unlok", "unlock"]
    assert "secret" not in f"{entries} {house.account.sent}"


async def test_what_is_no_command_is_conversation(house: House) -> None:
    luna = house.services.account.user_id
    elsewhere = RoomId("!other:localhost")
    for message in (
        command("how are you?"),
        command("!important, look"),
        command("/greet", room_id=elsewhere),
        command("/greet", room_id=elsewhere, sender=STRANGER),
        command("/greet", sender=luna),
    ):
        assert not house.room.claims(message)


async def test_a_command_may_come_as_data(house: House) -> None:
    luna = frozenset({house.services.account.user_id})
    call = CommandCall("greet", {"text": "moon"})
    wrong = CommandCall("GREET", {"txt": "moon"})
    entries = await house.run(
        command("whatever", mentions=luna, call=call),
        command("whatever", mentions=luna, call=wrong, event_id="$2"),
    )
    assert house.said[:2] == ["hello moon", "✅"]
    assert house.said[2:] == ["`/greet` takes no `txt`.\n\nUsage: `/greet [TEXT…]`", "❌"]
    assert [(each.arguments, each.outcome) for each in entries] == [
        ("moon", "ok"),
        ("", "failed"),
    ]


async def test_data_that_is_not_addressed_to_her_commands_nothing(house: House) -> None:
    call = CommandCall("greet", {})
    for mentions in (None, frozenset[UserId](), frozenset({STRANGER})):
        assert not house.room.claims(command("hi", mentions=mentions, call=call))


async def test_data_gives_no_stranger_authority(house: House) -> None:
    luna = frozenset({house.services.account.user_id})
    call = CommandCall("greet", {})
    [entry] = await house.run(command("hi", mentions=luna, call=call, sender=STRANGER))
    assert (entry.verb, entry.outcome, house.said) == ("greet", "refused", [])


async def test_a_long_command_holds_up_no_other(house: House) -> None:
    house.room.run(command("/wait"))
    house.room.run(command("/greet", event_id="$2"))
    await house.account.wait_for(lambda: "✅" in house.said)
    assert sorted(house.said) == ["half way", "hello world", "✅"]
    house.finish.set()
    await house.room.tasks.close(10)
    assert [entry.verb for entry in await house.trail()] == ["greet", "wait"]
    assert house.said[-2:] == ["* done", "✅"]


async def test_a_command_cut_off_by_a_stop_leaves_nothing_running(house: House) -> None:
    before = asyncio.all_tasks()
    house.room.run(command("/wait"))
    await house.account.wait_for(lambda: "half way" in house.said)
    await house.room.tasks.close()
    assert [(entry.verb, entry.outcome) for entry in await house.trail()] == [("wait", "failed")]
    assert asyncio.all_tasks() == before
    assert house.said == ["half way"]
