"""The rules of asking before something is destroyed."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunabot.admin.authority import Authority, Posture, Refusal
from lunabot.admin.call import Plan
from lunabot.admin.confirmation import (
    CONTENT_KEY,
    WINDOW_MS,
    Verdict,
    decide,
    digest,
    ending_content,
    new_question,
    question_content,
    read_tap,
)
from lunabot.matrix.events import Message, Reaction
from lunabot.matrix.ids import EventId, RoomId, UserId

ANN, BOB, LUNA, STRANGER = (UserId(f"@{name}:localhost") for name in ("ann", "bob", "luna", "eve"))
ROOM = RoomId("!admin")
NOW_MS = 1_000_000_000
AUTHORITY = Authority(ROOM, frozenset({ANN, BOB}), frozenset({LUNA}))
SAFE = Posture(encrypted=True)
UNSAFE = Posture(encrypted=True, problems=("guests may join",))
COMMAND = Message(EventId("$command"), ROOM, ANN, NOW_MS, "/purge rooms", encrypted=True)
PLAN = Plan("**Trails** and 3 more rooms go.", "Trails 3")
QUESTION = replace(
    new_question(COMMAND, "purge", " rooms", PLAN, (), NOW_MS), notice=EventId("$notice")
)
ANY_TEXT = st.text(st.characters())  # lone surrogates, too: names of rooms come from clients
TAP = Reaction(EventId("$tap"), ROOM, ANN, NOW_MS + 1000, EventId("$notice"), "✅")


def verdict(
    *,
    yes: bool = True,
    posture: Posture = SAFE,
    authority: Authority = AUTHORITY,
    now_ms: int = NOW_MS + 1000,
    **changed: Any,
) -> Verdict | Refusal:
    tap = replace(TAP, **changed)
    return decide(QUESTION, tap, authority, posture, yes=yes, now_ms=now_ms)


@pytest.mark.parametrize("posture", [SAFE, Posture(encrypted=False)])
@pytest.mark.parametrize("second", [-5, 0, 299, 300])
def test_who_asked_answers_within_five_minutes(second: int, posture: Posture) -> None:
    at = NOW_MS + second * 1000
    assert verdict(timestamp=at, now_ms=at, posture=posture) is Verdict.RUN
    assert verdict(timestamp=at, now_ms=at, posture=posture, yes=False) is Verdict.DECLINE


def test_a_typed_answer_counts_like_a_tap() -> None:
    typed = replace(COMMAND, event_id=EventId("$yes"), body="/yes")
    assert decide(QUESTION, typed, AUTHORITY, SAFE, yes=True, now_ms=NOW_MS) is Verdict.RUN


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"sender": BOB}, "that question is for @ann:localhost to answer"),
        ({"sender": STRANGER}, "its sender is not an administrator"),
        ({"sender": UserId("@Ann:localhost")}, "its sender is not an administrator"),
        ({"sender": LUNA}, "it is from one of Luna's own accounts"),
        ({"room_id": RoomId("!other")}, "it is not in the admin room"),
        ({"sender": BOB, "timestamp": NOW_MS + WINDOW_MS + 1}, "that question is for @ann"),
        ({"authority": replace(AUTHORITY, administrators=frozenset({BOB}))}, "not an administrat"),
    ],
)
@pytest.mark.parametrize("yes", [True, False])
def test_nobody_else_answers(changed: dict[str, Any], reason: str, yes: bool) -> None:
    decision = verdict(yes=yes, **changed)
    assert isinstance(decision, Refusal)
    assert reason in decision.reason
    assert not decision.tell


@pytest.mark.parametrize("yes", [True, False])
@pytest.mark.parametrize(
    ("said_after_ms", "heard_after_ms", "in_time"),
    [
        (WINDOW_MS, WINDOW_MS + 3000, True),
        (WINDOW_MS + 1, WINDOW_MS + 1, False),
        (1000, 2 * WINDOW_MS, True),
        (1000, 2 * WINDOW_MS + 1, False),
    ],
)
def test_too_late(said_after_ms: int, heard_after_ms: int, in_time: bool, yes: bool) -> None:
    decision = verdict(yes=yes, timestamp=NOW_MS + said_after_ms, now_ms=NOW_MS + heard_after_ms)
    assert (decision is not Verdict.EXPIRE) is in_time


def test_a_room_that_is_not_safe_confirms_nothing_and_may_decline() -> None:
    reason = "not run, because this room is not safe: guests may join"
    assert verdict(posture=UNSAFE) == Refusal(reason, tell=True)
    assert verdict(posture=UNSAFE, yes=False) is Verdict.DECLINE


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("✅", True),
        ("✅\ufe0f", True),
        ("❌", False),
        ("❌\ufe0f", False),
        ("☑️", None),
        ("✔️", None),
        ("👍", None),
        ("❎", None),
        ("✅✅", None),
        ("yes", None),
        ("", None),
        ("\ufe0f", None),
    ],
)
def test_only_two_reactions_count(key: str, said: bool | None) -> None:
    assert read_tap(key) is said


def test_the_question_tells_the_consequences_and_carries_what_to_run() -> None:
    content = question_content(QUESTION)
    assert content["msgtype"] == "m.notice"
    assert content["body"].startswith("Trails and 3 more rooms go.")
    for part in ("✅", "❌", f"!yes {QUESTION.code}", f"!no {QUESTION.code}", ANN, "five minutes"):
        assert part in content["body"]
    assert content["m.mentions"] == {}
    assert content["m.relates_to"] == {"m.in_reply_to": {"event_id": "$command"}}
    assert content[CONTENT_KEY] == {
        "verb": "purge",
        "text": " rooms",
        "asker": ANN,
        "command": "$command",
        "code": QUESTION.code,
        "expires": NOW_MS + WINDOW_MS,
        "fingerprint": digest(PLAN),
    }


def test_a_question_that_ended_asks_no_more() -> None:
    content = ending_content(QUESTION, Verdict.DECLINE.value)
    assert content["body"] == "Trails and 3 more rooms go.\n\n❌ Declined: nothing was done."
    assert CONTENT_KEY not in content


@given(ANY_TEXT, ANY_TEXT)
def test_plans_are_the_same_when_their_fingerprints_are(one: str, other: str) -> None:
    assert (digest(Plan("a", one)) == digest(Plan("b", other))) is (one == other)


def test_codes_are_four_digits_and_tell_open_questions_apart() -> None:
    all_but_one = {f"{number:04}" for number in range(10_000)} - {"0417"}
    assert new_question(COMMAND, "purge", "", PLAN, all_but_one, NOW_MS).code == "0417"


@pytest.mark.parametrize(
    ("markdown", "end"),
    [
        ("\n".join(f"- room {number}" for number in range(300)), "- room 299"),
        ("\n".join(f"- room {number}" for number in range(1000)), "lines more."),
        ("x" * 20_000, "1 line more."),
        ("é🙂" * 9000, "1 line more."),
    ],
)
def test_any_plan_fits_into_an_event(markdown: str, end: str) -> None:
    question = new_question(COMMAND, "purge", "", Plan(markdown, ""), (), NOW_MS)
    assert question.consequences.endswith(end)
    assert len(str(question_content(question)).encode()) < 40_000


def test_what_was_cut_is_counted() -> None:
    lines = [f"- room {number}" for number in range(1000)]
    plan = Plan("\n".join(lines), "")
    shown, note = new_question(COMMAND, "purge", "", plan, (), NOW_MS).consequences.split("\n\n")
    assert note == f"… and {1000 - len(shown.splitlines())} lines more."
    assert shown.splitlines() == lines[: len(shown.splitlines())]
