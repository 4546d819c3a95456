"""The whole way, from a sync to an answer, on a homeserver that misbehaves."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from lunabot.dispatch import attention as attention_module
from lunabot.llm.client import ModelClient
from lunabot.memory.memory import Memory
from tests.fake_homeserver import FakeHomeserver
from tests.fake_model import Answer, FakeModel
from tests.homeserver_scripts import Lost, Status
from tests.room_events import event, joined, member, wrote
from tests.unit.dispatch.life import House
from tests.unit.dispatch.people import ADA, BOB, LUNA, OTHER_ROOM, ROOM

HERE = [member(LUNA, name="Luna"), member(ADA, name="Ada")]


@pytest.fixture
def luna(home: FakeHomeserver, memory: Memory, client: ModelClient, tmp_path: Path) -> House:
    return House(home, memory, client, tmp_path / "crypto")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer is slow, however slow the machine."""
    monkeypatch.setattr(attention_module, "TYPING_AFTER_S", 60)


def bodies(home: FakeHomeserver, room_id: str = ROOM) -> list[str]:
    return [event.content["body"] for event in home.events if event.room_id == room_id]


async def test_a_message_is_answered_and_what_was_said_before_is_history(
    home: FakeHomeserver, luna: House, model: FakeModel
) -> None:
    home.bring(joined(ROOM, wrote(ADA, "before you came"), state=HERE))
    async with luna.start() as life:
        await home.bring_now(joined(ROOM, wrote(ADA, "a moon?")))
        await home.wait_for(lambda: home.events)
        echo = home.events[0]
        await home.bring_now(
            joined(ROOM, event(echo.type, LUNA, echo.content, event_id=echo.event_id))
        )
        await home.wait_for(lambda: home.of("sync")[-1].query["since"] == "s3")
        await life.settled()
        assert await life.owed() == 0
    assert bodies(home) == ["echo: before you came\na moon?"]
    assert home.of("typing") == home.of("receipt") == []


@pytest.mark.parametrize("script", [Lost(), Lost(half=True), Status(502, "<html>")], ids=repr)
async def test_an_answer_whose_receipt_was_lost_is_said_once(
    home: FakeHomeserver, luna: House, model: FakeModel, pauses: list[float], script: Any
) -> None:
    home.bring(joined(ROOM, state=HERE), joined(ROOM, wrote(ADA, "a moon?")))
    home.enqueue("send", script)
    async with luna.start() as life:
        await home.wait_for(lambda: len(home.of("send")) == 2)
        await life.settled()
        assert await life.owed() == 0
        assert life.memory.state.recent(ROOM)[-1].event_id == home.events[0].event_id
    assert len(home.events) == len(model.requests) == 1
    assert life.told == []


async def test_what_a_crash_kept_from_being_noted_is_brought_up_to_date(
    home: FakeHomeserver, luna: House, model: FakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    noting = asyncio.Event()

    async def never(*_: object) -> None:
        noting.set()
        await asyncio.Event().wait()

    home.bring(joined(ROOM, state=HERE), joined(ROOM, wrote(ADA, "a moon?")))
    model.enqueue(Answer("It is round."), Answer("Round, I think."))
    with monkeypatch.context() as crashing:
        crashing.setattr(Memory, "record_own", never)
        async with luna.start() as life:
            await noting.wait()
            assert await life.owed() == 1
    home.bring(joined(ROOM, state=HERE))
    async with luna.start() as life:
        await home.wait_for(lambda: len(home.of("send")) == 3)
        await life.settled()
        assert await life.owed() == 0
        assert life.memory.state.recent(ROOM)[-1].body == "Round, I think."
    said, edit = home.events
    assert edit.content["m.relates_to"]["event_id"] == said.event_id
    first, again, _ = home.of("send")
    assert first.parts["transaction"] == again.parts["transaction"]


async def test_what_was_said_while_she_was_away_is_answered(
    home: FakeHomeserver, luna: House, model: FakeModel
) -> None:
    home.bring(joined(ROOM, state=HERE))
    async with luna.start():
        pass
    home.bring(joined(ROOM, wrote(ADA, "one"), wrote(ADA, "two"), state=HERE))
    async with luna.start() as life:
        await home.wait_for(lambda: home.events)
        await life.settled()
        assert await life.owed() == 0
    assert bodies(home) == ["echo: one\ntwo"]


async def test_rooms_side_by_side_and_within_a_room_one_after_the_other(
    home: FakeHomeserver, luna: House, model: FakeModel
) -> None:
    hold = asyncio.Event()
    home.bring(joined(ROOM, state=HERE), joined(OTHER_ROOM, state=HERE))
    model.enqueue(Answer("first", hold=hold))
    async with luna.start() as life:
        await home.bring_now(joined(ROOM, wrote(ADA, "one")))
        await model.wait_for(lambda request: "one" in request.last_user)
        await home.bring_now(
            joined(ROOM, wrote(ADA, "two"), wrote(ADA, "three")),
            joined(OTHER_ROOM, wrote(ADA, "elsewhere")),
        )
        await home.wait_for(lambda: bodies(home, OTHER_ROOM))
        assert bodies(home) == []
        hold.set()
        await home.wait_for(lambda: len(bodies(home)) == 2)
        await life.settled()
    assert bodies(home)[0] == "first"
    assert model.requests[-1].messages[-1]["content"] == "two\nthree"
    assert len(model.requests) == 3


async def test_a_slow_answer_is_seen_to_come(
    home: FakeHomeserver, luna: House, model: FakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attention_module, "TYPING_AFTER_S", 0)
    hold = asyncio.Event()
    model.enqueue(Answer("round", hold=hold))
    asked = wrote(ADA, "a moon?")
    home.bring(joined(ROOM, state=HERE), joined(ROOM, asked))
    async with luna.start():
        await home.wait_for(lambda: home.of("typing"))
        assert [request.parts["event"] for request in home.of("receipt")] == [asked["event_id"]]
        assert home.events == []
        hold.set()
        await home.wait_for(lambda: len(home.of("typing")) == 2 and home.events)
    assert [request.body["typing"] for request in home.of("typing")] == [True, False]


@pytest.mark.parametrize(
    ("content", "answers"),
    [
        ({"body": "lunch?"}, 0),
        ({"body": "Luna, lunch?"}, 1),
        ({"body": "lunch?", "m.mentions": {"user_ids": [LUNA]}}, 1),
        ({"body": "Luna, lunch?", "msgtype": "m.notice"}, 0),
        ({}, 0),
    ],
    ids=["chat", "name", "mention", "notice", "no body"],
)
async def test_in_a_group_only_who_is_mentioned_answers(
    home: FakeHomeserver, luna: House, content: dict[str, Any], answers: int
) -> None:
    said = event("m.room.message", ADA, {"msgtype": "m.text", **content})
    home.bring(joined(ROOM, state=[*HERE, member(BOB)]), joined(ROOM, said), {})
    async with luna.start() as life:
        await home.wait_for(lambda: home.of("sync")[-1].query.get("since") == "s3")
        await life.settled()
    assert len(home.events) == answers


async def test_a_message_of_sixty_kilobytes_and_one_with_only_an_image(
    home: FakeHomeserver, luna: House, model: FakeModel
) -> None:
    image = event("m.room.message", ADA, {"msgtype": "m.image", "body": "moon.png", "url": "mxc:"})
    home.bring(joined(ROOM, state=HERE), joined(ROOM, wrote(ADA, "moon " * 12_000)))
    async with luna.start() as life:
        await home.wait_for(lambda: home.events)
        await home.bring_now(joined(ROOM, image))
        await model.wait_for(lambda request: "moon.png" in request.last_user)
        await life.settled()
    assert life.told == []


async def test_put_out_of_the_room_while_she_thinks(
    home: FakeHomeserver, luna: House, model: FakeModel
) -> None:
    no = Status(403, {"errcode": "M_FORBIDDEN", "error": "User is not in the room"})
    home.enqueue("send", no, no)
    home.bring(joined(ROOM, state=HERE), joined(ROOM, wrote(ADA, "a moon?")))
    async with luna.start() as life:
        await home.wait_for(lambda: len(home.of("send")) == 2)
        await life.settled()
        assert await life.owed() == 0
    [told] = life.told
    assert told.startswith(f"No answer to {ADA} in `Ada` `{ROOM}`: send: M_FORBIDDEN")
