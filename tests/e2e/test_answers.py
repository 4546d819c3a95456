"""People talk with Luna: in direct rooms always, in groups when she is mentioned."""

from tests.e2e.luna import LunaProcess
from tests.e2e.person import Person
from tests.e2e.timeline import edit_of, message
from tests.fake_model import Answer, FakeModel


async def test_a_question_in_a_direct_room_is_answered(
    luna: LunaProcess, alice: Person, room_version: str
) -> None:
    room = await alice.direct(luna.user_id, room_version=room_version)
    await alice.send(room, "Is it raining?")
    answer = await alice.wait_for_message(room, luna.user_id, "echo: Is it raining?")
    assert answer["content"]["msgtype"] == "m.text"


async def test_questions_are_answered_in_order_and_once(luna: LunaProcess, alice: Person) -> None:
    room = await alice.direct(luna.user_id)
    for number in range(5):
        await alice.send(room, f"question {number}")
        await alice.wait_for_message(room, luna.user_id, f"question {number}")
    said = [
        event["content"]["body"]
        for event in await alice.history(room)
        if event["type"] == "m.room.message" and event["sender"] == luna.user_id
    ]
    assert said == [f"echo: question {number}" for number in range(5)]


async def test_in_a_group_she_is_silent_until_mentioned(
    luna: LunaProcess, alice: Person, bob: Person, model: FakeModel
) -> None:
    room = await alice.create_room(invite=[luna.user_id, bob.user_id])
    await bob.accept_invitation(room=room)
    await alice.wait_for(room, lambda event: event.get("state_key") == luna.user_id, count=2)
    await alice.send(room, "nobody in particular: hello")
    await bob.send(room, "hello to you")
    await alice.send(room, "Luna, and you?", **{"m.mentions": {"user_ids": [luna.user_id]}})
    await alice.wait_for_message(room, luna.user_id)
    await bob.send(room, "does luna hear her name?")
    await alice.wait_for_message(room, luna.user_id, "her name")
    said = alice.timeline.find(room, message(luna.user_id))
    assert len(said) == 2
    prompt = model.requests[-1].messages
    spoken = "\n".join(str(turn["content"]) for turn in prompt)
    assert "nobody in particular: hello" in spoken
    assert prompt[0]["role"] == "system"
    assert prompt[-1]["role"] == "user"


async def test_notices_and_edits_are_not_answered(luna: LunaProcess, alice: Person) -> None:
    room = await alice.direct(luna.user_id)
    await alice.send(room, "I am a bot", msgtype="m.notice")
    first = await alice.send(room, "a qestion")
    await alice.wait_for_message(room, luna.user_id, "a qestion")
    await alice.edit(room, first, "a question")
    await alice.wait_for(room, edit_of(first))
    await alice.send(room, "the last one")
    await alice.wait_for_message(room, luna.user_id, "the last one")
    assert len(alice.timeline.find(room, message(luna.user_id))) == 2


async def test_markdown_becomes_the_html_that_phones_show(
    luna: LunaProcess, alice: Person, model: FakeModel
) -> None:
    room = await alice.direct(luna.user_id)
    model.enqueue(Answer("# Title\n\n**bold** and <script>alert(1)</script>"))
    await alice.send(room, "show me")
    answer = await alice.wait_for_message(room, luna.user_id, "bold")
    html = answer["content"]["formatted_body"]
    assert "<strong>bold</strong>" in html
    assert "<script>" not in html
    assert "<h1>" not in html
    assert "**" not in answer["content"]["body"]


async def test_an_empty_message_and_a_very_long_one(luna: LunaProcess, alice: Person) -> None:
    room = await alice.direct(luna.user_id)
    await alice.send(room, "")
    await alice.send_event(room, "org.example.unknown", {"body": ["not a text"]})
    long = "word " * 12_000
    await alice.send(room, f"{long} the end")
    await alice.wait_for_message(room, luna.user_id, "the end")


async def test_an_image_alone_is_answered(
    luna: LunaProcess, alice: Person, model: FakeModel
) -> None:
    room = await alice.direct(luna.user_id)
    await alice.send(room, "cat.jpg", msgtype="m.image", url="mxc://nowhere/cat")
    await alice.wait_for_message(room, luna.user_id)
    assert "cat.jpg" in str(model.requests[-1].messages[-1]["content"])
