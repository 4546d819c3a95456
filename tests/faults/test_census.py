"""The counting itself: a fault that it does not see would never be seen."""

import itertools

import pytest

from tests.e2e.timeline import Event
from tests.faults.census import Census, count
from tests.tokens import new_token

ROOM = "!room:localhost"
ALICE, LUNA, SCOUT = (f"@{name}:localhost" for name in ("alice", "luna", "scout"))
ONE, TWO, THREE = (new_token() for _ in range(3))
_numbers = itertools.count()


def says(sender: str, text: str, **content: object) -> Event:
    number = next(_numbers)
    return {
        "event_id": f"${number}",
        "origin_server_ts": number,
        "type": "m.room.message",
        "sender": sender,
        "content": {"msgtype": "m.text", "body": text, **content},
    }


def edits(original: Event, text: str) -> Event:
    relates_to = {"rel_type": "m.replace", "event_id": original["event_id"]}
    new_content = {"msgtype": "m.text", "body": text}
    content = {"m.relates_to": relates_to, "m.new_content": new_content}
    return says(original["sender"], f"* {text}", **content)


QUESTIONS = [says(ALICE, f"what of {token}?") for token in (ONE, TWO, THREE)]
GROWING = says(LUNA, "I …")


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([says(LUNA, ONE), says(LUNA, TWO), says(LUNA, THREE)], Census(3, 3)),
        ([says(LUNA, f"{ONE} {TWO} {THREE}")], Census(3, 1)),
        ([GROWING, edits(GROWING, ONE), edits(GROWING, f"{ONE} {TWO} {THREE}")], Census(3, 1)),
        ([GROWING, says(LUNA, f"{TWO} {THREE}")], Census(3, 1, lost=1, needless=1)),
        ([says(LUNA, ONE), says(LUNA, THREE)], Census(3, 2, lost=1)),
        ([says(LUNA, ONE), says(LUNA, f"{ONE} {TWO} {THREE}")], Census(3, 2, doubled=1)),
        ([says(LUNA, THREE), says(LUNA, f"{ONE} {TWO}")], Census(3, 2, misplaced=2)),
        ([says(LUNA, f"{ONE} {THREE} {TWO}")], Census(3, 1, misplaced=1)),
        ([says(LUNA, f"{ONE} {TWO} {THREE}", msgtype="m.notice")], Census(3, lost=3)),
        ([says(LUNA, f"{ONE} {TWO} {THREE}"), says(LUNA, "…")], Census(3, 1, needless=1)),
        ([says(SCOUT, f"{ONE} {TWO} {THREE}")], Census(3, lost=3)),
    ],
)
async def test_of_three_questions(answers: list[Event], expected: Census) -> None:
    asked = {token: [LUNA] for token in (ONE, TWO, THREE)}
    found = await count(ROOM, [*QUESTIONS, *answers], asked)
    assert found == expected
    assert found.is_clean == (expected in (Census(3, 3), Census(3, 1)))


async def test_each_account_that_is_asked_owes_an_answer() -> None:
    asked = {ONE: [LUNA, SCOUT], TWO: [SCOUT]}
    history = [*QUESTIONS, says(LUNA, ONE), says(SCOUT, f"{ONE} {TWO}"), says(LUNA, f"{ONE} {TWO}")]
    assert await count(ROOM, history, asked) == Census(3, 3, doubled=1)


async def test_they_answer_in_the_order_in_which_they_were_named() -> None:
    history = [*QUESTIONS, says(LUNA, ONE), says(SCOUT, ONE)]
    assert await count(ROOM, history, {ONE: [LUNA, SCOUT]}) == Census(2, 2)
    assert await count(ROOM, history, {ONE: [SCOUT, LUNA]}) == Census(2, 2, misplaced=1)


async def test_questions_of_the_same_moment_have_no_order() -> None:
    asked = {token: [LUNA] for token in (ONE, TWO)}
    history = [{**question, "origin_server_ts": 1} for question in QUESTIONS[:2]]
    history += [says(LUNA, TWO), says(LUNA, ONE)]
    assert await count(ROOM, history, asked) == Census(2, 2)


async def test_what_was_never_asked_in_the_room_is_owed_to_nobody() -> None:
    found = await count(ROOM, [], {ONE: [LUNA]})
    assert (found, found.is_clean) == (Census(), False)
