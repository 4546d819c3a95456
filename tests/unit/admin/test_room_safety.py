"""Who may not command is refused, and a room that is not safe is spoken of."""

import time
from types import SimpleNamespace
from typing import Any

import pytest

from lunabot.admin import room as room_module
from lunabot.matrix.events import StateChange
from lunabot.matrix.ids import EventId, RoomId, UserId
from tests.fake_services import ADMIN, ADMIN_ROOM, command
from tests.unit.admin.house import House

STRANGER = UserId("@stranger:localhost")


async def test_strangers_get_no_answer_and_are_told_of_once_a_minute(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    clock = SimpleNamespace(monotonic=lambda: now[0], time=time.time)
    monkeypatch.setattr(room_module, "time", clock)
    for second in (0, 1, 59.9, 60):
        now[0] = 1000 + second
        await house.run(command("/destroy", sender=STRANGER))
    assert house.account.acts == []
    told = f"⚠️ {STRANGER} tried to command me: its sender is not an administrator."
    assert house.told == [told, told]
    assert [(entry.sender, entry.outcome) for entry in await house.trail()] == [
        (STRANGER, "refused")
    ] * 4


async def test_what_a_stranger_says_in_the_room_is_nobodys_business(house: House) -> None:
    assert await house.run(command("hello Luna", sender=STRANGER)) == []
    assert (house.account.acts, house.told) == ([], [])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"replaces": "$earlier"}, "it is an edit"),
        ({"timestamp": 1}, "I was offline – send it again"),
        ({"encrypted": False}, "this room is encrypted, your message was not"),
    ],
)
async def test_an_administrator_is_told_why_not(
    house: House, changes: dict[str, Any], reason: str
) -> None:
    house.account.client.rooms[ADMIN_ROOM].encrypted = True
    [entry] = await house.run(command("/greet", **({"encrypted": True} | changes)))
    text, mark = house.said
    assert reason in text
    assert mark == "❌"
    assert entry.outcome == "refused"
    assert house.told == []


async def test_an_unsafe_room_destroys_nothing(house: House) -> None:
    house.account.client.rooms[ADMIN_ROOM].join_rule = "public"
    refused, ran = await house.run(command("/destroy"), command("/greet", event_id="$2"))
    assert "this room is not safe" in "".join(house.said)
    assert (refused.outcome, ran.outcome) == ("refused", "ok")
    assert "gone" not in house.said


async def test_a_breach_is_told_once_and_again_when_it_changes(house: House) -> None:
    admin_room = house.account.client.rooms[ADMIN_ROOM]
    house.room.state_changed(changed("m.room.join_rules"))
    assert house.told == []
    admin_room.join_rule = "public"
    house.room.state_changed(changed("m.room.name"))
    house.room.state_changed(changed("m.room.join_rules", RoomId("!other:localhost")))
    assert house.told == []
    house.room.state_changed(changed("m.room.join_rules"))
    house.room.state_changed(changed("m.room.member"))
    assert len(house.told) == 1
    assert "not safe: people can get in without an invitation" in house.told[0]
    admin_room.add_member(STRANGER, None, None, invited=True)
    house.room.state_changed(changed("m.room.member"))
    assert f"{STRANGER} is a member or invited" in house.told[1]
    admin_room.join_rule = "invite"
    admin_room.remove_member(STRANGER)
    house.room.state_changed(changed("m.room.member"))
    assert len(house.told) == 2
    admin_room.join_rule = "public"
    house.room.state_changed(changed("m.room.join_rules"))
    assert len(house.told) == 3


def changed(kind: str, room_id: RoomId = ADMIN_ROOM) -> StateChange:
    return StateChange(EventId("$state"), room_id, ADMIN, 1, kind, "", {})
