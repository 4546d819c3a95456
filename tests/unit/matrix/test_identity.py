"""An account signs its device and answers who verifies it, over a homeserver."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from lunabot.homeserver.http import HomeserverClient
from lunabot.matrix.account import Account
from lunabot.matrix.batch import SyncBatch
from lunabot.matrix.crosssigning import DeviceKeysLost, Outcome
from lunabot.matrix.identity import Identity, load_identity
from lunabot.matrix.ids import RoomId, UserId
from lunabot.matrix.published_keys import fetch_published_keys
from lunabot.matrix.verification import ACCEPT, CANCEL, DONE, KEY, MAC, READY, REQUEST, START
from tests.cross_signed import is_signed_by_owner
from tests.fake_homeserver import ME, FakeHomeserver
from tests.room_events import joined, member
from tests.unit.matrix.person_device import PersonDevice

ADMIN = UserId("@admin:localhost")
ADA = UserId("@ada:localhost")
ROOM = RoomId("!room:localhost")


class House:
    """An account with its keys on the homeserver, and what `publish` made of it."""

    def __init__(self, home: FakeHomeserver, http: HomeserverClient, account: Account) -> None:
        self.home = home
        self.http = http
        self.account = account
        self.shown: list[tuple[RoomId | None, str]] = []

    async def load(self, keys_path: Path) -> Identity:
        return await load_identity(
            self.http,
            self.account,
            self.home.session,
            keys_path,
            may_verify=lambda user: user == ADMIN,
            show=self._show,
        )

    async def _show(self, room_id: RoomId | None, text: str) -> None:
        self.shown.append((room_id, text))

    def person(self, user: UserId, *, in_room: bool) -> PersonDevice:
        luna_key = self.account.identity_keys["ed25519"]
        device = self.home.session.device_id
        person = PersonDevice(user, "PHONE", ME, device, luna_key, "$request", in_room=in_room)
        self.home.published["device_keys"][user] = {"PHONE": {"keys": person.keys}}
        return person

    def answers(self, *, in_room: bool) -> list[tuple[str, dict[str, Any]]]:
        """Return what the account has sent so far, as type and content."""
        if in_room:
            return [(event.type, event.content) for event in self.home.events]
        return [
            (request.parts["type"], content)
            for request in self.home.of("to_device")
            for devices in request.body["messages"].values()
            for content in devices.values()
        ]


@pytest.fixture
async def house(home: FakeHomeserver, live: Account) -> AsyncIterator[House]:
    home.bring(joined(ROOM, state=[member(ME), member(ADMIN), member(ADA)]))
    await live.sync_once(None)
    async with aiohttp.ClientSession() as session:
        yield House(home, HomeserverClient(home.url, session), live)


async def test_the_device_is_signed_by_its_owner_and_stays_so(house: House, tmp_path: Path) -> None:
    home, identity = house.home, await house.load(tmp_path / "keys")
    assert await identity.publish(password=None) is Outcome.CREATED
    again = await house.load(tmp_path / "keys")
    assert await again.publish(password=None) is Outcome.UNCHANGED
    seen = await fetch_published_keys(house.http, home.session.access_token, ME)
    assert is_signed_by_owner(seen, home.session.device_id)
    assert len(home.of("identity")) == len(home.of("signatures")) == 1


async def test_keys_that_are_not_the_devices_are_noticed(house: House, tmp_path: Path) -> None:
    device = house.home.published["device_keys"][ME][house.home.session.device_id]
    device["keys"] = {name: "another key" for name in device["keys"]}
    identity = await house.load(tmp_path / "keys")
    with pytest.raises(DeviceKeysLost):
        await identity.publish(password=None)


@pytest.mark.parametrize("in_room", [True, False], ids=["room", "device"])
async def test_an_administrator_verifies_it(house: House, tmp_path: Path, in_room: bool) -> None:
    identity = await house.load(tmp_path / "keys")
    person = house.person(ADMIN, in_room=in_room)

    async def send(kind: str, content: dict[str, Any]) -> dict[str, Any]:
        before = len(house.answers(in_room=in_room))
        await identity.take(batch(ADMIN, kind, content, in_room=in_room))
        return dict(house.answers(in_room=in_room)[before][1])

    await send(REQUEST, person.request(timestamp=now_ms()))
    accept = await send(START, person.start())
    key = await send(KEY, person.key(accept))
    person.finish(await send(MAC, person.mac(key)))
    sent = [kind for kind, _ in house.answers(in_room=in_room)]
    assert sent == [READY, ACCEPT, KEY, MAC, DONE]
    [(where, text)] = house.shown
    assert where == (ROOM if in_room else None)
    assert all(name in text for _, name in person.sas.get_emoji())


@pytest.mark.parametrize("in_room", [True, False], ids=["room", "device"])
async def test_others_are_declined(house: House, tmp_path: Path, in_room: bool) -> None:
    identity = await house.load(tmp_path / "keys")
    content = house.person(ADA, in_room=in_room).request(timestamp=now_ms())
    await identity.take(batch(ADA, REQUEST, content, in_room=in_room))
    [(kind, answer)] = house.answers(in_room=in_room)
    assert (kind, answer["code"]) == (CANCEL, "m.user")
    assert house.shown == []


def now_ms() -> int:
    return int(time.time() * 1000)


def batch(user: UserId, kind: str, content: dict[str, Any], *, in_room: bool) -> SyncBatch:
    """Return the sync that brings a step of a verification."""
    source: dict[str, Any] = {"type": kind, "sender": user, "content": content}
    if not in_room:
        return SyncBatch(ME, "s2", to_device=(source,))
    if kind == REQUEST:
        source |= {"type": "m.room.message", "content": {**content, "msgtype": REQUEST}}
    source |= {"event_id": "$request", "origin_server_ts": now_ms()}
    return SyncBatch(ME, "s2", verifications=((ROOM, source),))
