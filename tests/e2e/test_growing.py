"""A long answer appears early and grows, outlives a crash, and can be stopped and done again."""

import asyncio
from collections.abc import Collection
from itertools import pairwise
from typing import Any

import pytest

from tests.e2e.house import House
from tests.e2e.luna import LunaProcess
from tests.e2e.person import Person
from tests.e2e.talk import answers, ask, caught_up, group, said, spoken
from tests.e2e.timeline import Event, Predicate, edit_of, relation
from tests.e2e.waiting import until
from tests.fake_model import Answer, FakeModel

STOP, AGAIN = "🛑", "🔁"
EVERY_S = 0.5
ENDLESS = 3000


@pytest.fixture(scope="module")
def luna_options() -> dict[str, Any]:
    """Answers grow early and fast, to save time."""
    return {"sections": {"answers": {"grow_after_s": 0.2, "edit_every_s": EVERY_S}}}


def slow(words: int) -> Answer:
    """Return an answer that takes a second for each hundred words or so."""
    text = " ".join(f"word{number}" for number in range(words))
    return Answer(text, piece=16, pause_s=0.02)


def edits(person: Person, answer: Event) -> list[Event]:
    return person.timeline.find(answer["room_id"], edit_of(answer["event_id"]))


async def edited(person: Person, answer: Event, count: int = 1) -> Event:
    """Wait for an answer's `count`-th edit."""
    return await person.wait_for(answer["room_id"], edit_of(answer["event_id"]), count=count)


async def is_whole(person: Person, answer: Event, text: str) -> None:
    """Wait until a client shows this for an answer."""
    await until(lambda: person.timeline.text_of(answer) == text, 15, f"the whole of {text[:60]}…")


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "encrypted"])
async def test_a_long_answer_appears_early_and_grows_by_edits(
    house: House, luna: LunaProcess, model: FakeModel, encrypted: bool
) -> None:
    alice = await house.person("alice", encrypted=encrypted)
    room = await alice.direct(luna.user_id, encrypted=encrypted)
    script = slow(words=150)
    model.enqueue(script)
    question = await alice.send(room, "tell me everything")
    await alice.wait_for(room, lambda event: luna.user_id in typing(event))
    await alice.wait_for(room, lambda event: luna.user_id in readers(event, question))
    answer = await alice.wait_for_message(room, luna.user_id)
    first = answer["content"]["body"]
    assert len(first) < len(script.text)
    await is_whole(alice, answer, script.text)
    await ask(alice, room, luna, "thank you")
    grown = [edit["content"]["m.new_content"]["body"] for edit in edits(alice, answer)]
    assert grown
    assert grown[-1] == script.text
    assert all(later.startswith(earlier.rstrip(" …")) for earlier, later in pairs([first, *grown]))
    last = edits(alice, answer)[-1]
    took_s = (last["origin_server_ts"] - answer["origin_server_ts"]) / 1000
    assert len(grown) <= took_s / EVERY_S + 2
    assert last["content"]["body"].endswith(script.text)
    assert len(answers(alice, room, luna.user_id)) == 2
    assert "m.in_reply_to" not in relation(last)


async def test_killed_while_it_grows_the_same_message_is_completed(
    luna: LunaProcess, alice: Person, model: FakeModel
) -> None:
    room = await alice.direct(luna.user_id)
    model.enqueue(slow(words=ENDLESS))
    await alice.send(room, "tell me everything")
    answer = await alice.wait_for_message(room, luna.user_id)
    await edited(alice, answer)
    await luna.kill()
    await luna.start()
    await is_whole(alice, answer, "echo: tell me everything")
    await ask(alice, room, luna, "thank you")
    _, second = answers(alice, room, luna.user_id)
    await is_whole(alice, second, "echo: thank you")


async def test_a_question_taken_back_takes_the_growing_answer_with_it(
    luna: LunaProcess, alice: Person, model: FakeModel
) -> None:
    room = await alice.direct(luna.user_id)
    model.enqueue(slow(words=ENDLESS))
    question = await alice.send(room, "tell me everything")
    answer = await alice.wait_for_message(room, luna.user_id)
    await alice.redact(room, question)
    await alice.wait_for(room, redaction_of(answer))
    await ask(alice, room, luna, "never mind")
    assert "tell me everything" not in str(model.requests[-1].messages)
    assert "word0" not in str(model.requests[-1].messages)


async def test_an_answer_that_grew_and_is_deleted_is_forgotten(
    luna: LunaProcess, alice: Person, model: FakeModel
) -> None:
    room = await alice.direct(luna.user_id)
    script = slow(words=150)
    model.enqueue(script)
    await alice.send(room, "tell me everything")
    answer = await alice.wait_for_message(room, luna.user_id)
    await is_whole(alice, answer, script.text)
    await ask(alice, room, luna, "thank you")
    assert script.text in spoken(model.requests[-1])
    await alice.redact(room, answer["event_id"])
    await ask(alice, room, luna, "let us forget that")
    assert "word" not in spoken(model.requests[-1])
    await luna.restart()
    await ask(alice, room, luna, "is it forgotten?")
    assert "word" not in spoken(model.requests[-1])
    assert len(said(alice, room, luna.user_id)) == 4


async def test_only_who_asked_stops_an_answer_that_grows(
    luna: LunaProcess, alice: Person, bob: Person, model: FakeModel
) -> None:
    room = await group(alice, luna.user_id, bob)
    script = slow(words=ENDLESS)
    model.enqueue(script)
    await alice.send(room, "luna, tell me everything")
    answer = await alice.wait_for_message(room, luna.user_id)
    await bob.react(room, answer["event_id"], STOP)
    await caught_up(alice, luna.user_id)
    await edited(alice, answer, count=len(edits(alice, answer)) + 2)
    await alice.react(room, answer["event_id"], STOP)
    await ask(alice, room, luna, "luna, that is enough")
    stopped, following = said(alice, room, luna.user_id)
    words, _, mark = stopped.rpartition("\n\n")
    assert "stopped" in mark
    assert script.text.startswith(words)
    assert words != script.text
    assert "that is enough" in following


async def test_an_answer_that_has_not_begun_is_stopped_at_the_question(
    luna: LunaProcess, alice: Person, model: FakeModel
) -> None:
    room = await alice.direct(luna.user_id)
    model.enqueue(Answer("never heard", hold=asyncio.Event()))
    question = await alice.send(room, "what is the time?")
    await model.wait_for(lambda request: request.last_user == "what is the time?")
    await alice.react(room, question, STOP)
    await ask(alice, room, luna, "never mind")
    assert len(said(alice, room, luna.user_id)) == 1


async def test_only_who_asked_gets_another_answer_in_the_place_of_one(
    luna: LunaProcess, alice: Person, bob: Person, model: FakeModel
) -> None:
    room = await group(alice, luna.user_id, bob)
    model.enqueue(Answer("heads"))
    await alice.send(room, "luna, toss a coin")
    answer = await alice.wait_for_message(room, luna.user_id, "heads")
    await is_whole(alice, answer, "heads")
    before = edits(alice, answer)
    await bob.react(room, answer["event_id"], AGAIN)
    await caught_up(alice, luna.user_id)
    assert edits(alice, answer) == before
    model.enqueue(Answer("tails"))
    await alice.react(room, answer["event_id"], AGAIN)
    await is_whole(alice, answer, "tails")
    await ask(alice, room, luna, "luna, thank you")
    assert len(said(alice, room, luna.user_id)) == 2
    shown = str(model.requests[-1].messages)
    assert "tails" in shown
    assert "heads" not in shown


async def test_of_a_long_answer_nothing_is_left_when_a_short_one_takes_its_place(
    luna: LunaProcess, alice: Person, model: FakeModel
) -> None:
    room = await alice.direct(luna.user_id)
    model.enqueue(Answer("\n\n".join(["word " * 2000] * 6), piece=5000))
    await alice.send(room, "tell me everything")
    parts = [await alice.wait_for_message(room, luna.user_id, count=count) for count in (1, 2, 3)]
    await caught_up(alice, luna.user_id)
    model.enqueue(Answer("in short: no"))
    await alice.react(room, parts[-1]["event_id"], AGAIN)
    await is_whole(alice, parts[0], "in short: no")
    for surplus in parts[1:]:
        await alice.wait_for(room, redaction_of(surplus))
    await ask(alice, room, luna, "thank you")
    assert "word" not in spoken(model.requests[-1])
    assert "in short: no" in spoken(model.requests[-1])


def typing(event: Event) -> list[str]:
    """Return who is typing, by a typing notice."""
    users: list[str] = event["content"]["user_ids"] if event["type"] == "m.typing" else []
    return users


def readers(event: Event, event_id: str) -> Collection[str]:
    """Return who has read an event, by a receipt."""
    receipts = event["content"] if event["type"] == "m.receipt" else {}
    users: dict[str, object] = receipts.get(event_id, {}).get("m.read", {})
    return users.keys()


def redaction_of(answer: Event) -> Predicate:
    """Match the event that takes a message back, in all room versions."""
    return lambda event: (
        event["type"] == "m.room.redaction"
        and answer["event_id"] in (event.get("redacts"), event["content"].get("redacts"))
    )


def pairs(texts: list[str]) -> list[tuple[str, str]]:
    return list(pairwise(texts))
