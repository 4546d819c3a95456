"""The whole way, from a sync to an answer, on a homeserver that misbehaves."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from lunabot.config import ContextSettings, Settings
from lunabot.dispatch import attention as attention_module
from lunabot.dispatch.answering import Answering
from lunabot.dispatch.attention import Attention
from lunabot.dispatch.deciding import Deciding
from lunabot.dispatch.inbox import Inbox
from lunabot.dispatch.prompting import Prompting
from lunabot.dispatch.queue import RoomQueues
from lunabot.llm.client import ModelClient
from lunabot.matrix.account import Account
from lunabot.matrix.events import Message, Reaction
from lunabot.matrix.ids import UserId
from lunabot.memory.memory import Memory
from lunabot.prompt.tokens import Tokenizer
from tests.fake_homeserver import FakeHomeserver
from tests.fake_model import Answer, FakeModel
from tests.homeserver_scripts import Lost, Status
from tests.room_events import event, joined, member, wrote
from tests.unit.dispatch.people import ADA, BOB, LUNA, OTHER_ROOM, ROOM, Troupe

HERE = [member(LUNA, name="Luna"), member(ADA, name="Ada")]


class NoCommands:
    def claims(self, message: Message) -> bool:
        return False

    def run(self, message: Message) -> None:
        raise AssertionError

    def reacted(self, seer: UserId, reaction: Reaction) -> None:
        pass


class Life:
    """One run of Luna's: her account, her inbox and her queues, on a memory that outlives it."""

    def __init__(self, account: Account, memory: Memory, client: ModelClient) -> None:
        self.account, self.memory = account, memory
        self.told: list[str] = []
        self.attention = Attention()
        cast = Troupe()
        prompting = Prompting(
            ContextSettings, cast, memory.state, Tokenizer("gpt-4o"), lambda message: True
        )
        accounts = {LUNA: account}
        self.answering = Answering(
            accounts,
            cast,
            prompting,
            lambda: client,
            memory,
            self.attention,
            self.told.append,
        )
        self.queues = RoomQueues(self.answering)
        deciding = Deciding(Settings, memory.state, cast)
        self.inbox = Inbox(accounts, memory, self.queues, NoCommands(), deciding)

    async def owed(self) -> int:
        return len(await self.memory.archive.owed(LUNA))


Start = Callable[..., Any]


@pytest.fixture
async def start(
    home: FakeHomeserver, memory: Memory, client: ModelClient, tmp_path: Path
) -> AsyncIterator[Start]:
    """Starts a life, as `async with start() as life`; after the first one it is a restart."""

    @asynccontextmanager
    async def begin() -> AsyncIterator[Life]:
        account = Account(home.url, home.session, tmp_path / "crypto")
        life = Life(account, memory, client)
        token = await memory.archive.sync_token(LUNA)
        first = await account.sync_once(token, full_state=True)
        if token is None:
            await life.inbox.take_history(first)
        else:
            await life.inbox.take(first, starting=True)
        await life.inbox.settle_debts(account, 3_600_000)
        syncing = asyncio.create_task(
            account.sync_forever(first.token, life.inbox.take, lambda error: None)
        )
        try:
            yield life
        finally:
            syncing.cancel()
            await asyncio.gather(syncing, return_exceptions=True)
            await life.queues.close(0)
            await life.attention.close()
            await account.close()

    yield begin


def bodies(home: FakeHomeserver, room_id: str = ROOM) -> list[str]:
    return [event.content["body"] for event in home.events if event.room_id == room_id]


async def settled(life: Life) -> None:
    """Return once nothing is in line and nothing in work."""
    await life.queues.close(10)


async def test_a_message_is_answered_and_what_was_said_before_is_history(
    home: FakeHomeserver, start: Start, model: FakeModel
) -> None:
    home.bring(joined(ROOM, wrote(ADA, "before you came"), state=HERE))
    async with start() as life:
        await home.bring_now(joined(ROOM, wrote(ADA, "a moon?")))
        await home.wait_for(lambda: home.events)
        echo = home.events[0]
        await home.bring_now(
            joined(ROOM, event(echo.type, LUNA, echo.content, event_id=echo.event_id))
        )
        await home.wait_for(lambda: home.of("sync")[-1].query["since"] == "s3")
        await settled(life)
        assert await life.owed() == 0
    assert bodies(home) == ["echo: Ada: before you came\nAda: a moon?"]
    assert home.of("typing") == home.of("receipt") == []


@pytest.mark.parametrize("script", [Lost(), Lost(half=True), Status(502, "<html>")], ids=repr)
async def test_an_answer_whose_receipt_was_lost_is_said_once(
    home: FakeHomeserver, start: Start, model: FakeModel, pauses: list[float], script: Any
) -> None:
    home.bring(joined(ROOM, state=HERE), joined(ROOM, wrote(ADA, "a moon?")))
    home.enqueue("send", script)
    async with start() as life:
        await home.wait_for(lambda: len(home.of("send")) == 2)
        await settled(life)
        assert await life.owed() == 0
        assert life.memory.state.recent(ROOM)[-1].event_id == home.events[0].event_id
    assert len(home.events) == len(model.requests) == 1
    assert life.told == []


async def test_a_crash_between_saying_and_noting_it_says_nothing_twice(
    home: FakeHomeserver, start: Start, model: FakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    noting = asyncio.Event()

    async def never(*_: object) -> None:
        noting.set()
        await asyncio.Event().wait()

    home.bring(joined(ROOM, state=HERE), joined(ROOM, wrote(ADA, "a moon?")))
    model.enqueue(Answer("It is round."), Answer("Round, I think."))
    with monkeypatch.context() as crashing:
        crashing.setattr(Memory, "record_answer", never)
        async with start() as life:
            await noting.wait()
            assert await life.owed() == 1
    async with start() as life:
        await home.wait_for(lambda: len(home.of("send")) == 2)
        await settled(life)
        assert await life.owed() == 0
    assert bodies(home) == ["It is round."]
    assert len({request.parts["transaction"] for request in home.of("send")}) == 1


async def test_what_was_said_while_she_was_away_is_answered(
    home: FakeHomeserver, start: Start, model: FakeModel
) -> None:
    home.bring(joined(ROOM, state=HERE))
    async with start():
        pass
    home.bring(joined(ROOM, wrote(ADA, "one"), wrote(ADA, "two"), state=HERE))
    async with start() as life:
        await home.wait_for(lambda: home.events)
        await settled(life)
        assert await life.owed() == 0
    assert bodies(home) == ["echo: Ada: one\nAda: two"]


async def test_rooms_side_by_side_and_within_a_room_one_after_the_other(
    home: FakeHomeserver, start: Start, model: FakeModel
) -> None:
    hold = asyncio.Event()
    home.bring(joined(ROOM, state=HERE), joined(OTHER_ROOM, state=HERE))
    model.enqueue(Answer("first", hold=hold))
    async with start() as life:
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
        await settled(life)
    assert bodies(home)[0] == "first"
    assert model.requests[-1].last_user.endswith("Ada: two\nAda: three")
    assert len(model.requests) == 3


async def test_a_slow_answer_is_seen_to_come(
    home: FakeHomeserver, start: Start, model: FakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attention_module, "TYPING_AFTER_S", 0)
    hold = asyncio.Event()
    model.enqueue(Answer("round", hold=hold))
    asked = wrote(ADA, "a moon?")
    home.bring(joined(ROOM, state=HERE), joined(ROOM, asked))
    async with start():
        await home.wait_for(lambda: home.of("typing"))
        assert [request.parts["event"] for request in home.of("receipt")] == [asked["event_id"]]
        assert home.events == []
        hold.set()
        await home.wait_for(lambda: len(home.of("typing")) == 2 and home.events)
    assert [request.body["typing"] for request in home.of("typing")] == [True, False]


@pytest.mark.parametrize(
    ("said", "answers"),
    [
        (wrote(ADA, "lunch?"), 0),
        (wrote(ADA, "Luna, lunch?"), 1),
        (wrote(ADA, "lunch?", **{"m.mentions": {"user_ids": [LUNA]}}), 1),
        (wrote(ADA, "Luna, lunch?", msgtype="m.notice"), 0),
        (event("m.room.message", ADA, {}), 0),
    ],
    ids=["chat", "name", "mention", "notice", "no body"],
)
async def test_in_a_group_only_who_is_mentioned_answers(
    home: FakeHomeserver, start: Start, model: FakeModel, said: dict[str, Any], answers: int
) -> None:
    fresh = event("m.room.message", ADA, said["content"])
    home.bring(joined(ROOM, state=[*HERE, member(BOB)]), joined(ROOM, fresh), {})
    async with start() as life:
        await home.wait_for(lambda: home.of("sync")[-1].query.get("since") == "s3")
        await settled(life)
    assert len(home.events) == answers


async def test_a_message_of_sixty_kilobytes_and_one_with_only_an_image(
    home: FakeHomeserver, start: Start, model: FakeModel
) -> None:
    image = event("m.room.message", ADA, {"msgtype": "m.image", "body": "moon.png", "url": "mxc:"})
    home.bring(joined(ROOM, state=HERE), joined(ROOM, wrote(ADA, "moon " * 12_000)))
    async with start() as life:
        await home.wait_for(lambda: home.events)
        await home.bring_now(joined(ROOM, image))
        await model.wait_for(lambda request: "moon.png" in request.last_user)
        await settled(life)
    assert life.told == []


async def test_put_out_of_the_room_while_she_thinks(
    home: FakeHomeserver, start: Start, model: FakeModel
) -> None:
    no = Status(403, {"errcode": "M_FORBIDDEN", "error": "User is not in the room"})
    home.enqueue("send", no, no)
    home.bring(joined(ROOM, state=HERE), joined(ROOM, wrote(ADA, "a moon?")))
    async with start() as life:
        await home.wait_for(lambda: len(home.of("send")) == 2)
        await settled(life)
        assert await life.owed() == 0
    [told] = life.told
    assert told.startswith(f"No answer to {ADA} in {ROOM}: send: M_FORBIDDEN")
