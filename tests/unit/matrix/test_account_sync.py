"""What a sync brings is handed over once, in order, through whatever the server does meanwhile."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import nio
import pytest
from aiohttp import web

from lunabot.errors import WorldError
from lunabot.matrix.account import SYNC_TIMEOUT_MS, Account
from lunabot.matrix.batch import SyncBatch
from lunabot.matrix.events import Message, Undecryptable
from lunabot.matrix.ids import RoomId
from lunabot.matrix.nio_client import SessionLost
from tests.fake_homeserver import ME, FakeHomeserver
from tests.homeserver_scripts import Lost, Reset, Script, Serve, Status
from tests.room_events import event, invited, joined, left, member, wrote
from tests.unit.memory.disk import full_beyond

ADA = "@ada:localhost"
ROOM = RoomId("!room:localhost")


class Following:
    """A running `sync_forever`, and all that came of it."""

    def __init__(self) -> None:
        self.batches: list[SyncBatch] = []
        self.troubles: list[str] = []
        self.came = asyncio.Event()

    @property
    def bodies(self) -> list[str]:
        events = (event for batch in self.batches for event in batch.events)
        return [event.body for event in events if isinstance(event, Message)]

    async def handle(self, batch: SyncBatch) -> None:
        self.batches.append(batch)
        self.came.set()

    def trouble(self, error: WorldError) -> None:
        self.troubles.append(str(error))


@asynccontextmanager
async def following(account: Account, since: str = "s0") -> AsyncIterator[Following]:
    seen = Following()
    syncing = asyncio.create_task(account.sync_forever(since, seen.handle, seen.trouble))
    try:
        yield seen
    finally:
        syncing.cancel()
        async with asyncio.timeout(10):
            await asyncio.gather(syncing, return_exceptions=True)


async def test_batches_come_in_order_each_with_the_token_that_covers_it(
    live: Account, home: FakeHomeserver
) -> None:
    home.bring(joined(ROOM, wrote(ADA, "one"), wrote(ADA, "two")))
    async with following(live) as seen:
        await home.wait_for(lambda: len(home.of("sync")) == 2)
        await home.bring_now(joined(ROOM, wrote(ADA, "three")), joined(ROOM, wrote(ADA, "four")))
        await home.wait_for(lambda: len(home.of("sync")) == 4)
    assert seen.bodies == ["one", "two", "three", "four"]
    assert [batch.token for batch in seen.batches] == ["s1", "s2", "s3"]
    assert [request.query["since"] for request in home.of("sync")] == ["s0", "s1", "s2", "s3"]
    assert seen.troubles == []


async def test_the_first_sync_does_not_wait_and_the_others_do(
    live: Account, home: FakeHomeserver
) -> None:
    home.bring({}, {}, {})
    await live.sync_once(None)
    await live.sync_once("s1", full_state=True)
    await live.sync_once("s2")
    queries = [request.query for request in home.of("sync")]
    assert [query.get("timeout") for query in queries[:2]] == [None, None]
    assert int(queries[2]["timeout"]) in SYNC_TIMEOUT_MS
    assert [query.get("full_state") for query in queries] == ["false", "true", "false"]


@pytest.mark.parametrize(
    ("script", "told"),
    [
        (Status(502, "<html><h1>Bad Gateway</h1></html>"), "sync: the homeserver answered 502"),
        (Status(200, "this is not JSON"), "sync: the homeserver answered 200"),
        (Status(200, []), "sync: the homeserver answered 200"),
        (Status(200, {"next_batch": 7}), "sync: the homeserver answered 200"),
        (Status(403, {"errcode": "M_FORBIDDEN", "error": "no"}), "sync: M_FORBIDDEN: no"),
        (Reset(), "the homeserver is out of reach (ServerDisconnectedError)"),
        (Lost(half=True), "the homeserver is out of reach (ClientPayloadError)"),
    ],
    ids=str,
)
async def test_a_sync_that_fails_is_told_and_loses_nothing(
    live: Account, home: FakeHomeserver, pauses: list[float], script: Script, told: str
) -> None:
    home.bring(joined(ROOM, wrote(ADA, "hello")))
    tries = 12 if isinstance(script, Reset) else 1  # nio and aiohttp try again by themselves
    home.enqueue("sync", *[script] * tries)
    async with following(live) as seen:
        await seen.came.wait()
    assert seen.bodies == ["hello"]
    assert set(seen.troubles) == {told}


async def test_pauses_grow_to_half_a_minute_and_are_short_again_after_a_success(
    live: Account, home: FakeHomeserver, pauses: list[float]
) -> None:
    bad = Status(502, "<html>")
    home.bring(joined(ROOM, wrote(ADA, "hello")))
    home.enqueue("sync", *[bad] * 7)
    async with following(live) as seen:
        await seen.came.wait()
        home.enqueue("sync", bad, bad)
        await home.wait_for(lambda: len(home.of("sync")) == 9)
        await home.bring_now({})
        await home.wait_for(lambda: len(home.of("sync")) == 12)
    assert pauses == [1, 2, 4, 8, 16, 30, 30, 1, 2]


async def test_every_sync_is_filtered_and_nothing_is_uploaded_for_that(
    live: Account, home: FakeHomeserver
) -> None:
    home.bring(joined(ROOM, wrote(ADA, "hello")), {})
    async with following(live):
        await home.wait_for(lambda: len(home.of("sync")) == 3)
    filters = [json.loads(request.query["filter"]) for request in home.of("sync")]
    assert filters == [filters[0]] * 3
    assert filters[0]["presence"] == filters[0]["room"]["ephemeral"] == {"not_types": ["*"]}
    assert home.of("filter") == []


@pytest.mark.parametrize("errcode", ["M_UNKNOWN_TOKEN", "M_USER_DEACTIVATED"])
async def test_a_session_that_was_ended_elsewhere_ends_the_loop(
    live: Account, home: FakeHomeserver, errcode: str
) -> None:
    home.enqueue("sync", Status(401, {"errcode": errcode, "error": "gone"}))
    seen = Following()
    with pytest.raises(SessionLost, match=errcode):
        await live.sync_forever("s0", seen.handle, seen.trouble)
    assert seen.troubles == []


async def test_a_fault_in_the_library_is_told_by_a_reference(
    live: Account,
    home: FakeHomeserver,
    pauses: list[float],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sync = live.client.sync
    faults = [KeyError("room")]

    async def faulty(*args: object, **more: object) -> object:
        if faults:
            raise faults.pop()
        return await sync(*args, **more)

    monkeypatch.setattr(live.client, "sync", faulty)
    home.bring(joined(ROOM, wrote(ADA, "hello")))
    async with following(live) as seen:
        await seen.came.wait()
    [told] = seen.troubles
    reference = told.rpartition(" ")[2]
    assert told.startswith("a sync failed by a fault of mine, reference ")
    assert reference in caplog.text
    assert seen.bodies == ["hello"]


async def test_a_batch_is_not_lost_where_the_keys_could_not_be_tended(
    live: Account, home: FakeHomeserver, pauses: list[float]
) -> None:
    home.bring(joined(ROOM, wrote(ADA, "hello"), state=[member(ME), member(ADA)]))
    home.enqueue("keys_upload", *[Reset()] * 12)
    async with following(live) as seen:
        await seen.came.wait()
    assert seen.bodies == ["hello"]
    assert live.joined_count(ROOM) == 2
    assert live.has_published_keys


async def test_the_devices_keys_are_published_with_the_first_sync(
    live: Account, home: FakeHomeserver
) -> None:
    before = live.has_published_keys
    home.bring({})
    await live.sync_once(None)
    assert (before, live.has_published_keys) == (False, True)
    keys = home.of("keys_upload")[0].body["device_keys"]["keys"]
    assert keys[f"ed25519:{live.device_id}"] == live.identity_keys["ed25519"]


async def test_it_is_the_same_device_after_a_restart(
    live: Account, home: FakeHomeserver, tmp_path: Path
) -> None:
    home.bring({})
    await live.sync_once(None)
    await live.close()
    again = Account(home.url, home.session, tmp_path / "crypto")
    assert again.identity_keys == live.identity_keys
    assert again.has_published_keys
    await again.close()


async def test_what_the_disk_did_not_take_of_the_keys_is_brought_again(
    live: Account, home: FakeHomeserver, tmp_path: Path
) -> None:
    home.bring(joined(ROOM, wrote(ADA, "one")), joined(ROOM, wrote(ADA, "one")))
    with full_beyond(0):
        async with following(live) as seen:
            await home.wait_for(lambda: len(home.of("keys_upload")) > 0)
            await home.wait_for(lambda: bool(seen.troubles))
    assert seen.batches == []
    [told] = seen.troubles
    assert re.fullmatch(r"the encryption store \S+ could not be written \(.*\): make room .*", told)
    async with following(live) as seen:
        await seen.came.wait()
    assert (seen.bodies, seen.troubles) == (["one"], [])
    assert [request.query["since"] for request in home.of("sync")[:2]] == ["s0", "s0"]
    await live.close()
    again = Account(home.url, home.session, tmp_path / "crypto")
    assert again.has_published_keys
    await again.close()


async def test_it_joins_nothing_by_itself_and_leaves_what_it_was_put_out_of(
    live: Account, home: FakeHomeserver
) -> None:
    home.bring(
        joined(ROOM, state=[member(ME), member(ADA)]),
        invited("!other:localhost", member(ME, "invite", by=ADA)),
        left(ROOM),
    )
    await live.sync_once(None)
    assert live.joined_count(ROOM) == 2
    assert [invite.sender for invite in (await live.sync_once("s1")).invites] == [ADA]
    assert (await live.sync_once("s2")).left == (ROOM,)
    assert live.joined_count(ROOM) == 0
    assert home.of("join") == []


async def test_what_anybody_may_send_leaves_nothing_behind(
    live: Account, home: FakeHomeserver
) -> None:
    def asked(sender: str, number: int, action: str) -> dict[str, object]:
        content = {
            "action": action,
            "request_id": f"{action} {number}",
            "requesting_device_id": f"PHONE{number}",
            "body": {
                "algorithm": "m.megolm.v1.aes-sha2",
                "room_id": ROOM,
                "sender_key": "curve25519 key",
                "session_id": "a session",
            },
        }
        return {"type": "m.room_key_request", "sender": sender, "content": content}

    actions = ("request", "request_cancellation")
    requests = [asked(ADA, number, action) for number in range(3) for action in actions]
    invitations = [invited(f"!{number}:localhost", member(ME, "invite", by=ADA)) for number in "12"]
    home.bring(*invitations, {"to_device": {"events": [*requests, asked(ME, 9, actions[1])]}})
    for token in ("s0", "s1"):
        assert len((await live.sync_once(token)).invites) == 1
    assert len((await live.sync_once("s2")).to_device) == 7
    olm = live.client.olm
    assert not live.client.invited_rooms and not olm.received_key_requests
    assert list(olm.key_requests_waiting_for_session) == [(ME, "PHONE9")]


@pytest.mark.parametrize(("ahead_s", "offset_s"), [(0, 0), (3600, 3600), (-3600, -3600), (1, 0)])
async def test_it_knows_the_servers_time(
    live: Account, home: FakeHomeserver, ahead_s: int, offset_s: int
) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=ahead_s), usegmt=True)
    home.enqueue("sync", Status(200, {"next_batch": "s1"}, {"Date": date}))
    await live.sync_once("s0")
    assert live.server_now() / 1000 - datetime.now(UTC).timestamp() == pytest.approx(
        offset_s, abs=3
    )


@pytest.mark.parametrize("was_ahead_s", [-3600, 0, 3600])
@pytest.mark.parametrize("is_ahead_s", [-3600, 0, 3600])
async def test_it_knows_the_servers_time_when_its_clock_is_set_during_a_poll(
    live: Account,
    home: FakeHomeserver,
    monkeypatch: pytest.MonkeyPatch,
    was_ahead_s: int,
    is_ahead_s: int,
) -> None:
    real = time.time

    class Setting(Status):
        """The clock is set before the answer comes."""

        async def play(self, http: web.Request, serve: Serve) -> web.StreamResponse:
            monkeypatch.setattr(time, "time", lambda: real() + is_ahead_s)
            return await super().play(http, serve)

    date = format_datetime(datetime.fromtimestamp(real(), UTC), usegmt=True)
    home.enqueue("sync", Setting(200, {"next_batch": "s1"}, {"Date": date}))
    monkeypatch.setattr(time, "time", lambda: real() + was_ahead_s)
    await live.sync_once("s0")
    assert live.server_now() / 1000 - real() == pytest.approx(0, abs=3)


async def test_a_message_without_its_key_is_kept_for_later(
    live: Account, home: FakeHomeserver
) -> None:
    content = dict.fromkeys(("ciphertext", "session_id", "sender_key", "device_id"), "unknown")
    content["algorithm"] = "m.megolm.v1.aes-sha2"
    home.bring(joined(ROOM, event("m.room.encrypted", ADA, content)))
    batch = await live.sync_once(None)
    [unread] = batch.unread
    assert isinstance(unread, nio.MegolmEvent)
    assert unread.room_id == ROOM
    assert isinstance(live.read(unread), Undecryptable)
