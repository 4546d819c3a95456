"""Twelve ways to get a command run without authority, and the one with it."""

from dataclasses import replace
from typing import Any

import pytest

from lunabot.admin.authority import (
    MAX_AGE_MS,
    Allowed,
    Authority,
    Posture,
    Refusal,
    RoomState,
)
from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, RoomId, UserId

ADMIN, LUNA, SCOUT, STRANGER = (
    UserId(f"@{name}:localhost") for name in ("admin", "luna", "scout", "stranger")
)
ROOM = RoomId("!admin")
NOW_MS = 1_000_000_000
AUTHORITY = Authority(ROOM, frozenset({ADMIN}), frozenset({LUNA, SCOUT}))
SAFE = Posture(encrypted=True)
UNSAFE = Posture(encrypted=True, problems=("guests may join", "the door is open"))
COMMAND = Message(EventId("$1"), ROOM, ADMIN, NOW_MS, "/purge", encrypted=True)


def decide(
    *, posture: Posture = SAFE, destructive: bool = True, now_ms: int = NOW_MS, **changed: Any
) -> Allowed | Refusal:
    command = replace(COMMAND, **changed)
    return AUTHORITY.decide(command, posture, destructive=destructive, now_ms=now_ms)


@pytest.mark.parametrize("destructive", [True, False])
@pytest.mark.parametrize("age_ms", [-500_000, 0, MAX_AGE_MS])
@pytest.mark.parametrize("posture", [SAFE, Posture(encrypted=False)])
def test_an_administrator_may_command(posture: Posture, age_ms: int, destructive: bool) -> None:
    decision = decide(posture=posture, destructive=destructive, now_ms=NOW_MS + age_ms)
    assert decision == Allowed()


def test_plain_text_is_enough_where_the_room_is_not_encrypted() -> None:
    assert decide(posture=Posture(encrypted=False), encrypted=False) == Allowed()


@pytest.mark.parametrize(
    "changed",
    [
        {"room_id": RoomId("!other")},
        {"sender": STRANGER},
        {"sender": UserId("@admin:elsewhere.org")},
        {"sender": UserId("@Admin:localhost")},
        {"sender": UserId("@аdmin:localhost")},
        {"sender": LUNA},
        {"sender": SCOUT},
        {"msgtype": "m.notice"},
        {"msgtype": "m.emote"},
        {"msgtype": "m.image"},
        {"sender": STRANGER, "replaces": EventId("$0")},
        {"sender": STRANGER, "encrypted": False},
        {"sender": STRANGER, "timestamp": 0},
    ],
)
@pytest.mark.parametrize("destructive", [True, False])
def test_refused_without_a_word(changed: dict[str, Any], destructive: bool) -> None:
    decision = decide(destructive=destructive, **changed)
    assert isinstance(decision, Refusal)
    assert decision.reason and not decision.tell


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"replaces": EventId("$0")}, "not run: it is an edit – send it as a new message"),
        ({"forwarded": True}, "not run: it was forwarded – type it yourself"),
        ({"encrypted": False}, "not run: this room is encrypted, your message was not"),
        ({"timestamp": NOW_MS - MAX_AGE_MS - 1}, "not run, I was offline – send it again"),
    ],
)
@pytest.mark.parametrize("destructive", [True, False])
def test_refused_and_told_why(changed: dict[str, Any], told: str, destructive: bool) -> None:
    again = "replaces" in changed or "timestamp" in changed
    assert decide(destructive=destructive, **changed) == Refusal(told, tell=True, again=again)


def test_a_room_that_is_not_safe_stops_what_destroys_and_nothing_else() -> None:
    reason = "not run, because this room is not safe: guests may join; the door is open"
    assert decide(posture=UNSAFE) == Refusal(reason, tell=True)
    assert decide(posture=UNSAFE, destructive=False) == Allowed()


def test_an_administrator_that_is_one_of_lunas_accounts_does_not_command_herself() -> None:
    authority = replace(AUTHORITY, administrators=frozenset({ADMIN, LUNA}))
    command = replace(COMMAND, sender=LUNA)
    decision = authority.decide(command, SAFE, destructive=False, now_ms=NOW_MS)
    assert isinstance(decision, Refusal)


GOOD = RoomState(members=frozenset({ADMIN, LUNA, SCOUT}), encrypted=True)


@pytest.mark.parametrize(
    ("changed", "problems"),
    [
        ({}, ()),
        ({"members": frozenset({LUNA})}, ()),
        (
            {"members": frozenset({LUNA, STRANGER})},
            ("@stranger:localhost is a member or invited, but no administrator",),
        ),
        ({"guest_access": "can_join"}, ("guests may join",)),
        (
            {"history_visibility": "world_readable"},
            ("anybody may read what is said here, without being a member",),
        ),
        (
            {"join_rule": "public"},
            ("people can get in without an invitation (join rule “public”)",),
        ),
        (
            {"join_rule": "knock_restricted"},
            ("people can get in without an invitation (join rule “knock_restricted”)",),
        ),
    ],
)
@pytest.mark.parametrize("encrypted", [True, False])
def test_posture(changed: dict[str, Any], problems: tuple[str, ...], encrypted: bool) -> None:
    posture = AUTHORITY.posture(replace(GOOD, encrypted=encrypted, **changed))
    assert posture == Posture(encrypted, problems)
    assert posture.safe is not bool(problems)
