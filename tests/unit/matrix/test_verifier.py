"""The verifications of an account: whose they are, where they go, when they end."""

from collections.abc import Mapping
from typing import Any

import pytest
import vodozemac
from hypothesis import given
from hypothesis import strategies as st

from lunabot.errors import WorldError
from lunabot.matrix.ids import DeviceId, RoomId, UserId
from lunabot.matrix.published_keys import PublishedKeys
from lunabot.matrix.verification import (
    ACCEPT,
    CANCEL,
    DONE,
    KEY,
    MAC,
    READY,
    REQUEST,
    START,
    OwnIdentity,
)
from lunabot.matrix.verifier import LIFETIME_MS, Comparison, Verifier
from tests.unit.matrix.person_device import PersonDevice

ADMIN = UserId("@admin:example.org")
LUNA = UserId("@luna:example.org")
DEVICE = DeviceId("LUNA1")
DEVICE_KEY = vodozemac.Account().ed25519_key.to_base64()
ROOM = RoomId("!direct:example.org")
NOW = 1_800_000_000_000


class House:
    """Luna's account as a verifier sees it: a clock, the keys of a person, and what was sent."""

    def __init__(self) -> None:
        self.now = float(NOW)
        self.keys: dict[str, str] = {}
        self.sent: list[tuple[str, str, dict[str, Any]]] = []
        self.shown: list[Comparison] = []
        self.done: list[tuple[UserId, Mapping[str, str]]] = []
        self.out_of_reach = False
        own = OwnIdentity(LUNA, DEVICE, {f"ed25519:{DEVICE}": DEVICE_KEY})
        self.verifier = Verifier(own, self, lambda user: user == ADMIN, lambda: self.now)

    async def send_to_room(self, room_id: RoomId, event_type: str, content: dict[str, Any]) -> None:
        if self.out_of_reach:
            raise WorldError("the homeserver is out of reach")
        self.sent.append((room_id, event_type, content))

    async def send_to_device(
        self, user_id: UserId, device_id: DeviceId, event_type: str, content: dict[str, Any]
    ) -> None:
        self.sent.append((f"{user_id} {device_id}", event_type, content))

    async def published_keys(self, user_id: UserId) -> PublishedKeys:
        device = {"keys": self.keys}
        return PublishedKeys(user_id, {"PHONE": device})

    async def show(self, comparison: Comparison) -> None:
        self.shown.append(comparison)

    async def verified(self, user_id: UserId, keys: Mapping[str, str]) -> None:
        self.done.append((user_id, keys))

    def take(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Return what was sent since the last time."""
        sent, self.sent = self.sent, []
        return sent


class Talk:
    """A person's device and Luna's verifier, with a homeserver of three lines between them."""

    def __init__(self, house: House, *, in_room: bool = True, request: str = "$request") -> None:
        self.house = house
        self.in_room = in_room
        self.request = request
        self.person = PersonDevice(
            ADMIN, "PHONE", LUNA, DEVICE, DEVICE_KEY, request, in_room=in_room
        )
        house.keys = self.person.keys

    async def send(self, event_type: str, content: Mapping[str, Any], **changes: Any) -> list[Any]:
        """Send an event of the person's; return the answers as (where, type, content)."""
        event: dict[str, Any] = {"sender": ADMIN, "type": event_type, "content": content}
        if not self.in_room:
            await self.house.verifier.receive_to_device({**event, **changes})
            return self.house.take()
        if event_type == REQUEST:
            event |= {"type": "m.room.message", "content": {**content, "msgtype": REQUEST}}
        event |= {"origin_server_ts": NOW, "event_id": self.request}
        await self.house.verifier.receive_in_room(ROOM, {**event, **changes})
        return self.house.take()

    async def ask(self, **changes: Any) -> list[Any]:
        return await self.send(REQUEST, self.person.request(timestamp=NOW), **changes)

    async def compare(self) -> dict[str, Any]:
        """Go on to where both show the emoji; return the person's codes."""
        await self.ask()
        [(_, _, accept)] = await self.send(START, self.person.start())
        [(_, _, key)] = await self.send(KEY, self.person.key(accept))
        return self.person.mac(key)


@pytest.fixture
def house() -> House:
    return House()


@pytest.mark.parametrize(
    ("in_room", "where"), [(True, str(ROOM)), (False, f"{ADMIN} PHONE")], ids=["room", "device"]
)
async def test_an_administrator_verifies_luna(house: House, in_room: bool, where: str) -> None:
    talk = Talk(house, in_room=in_room)
    assert [answer[:2] for answer in await talk.ask()] == [(where, READY)]
    [(_, event_type, accept)] = await talk.send(START, talk.person.start())
    assert event_type == ACCEPT and not house.shown
    [(_, event_type, key)] = await talk.send(KEY, talk.person.key(accept))
    assert event_type == KEY
    mac = talk.person.mac(key)
    [comparison] = house.shown
    assert list(comparison.emoji) == talk.person.sas.get_emoji()
    assert comparison.room_id == (ROOM if in_room else None)
    answers = await talk.send(MAC, mac)
    assert [answer[:2] for answer in answers] == [(where, MAC), (where, DONE)]
    talk.person.finish(answers[0][2])
    assert house.done == [(ADMIN, talk.person.keys)]
    assert await talk.send(DONE, talk.person.request()) == []


async def test_the_notice_names_what_the_person_sees(house: House) -> None:
    talk = Talk(house)
    await talk.compare()
    text = house.shown[0].text
    for symbol, name in talk.person.sas.get_emoji():
        assert f"{symbol} {name}" in text
    assert " ".join(map(str, talk.person.sas.get_decimals())) in text


async def test_the_emoji_are_in_the_log(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "lunabot.matrix.verifier")
    await Talk(house).compare()
    assert house.shown[0].summary in caplog.text


@pytest.mark.parametrize("in_room", [True, False])
async def test_others_are_declined(house: House, in_room: bool) -> None:
    talk = Talk(house, in_room=in_room)
    [(_, event_type, content)] = await talk.ask(sender="@stranger:example.org")
    assert event_type == CANCEL and content["code"] == "m.user"
    assert await talk.send(START, talk.person.start(), sender="@stranger:example.org") == []


async def test_what_is_not_for_luna_is_passed_over(house: House) -> None:
    talk = Talk(house)
    elsewhere = {**talk.person.request(), "msgtype": REQUEST, "to": "@other:example.org"}
    assert await talk.send("m.room.message", elsewhere) == []
    assert await talk.send("m.room.message", {"msgtype": "m.text", "body": "hello"}) == []
    assert await talk.ask(type=REQUEST) == []  # in rooms, a request is a message
    assert await talk.send(START, talk.person.start()) == []  # of no verification she knows


async def test_her_own_events_come_back_unanswered(house: House) -> None:
    talk = Talk(house)
    [(_, event_type, content)] = await talk.ask()
    assert await talk.send(event_type, content, sender=LUNA) == []
    assert [answer[1] for answer in await talk.send(START, talk.person.start())] == [ACCEPT]


@pytest.mark.parametrize("age_ms", [LIFETIME_MS + 1, -LIFETIME_MS, None])
async def test_a_request_out_of_its_time_is_dead(house: House, age_ms: int | None) -> None:
    sent = None if age_ms is None else NOW - age_ms
    assert await Talk(house).ask(origin_server_ts=sent) == []


async def test_a_verification_ends_with_its_time(house: House) -> None:
    talk = Talk(house)
    await talk.ask()
    house.now += LIFETIME_MS + 1
    assert await talk.send(START, talk.person.start()) == []


async def test_another_room_or_person_cannot_join_in(house: House) -> None:
    talk = Talk(house)
    await talk.ask()
    start: dict[str, Any] = {"sender": ADMIN, "type": START, "content": talk.person.start()}
    await house.verifier.receive_in_room(RoomId("!other:example.org"), start)
    await house.verifier.receive_in_room(ROOM, {**start, "sender": "@stranger:example.org"})
    assert house.take() == []
    assert len(await talk.send(START, talk.person.start())) == 1


async def test_the_same_request_twice_is_answered_once(house: House) -> None:
    talk = Talk(house)
    assert len(await talk.ask()) == 1
    assert await talk.ask() == []


async def test_a_newer_request_takes_the_place_of_an_older(house: House) -> None:
    older, newer = Talk(house, request="$older"), Talk(house, request="$newer")
    await older.ask()
    await newer.ask()
    assert await older.send(START, older.person.start()) == []
    assert len(await newer.send(START, newer.person.start())) == 1


async def test_a_wrong_key_ends_in_nothing(house: House) -> None:
    talk = Talk(house)
    house.keys = {"ed25519:PHONE": DEVICE_KEY}
    [(_, event_type, content)] = await talk.send(MAC, await talk.compare())
    assert event_type == CANCEL and content["code"] == "m.key_mismatch"
    assert house.done == []


async def test_after_a_cancellation_one_can_start_again(house: House) -> None:
    talk = Talk(house)
    await talk.compare()
    assert await talk.send(CANCEL, {**talk.person.request(), "code": "m.mismatched_sas"}) == []
    again = Talk(house, request="$again")
    assert [answer[1] for answer in await again.ask()] == [READY]


async def test_after_a_failure_one_can_start_again(house: House) -> None:
    talk = Talk(house)
    house.out_of_reach = True
    assert await talk.ask() == []
    house.out_of_reach = False
    assert [answer[1] for answer in await talk.ask()] == [READY]


_ANY = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text(), max_size=2)
_CONTENT = st.dictionaries(
    st.sampled_from(["msgtype", "to", "from_device", "methods", "m.relates_to", "transaction_id"]),
    _ANY | st.sampled_from([REQUEST, LUNA]),
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "type": _ANY | st.sampled_from(["m.room.message", REQUEST, START, KEY, MAC]),
            "sender": _ANY | st.just(ADMIN),
            "content": _ANY | _CONTENT,
            "event_id": _ANY,
            "origin_server_ts": _ANY | st.just(NOW),
        },
    )
)
async def test_nothing_a_stranger_sends_raises(event: dict[str, Any]) -> None:
    house = House()
    await house.verifier.receive_in_room(ROOM, event)
    await house.verifier.receive_to_device(event)
    assert not house.done and not house.shown
