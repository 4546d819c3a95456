"""Who answers what, together with what, and in which order, as people's clients see it."""

import asyncio
import json
import re
from typing import Any

import pytest
from aiohttp import web

from tests.e2e.administrator import Administrator
from tests.e2e.conftest import fixture
from tests.e2e.faults import Behaviour, Forward
from tests.e2e.house import House
from tests.e2e.luna import LunaProcess
from tests.e2e.person import Person
from tests.e2e.proxy import FaultyProxy
from tests.e2e.talk import (
    answers,
    ask,
    caught_up,
    group,
    held,
    name_of,
    replying,
    said,
    spoken,
    summon,
)
from tests.e2e.timeline import Predicate, membership, message, notice, relation
from tests.fake_model import Answer, FakeModel


@pytest.fixture(scope="module")
def luna_options() -> dict[str, Any]:
    """A person of these tests is quicker than most."""
    return {"sections": {"loops": {"inhuman_seconds": 0.2}}}


@fixture(scope="module")
async def personas(admin: Administrator, model: FakeModel) -> list[str]:
    """Two personas, by user id."""
    return [await summon(admin, model, word) for word in ("ada", "bert")]


def mentioning(*users: str) -> dict[str, Any]:
    return {"m.mentions": {"user_ids": list(users)}}


def html(formatted: str) -> dict[str, Any]:
    return {"format": "org.matrix.custom.html", "formatted_body": formatted}


async def test_in_a_group_she_is_silent_until_she_is_mentioned(
    luna: LunaProcess, alice: Person, bob: Person
) -> None:
    room, me = await group(alice, luna.user_id, bob), luna.user_id
    await alice.send(room, "one: luna, whom the client does not mention", **mentioning())
    await alice.send(room, "two: lunatic lunar luna-tics' words")
    await alice.send(room, "three: run `luna up` and @room", **{"m.mentions": {"room": True}})
    await alice.send(room, "four:\n```\nluna: hello\n```\n")
    await alice.send(room, "five: luna in code", **html("five: <code>luna</code> in code"))
    own = await bob.send(room, "> luna: she said\n\nsix: and I do not agree")
    await alice.reply(room, own, "seven: nor do I")
    await alice.send(room, "by a mention", **mentioning(me))
    first = await alice.wait_for_message(room, me)
    pill = f'<a href="https://matrix.to/#/{me}">somebody</a>'
    await alice.send(room, "by a pill: somebody?", **html(f"by a pill: {pill}?"))
    await alice.wait_for_message(room, me, "by a pill")
    for text in (f"by id: {me}?", f"by localpart: {luna.localpart}?", "by name: LUNA?"):
        await ask(bob, room, luna, text)
    await bob.reply(room, first["event_id"], "by a reply: really?", **mentioning())
    await alice.wait_for_message(room, me, "by a reply")
    assert len(said(alice, room, me)) == 6


@pytest.mark.parametrize("verb", ["leave", "kick"])
async def test_who_is_there_decides_whether_she_must_be_called(
    luna: LunaProcess, alice: Person, bob: Person, verb: str
) -> None:
    room = await alice.direct(luna.user_id)
    await ask(alice, room, luna, "two of us")
    await alice.invite(room, bob.user_id)
    await ask(alice, room, luna, "he is only invited")
    await bob.accept_invitation(room)
    await alice.wait_for(room, membership(bob.user_id, "join"))
    await bob.send(room, "a word to her")
    await ask(bob, room, luna, "luna, are we three?")
    await (bob.leave(room) if verb == "leave" else alice.kick(room, bob.user_id))
    await alice.wait_for(room, membership(bob.user_id, "leave"))
    await ask(alice, room, luna, "two of us again")
    assert len(said(alice, room, luna.user_id)) == 4


async def test_who_is_mentioned_answers_once_each_and_hears_the_one_before(
    luna: LunaProcess, alice: Person, model: FakeModel, personas: list[str]
) -> None:
    ada, bert = personas
    room = await group(alice, luna.user_id, ada, bert)
    with replying(model, lambda request: Answer(f"answer {spoken(request).count('answer ')}")):
        await alice.send(room, f"{name_of(bert)}, luna and {name_of(ada)}: who comes first?")
        for user in (ada, bert, luna.user_id):
            await alice.wait_for_message(room, user)
    await ask(alice, room, luna, "luna: is that all?")
    heard = answers(alice, room, ada, bert, luna.user_id)[:-1]
    assert [event["sender"] for event in heard] == [bert, luna.user_id, ada]
    assert [event["content"]["body"] for event in heard] == ["answer 0", "answer 1", "answer 2"]


async def test_killed_before_the_first_of_them_has_answered_they_keep_their_order(
    luna: LunaProcess, alice: Person, model: FakeModel, personas: list[str]
) -> None:
    ada, bert = personas
    room = await group(alice, luna.user_id, ada, bert)
    with held(model, "never heard"):
        await alice.send(room, f"{name_of(bert)}, luna and {name_of(ada)}: who is first now?")
        await model.wait_for(lambda request: "who is first now" in request.last_user)
        await luna.kill()
    with replying(model, lambda request: Answer(f"answer {spoken(request).count('answer ')}")):
        await luna.start()
        for user in (ada, bert, luna.user_id):
            await alice.wait_for_message(room, user)
    await ask(alice, room, luna, "luna: is that all?")
    heard = answers(alice, room, ada, bert, luna.user_id)[:-1]
    assert [event["sender"] for event in heard] == [bert, luna.user_id, ada]
    assert [event["content"]["body"] for event in heard] == ["answer 0", "answer 1", "answer 2"]


async def test_a_persons_thirty_questions_are_all_answered_in_order(
    luna: LunaProcess, alice: Person, model: FakeModel
) -> None:
    room = await alice.direct(luna.user_id)
    questions = [f"question {number:02}" for number in range(30)]

    async def answered(question: str) -> None:
        await alice.wait_for(room, message(luna.user_id, question))

    with replying(model, lambda request: Answer(f"echo: {request.last_user}", delay_s=0.05)):
        for question in questions[:12]:
            await alice.send(room, question)
        await answered(questions[11])
        for question in questions[12:]:
            await asyncio.sleep(0.25)  # as a person would, by the configuration above
            await alice.send(room, question)
            await answered(question)
    asked = re.findall(r"question \d\d", "\n".join(said(alice, room, luna.user_id)))
    assert asked == questions
    assert not alice.timeline.find(room, notice(luna.user_id))


async def test_three_messages_in_a_row_are_answered_together(
    luna: LunaProcess, alice: Person, model: FakeModel
) -> None:
    room = await alice.direct(luna.user_id)
    with held(model, "the first answer") as release:
        await alice.send(room, "tell me")
        await model.wait_for(lambda request: request.last_user == "tell me")
        for text in ("and another thing", "or rather two", "no, three"):
            await alice.send(room, text)
        await caught_up(alice, luna.user_id)
        release.set()
        await alice.wait_for_message(room, luna.user_id, "no, three")
    await ask(alice, room, luna, "thank you")
    first, second, _ = said(alice, room, luna.user_id)
    assert first == "the first answer"
    assert second == "echo: and another thing\nor rather two\nno, three"


async def test_what_piled_up_while_she_was_away_is_answered_together_or_counted(
    house: House, proxy: FaultyProxy, alice: Person
) -> None:
    admin = await house.person("admin")
    luna, administrator = await house.start(house.luna(admin, homeserver_url=proxy.url), admin)
    rooms = [await alice.direct(luna.user_id) for _ in range(3)]
    await luna.stop()
    for number in range(12):
        await alice.send(rooms[number % 3], f"{'too old' if number < 2 else 'recent'} {number}")
    with proxy.fault("/sync|/messages", aged("too old", by_ms=2 * 3600 * 1000)):
        await luna.start()
        line = "while I was away: 12 messages in 3 rooms, 10 answered, 2 too old"
        await admin.wait_for(administrator.room, told(luna.user_id, line), timeout_s=20)
        for room in rooms:
            await ask(alice, room, luna, "hello again")
    heard = [said(alice, room, luna.user_id) for room in rooms]
    assert [len(texts) for texts in heard] == [2, 2, 2]
    missed = "\n".join(texts[0] for texts in heard)
    assert sorted(re.findall(r"recent \d+", missed)) == sorted(f"recent {n}" for n in range(2, 12))


async def test_an_edit_before_the_answer_is_what_is_answered(
    luna: LunaProcess, alice: Person, model: FakeModel
) -> None:
    room = await alice.direct(luna.user_id)
    with held(model, "an answer to what was not meant") as release:
        question = await alice.send(room, "what is a qestion?")
        await model.wait_for(lambda request: "qestion" in request.last_user)
        await alice.edit(room, question, "what is a question?")
        await caught_up(alice, luna.user_id)
        release.set()
        await alice.wait_for_message(room, luna.user_id, "what is a question?")
    await ask(alice, room, luna, "thank you")
    assert len(said(alice, room, luna.user_id)) == 2
    assert "qestion" not in spoken(model.requests[-1])


async def test_what_is_taken_back_is_neither_answered_nor_remembered(
    luna: LunaProcess, alice: Person, model: FakeModel
) -> None:
    room = await alice.direct(luna.user_id)
    with held(model, "it is a secret") as release:
        question = await alice.send(room, "what is the password?")
        await model.wait_for(lambda request: "password" in request.last_user)
        await alice.redact(room, question)
        await caught_up(alice, luna.user_id)
        release.set()
        await ask(alice, room, luna, "never mind")
    assert said(alice, room, luna.user_id) == ["echo: never mind"]
    assert "password" not in spoken(model.requests[-1])


async def test_an_answer_that_somebody_deletes_is_forgotten(
    luna: LunaProcess, alice: Person, model: FakeModel
) -> None:
    room = await alice.direct(luna.user_id)
    model.enqueue(Answer("a slander"))
    await alice.send(room, "what do people say?")
    slander = await alice.wait_for_message(room, luna.user_id, "a slander")
    await ask(alice, room, luna, "really?")
    assert "a slander" in spoken(model.requests[-1])
    await alice.redact(room, slander["event_id"])
    await ask(alice, room, luna, "let us forget that")
    assert "a slander" not in spoken(model.requests[-1])
    assert "really?" in spoken(model.requests[-1])


async def test_a_thread_is_a_conversation_of_its_own(
    luna: LunaProcess, alice: Person, model: FakeModel
) -> None:
    room = await alice.direct(luna.user_id)
    root = await alice.send(room, "the root")
    await alice.wait_for_message(room, luna.user_id, "the root")
    await ask(alice, room, luna, "of the main timeline")
    await alice.thread(room, root, "in the thread")
    answer = await alice.wait_for_message(room, luna.user_id, "in the thread")
    assert (relation(answer)["rel_type"], relation(answer)["event_id"]) == ("m.thread", root)
    shown = spoken(model.requests[-1])
    assert "the root" in shown
    assert "main timeline" not in shown
    await ask(alice, room, luna, "back again")
    shown = spoken(model.requests[-1])
    assert "main timeline" in shown
    assert "in the thread" not in shown
    assert not relation(alice.timeline.find(room, message(luna.user_id))[-1])


async def test_a_very_long_answer_comes_in_parts_whose_code_keeps_its_language(
    luna: LunaProcess, alice: Person, model: FakeModel
) -> None:
    room = await alice.direct(luna.user_id)
    paragraphs = "\n\n".join(f"Paragraph {number}. " + "word " * 100 for number in range(40))
    code = "\n".join(f"print({number})" for number in range(2000))
    model.enqueue(Answer(f"{paragraphs}\n\n```python\n{code}\n```\n\nThe end.", piece=5000))
    await alice.send(room, "write me a program")
    await alice.wait_for_message(room, luna.user_id, "The end.")
    parts = answers(alice, room, luna.user_id)
    assert len(parts) > 2
    with_code = [part for part in parts if "print(" in part["content"]["body"]]
    assert len(with_code) > 1
    languages = [
        'class="language-python"' in part["content"]["formatted_body"] for part in with_code
    ]
    assert all(languages)
    text = "\n".join(part["content"]["body"] for part in parts)
    assert re.findall(r"Paragraph \d+|print\(\d+\)", text) == [
        *(f"Paragraph {number}" for number in range(40)),
        *(f"print({number})" for number in range(2000)),
    ]


def told(sender: str, line: str) -> Predicate:
    """Match the notices of a sender that say something, in any case."""
    is_notice = notice(sender)
    return lambda event: is_notice(event) and line.lower() in event["content"]["body"].lower()


def aged(text: str, by_ms: int) -> Behaviour:
    """Messages with a text reach Luna older than they are."""

    async def behave(request: web.Request, forward: Forward) -> web.Response:
        answer = await forward()
        if answer.status != 200 or not isinstance(answer.body, bytes):
            return answer
        body = json.loads(answer.body, object_hook=lambda event: _aged(event, text, by_ms))
        return web.json_response(body, headers={"Date": answer.headers.get("Date", "")})

    return behave


def _aged(event: dict[str, Any], text: str, by_ms: int) -> dict[str, Any]:
    content = event.get("content")
    if isinstance(content, dict) and text in str(content.get("body")):
        event["origin_server_ts"] -= by_ms
    return event
