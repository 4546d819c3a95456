"""Who may not command is refused, and a room that is not safe is spoken of."""

import time
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from lunabot.admin import room as room_module
from lunabot.errors import Refused, WorldError
from lunabot.matrix.events import Message, StateChange
from lunabot.matrix.ids import EventId, RoomId, UserId
from lunabot.memory import audit
from lunabot.problems import Problems
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
        ({"forwarded": True}, "it was forwarded"),
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


async def test_what_came_too_late_can_be_copied_and_sent_again(house: House) -> None:
    await house.run(
        command("!Greet  the moon\n```", timestamp=1),
        command("/unlock sk-secret", timestamp=1, event_id="$2"),
        command("/unlok sk-secret", timestamp=1, event_id="$3"),
    )
    assert house.said[::2] == [
        "not run, I was offline – send it again:\n\n````\n/greet the moon\n```\n````",
        "not run, I was offline – send it again:\n\n```\n/unlock ***\n```",
        "not run, I was offline – send it again:\n\n```\n/unlok\n```",
    ]


async def test_over_thirty_commands_a_minute_are_not_run(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    clock = SimpleNamespace(monotonic=lambda: now[0], time=time.time)
    monkeypatch.setattr(room_module, "time", clock)
    await house.run(*(command("/greet", event_id=f"${number}") for number in range(33)))
    trail = await house.services.memory.archive.search(audit.newest, 40)
    assert [entry.outcome for entry in trail][::-1] == ["ok"] * 30 + ["refused"] * 3
    first = "not run: over 30 commands in a minute – wait, then send it again"
    assert house.said[60:] == [first, "❌", "❌", "❌"]
    now[0] += 60
    await house.run(command("/greet", event_id="$later"))
    assert house.said[-2:] == ["hello world", "✅"]
    assert house.told == []


OTHER = RoomId("!other:localhost")
LUNA = UserId("@luna:localhost")


@pytest.mark.parametrize(
    "message",
    [
        command("/destroy", room_id=OTHER),
        command("!destroy it", room_id=OTHER, sender=STRANGER),
        command("luna: /greet", room_id=OTHER),
        command("/destroy", sender=LUNA),
    ],
)
async def test_a_command_given_elsewhere_or_by_lunas_own_is_only_noted(
    house: House, message: Message
) -> None:
    assert not house.room.claims(message)
    house.room.overheard(message)
    await house.room.tasks.close(10)
    [entry] = await house.trail()
    assert (entry.sender, entry.outcome, entry.arguments) == (message.sender, "refused", "")
    assert (house.account.acts, house.told) == ([], [])


@pytest.mark.parametrize(
    "message",
    [
        command("destroy it", room_id=OTHER),
        command("/me waves", room_id=OTHER),
        command("/greet – say hello", sender=LUNA, msgtype="m.notice"),
        replace(command("/greet", room_id=OTHER), replaces=EventId("$1")),
    ],
)
async def test_talk_is_not_noted(house: House, message: Message) -> None:
    house.room.overheard(message)
    await house.room.tasks.close(10)
    assert await house.trail() == []


async def test_an_upgrade_is_told_once_and_moves_nothing(house: House) -> None:
    told: list[str] = []
    house.services.problems = Problems(told.append)
    upgrade = replace(changed("m.room.tombstone"), content={"replacement_room": "!new`x"})
    for _ in range(2):
        house.room.state_changed(upgrade)
    house.room.state_changed(replace(upgrade, room_id=OTHER))
    assert len(told) == 1
    assert "it goes on as `!new'x`. I stay here and obey nobody there" in told[0]
    assert not house.room.claims(command("/greet", room_id=RoomId("!new`x")))


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (lambda: {"replacement_room": "!new"}, 1),
        (lambda: _fail(Refused("M_NOT_FOUND", "none")), 0),
        (lambda: _fail(WorldError("out of reach")), 0),
    ],
)
async def test_an_upgrade_of_long_ago_is_told_at_the_start(
    house: House, answer: Callable[[], dict[str, Any]], told: int
) -> None:
    async def state(room_id: RoomId, kind: str) -> dict[str, Any]:
        assert (room_id, kind) == (ADMIN_ROOM, "m.room.tombstone")
        return answer()

    house.services.client_api = SimpleNamespace(state=state)  # type: ignore[assignment]
    await house.room.check_upgrade()
    assert len(house.services.problems.lines()) == told


def _fail(error: Exception) -> dict[str, Any]:
    raise error


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
