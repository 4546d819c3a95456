"""Whatever events hold, they are read, stored, decided about and shown without an exception."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunabot.config import Settings
from lunabot.dispatch.deciding import Deciding
from lunabot.matrix.events import Message
from lunabot.matrix.ids import RoomId, UserId
from lunabot.matrix.reading import read_event
from lunabot.memory.archive import Archive
from lunabot.memory.memory import Memory
from lunabot.memory.state import State
from lunabot.prompt.transcript import Transcript
from tests.fake_account import FakeAccount
from tests.fuzz import made_up
from tests.fuzz.campaign import FUZZ
from tests.fuzz.test_syncs import TYPES
from tests.unit.dispatch.people import Troupe

LUNA, ADA = UserId("@luna:localhost"), UserId("@ada:localhost")
ROOM = RoomId("!room:localhost")
TEXT = {"msgtype": "m.text", "body": "hi", "format": "org.matrix.custom.html"}
contents = made_up.spoiled(
    {**TEXT, "formatted_body": "<b>hi</b>", "m.mentions": {"user_ids": [LUNA], "room": True}},
    {**TEXT, "m.relates_to": {"rel_type": "m.thread", "event_id": "$root", "m.in_reply_to": {}}},
    {**TEXT, "m.relates_to": {"m.in_reply_to": {"event_id": "$e"}}},
    {
        **TEXT,
        "m.new_content": TEXT,
        "m.relates_to": {"rel_type": "m.replace", "event_id": "$strange"},
    },
    {**TEXT, "m.bot.command": {"command": "purge", "arguments": {"scope": "everything"}}},
    {**TEXT, "org.luna.answer": {"questions": ["$e"], "unfinished": True}},
    {
        "msgtype": "m.image",
        "body": "a.png",
        "filename": "a.png",
        "info": {"mimetype": "image/png", "size": 1, "duration": 1},
        "file": {"url": "mxc://a/b", "key": {"k": "k"}, "iv": "iv", "hashes": {"sha256": "s"}},
    },
    {"msgtype": "m.location", "body": "here", "geo_uri": "geo:1,2", "m.location": {"uri": "geo:1"}},
    {"m.poll": {"question": {"m.text": [{"body": "?"}]}, "answers": [{"m.text": "a"}]}},
    {"m.relates_to": {"rel_type": "m.annotation", "event_id": "$e", "key": "🛑"}},
    {"redacts": "$e"},
)
events = st.fixed_dictionaries(
    {
        "event_id": st.integers(0, 20).map("${}".format) | made_up.texts,
        "sender": st.sampled_from([ADA, LUNA]) | made_up.texts,
        "origin_server_ts": st.integers(0, 2**53) | made_up.numbers,
        "type": TYPES | st.just("m.room.message"),
        "content": contents | made_up.objects,
    },
    optional={"state_key": st.just("") | made_up.json, "redacts": made_up.json},
)


class Kept:
    """A memory as long as the module's tests."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.memory = self.loop.run_until_complete(self._open())
        self.account = FakeAccount(LUNA)
        self.account.enter(ROOM, ADA, "@bob:localhost")
        self.deciding = Deciding(Settings, self.memory.state, Troupe())

    async def _open(self) -> Memory:
        return Memory(await Archive.open(None), await State.open(None))

    def close(self) -> None:
        self.loop.run_until_complete(self.memory.close())
        self.loop.close()


@pytest.fixture(scope="module")
def kept() -> Iterator[Kept]:
    world = Kept()
    yield world
    world.close()


@FUZZ
@given(sources=st.lists(events | made_up.json, max_size=4), encrypted=st.booleans())
def test_what_is_read_can_be_stored_decided_about_and_shown(
    kept: Kept, sources: list[Any], encrypted: bool
) -> None:
    read = [read_event(source, ROOM, encrypted=encrypted) for source in sources]
    found = [event for event in read if event is not None]
    kept.loop.run_until_complete(kept.memory.record_sync(LUNA, "s", found))
    messages = [event for event in found if isinstance(event, Message)]
    for message in messages:
        kept.deciding(kept.account, message)
    stored = kept.loop.run_until_complete(kept.memory.archive.recent(ROOM, 20))
    for said in (messages, stored, kept.memory.state.recent(ROOM)):
        transcript = Transcript(said, me=LUNA, names={ADA: "Ada", LUNA: "Luna"})
        for line in map(transcript.line, transcript.messages):
            line.text.encode()


@FUZZ
@given(before=events, after=events)
def test_a_strange_event_keeps_none_of_its_neighbours_from_being_stored(
    kept: Kept, before: Any, after: Any
) -> None:
    sound = {
        "event_id": f"$sound-{time.monotonic_ns()}",
        "sender": ADA,
        "origin_server_ts": 1,
        "type": "m.room.message",
        "content": {"msgtype": "m.text", "body": "and this"},
    }
    read = [read_event(source, ROOM) for source in (before, sound, after)]
    found = [event for event in read if event is not None]
    recorded = kept.loop.run_until_complete(kept.memory.record_sync(LUNA, "s", found))
    assert sound["event_id"] in recorded.new
