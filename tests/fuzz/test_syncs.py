"""Whatever one event, device or key is like, a sync brings all that came with it."""

import asyncio
import itertools
import json as json_text
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nio
import pytest
import vodozemac
from hypothesis import example, given
from hypothesis import strategies as st
from nio.crypto.sessions import InboundGroupSession

from lunabot.matrix.batch import SyncBatch, read_batch
from lunabot.matrix.events import Message, StateChange
from lunabot.matrix.ids import DeviceId, RoomId, UserId
from lunabot.matrix.nio_client import make_client
from lunabot.matrix.session import Session
from lunabot.matrix.sifting import sift
from tests.fuzz import made_up
from tests.fuzz.campaign import FUZZ
from tests.room_events import Event, encryption, joined, member, wrote

ME, ADA = UserId("@luna:localhost"), "@ada:localhost"
ROOM = RoomId("!room:localhost")
_TYPES = (
    "m.room.message m.room.member m.room.power_levels m.room.create m.room.name m.room.topic "
    "m.room.avatar m.room.canonical_alias m.room.aliases m.room.encryption m.room.encrypted "
    "m.room.redaction m.room.join_rules m.room.guest_access m.room.history_visibility m.reaction "
    "m.room.tombstone m.room.pinned_events m.space.child m.space.parent m.sticker m.location "
    "m.poll.start org.matrix.msc3381.poll.start m.call.invite m.call.hangup m.room.server_acl "
    "m.room.third_party_invite m.key.verification.request m.key.verification.start"
)
_TO_DEVICE_TYPES = (
    "m.room_key m.forwarded_room_key m.room.encrypted m.room_key_request m.dummy m.secret.request "
    "m.key.verification.request m.key.verification.start m.key.verification.accept "
    "m.key.verification.key m.key.verification.mac m.key.verification.cancel"
)
TYPES = st.sampled_from(_TYPES.split())
TO_DEVICE_TYPES = st.sampled_from(_TO_DEVICE_TYPES.split())
HEAD: dict[str, Any] = {
    "event_id": st.just("$strange") | made_up.json,
    "sender": st.sampled_from([ADA, ME]) | made_up.json,
    "origin_server_ts": st.integers(0, 2**53) | made_up.json,
    "type": TYPES | made_up.json,
    "content": made_up.objects | made_up.json,
}
MORE: dict[str, Any] = {
    "state_key": st.sampled_from(["", ADA, ME]) | made_up.json,
    "unsigned": made_up.objects | made_up.json,
    "redacts": made_up.json,
    "prev_content": made_up.json,
    "room_id": made_up.json,
}
events = st.fixed_dictionaries(HEAD, optional=MORE) | made_up.json
to_device = (
    st.fixed_dictionaries(
        {
            "sender": st.just(ADA),
            "type": TO_DEVICE_TYPES,
            "content": made_up.objects | made_up.json,
        }
    )
    | made_up.json
)


class Hearing:
    """Luna's client, as it takes syncs in without a network, and an encrypted room it is in.

    `encrypted` makes events of the one Megolm session that Ada's phone and this client share.
    """

    def __init__(self, folder: Path) -> None:
        session = Session(ME, DeviceId("DEVICE"), "token")
        self.client = make_client("http://127.0.0.1:1", session, folder)
        self._loop = asyncio.new_event_loop()
        self._numbers = itertools.count()
        self._megolm = vodozemac.GroupSession()
        key = self._megolm.session_key.to_base64()
        self.client.olm.inbound_group_store.add(InboundGroupSession(key, "ed", "curve", ROOM))
        self.hear(joined(ROOM, encryption(), member(ME), member(ADA)))

    def hear(self, body: dict[str, Any]) -> SyncBatch:
        """Take a sync in as `Account` does; raises what it would."""
        empty: dict[str, Any] = {"device_one_time_keys_count": {}, "device_lists": {}, "rooms": {}}
        body = {**empty, "to_device": {"events": []}, "next_batch": self._new("s"), **body}
        response = nio.SyncResponse.from_dict(sift(body))
        assert isinstance(response, nio.SyncResponse)
        self._loop.run_until_complete(self.client.receive_response(response))
        return read_batch(ME, "s", response, lambda event: True)

    def answered(self, response: nio.Response) -> None:
        """Take the answer to a request in."""
        self._loop.run_until_complete(self.client.receive_response(response))

    def encrypted(self, plaintext: str) -> Event:
        message = self._megolm.encrypt(plaintext.encode("utf-8", "surrogatepass"))
        content = {
            "algorithm": "m.megolm.v1.aes-sha2",
            "ciphertext": message.to_base64(),
            "sender_key": "curve",
            "session_id": self._megolm.session_id,
            "device_id": "PHONE",
        }
        return {**wrote(ADA, "", event_id=self._new("$")), "type": "m.room.encrypted"} | {
            "content": content
        }

    def close(self) -> None:
        self._loop.run_until_complete(self.client.close())
        self.client.store.database.close()
        self._loop.close()

    def _new(self, prefix: str) -> str:
        return f"{prefix}{next(self._numbers)}"


@pytest.fixture(scope="module")
def luna(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hearing]:
    hearing = Hearing(tmp_path_factory.mktemp("keys"))
    yield hearing
    hearing.close()


def bodies(batch: SyncBatch) -> list[str]:
    return [event.body for event in batch.events if isinstance(event, Message)]


@FUZZ
@given(before=st.lists(events, max_size=3), state=st.lists(events, max_size=2))
def test_an_event_costs_nobody_the_others(
    luna: Hearing, before: list[Any], state: list[Any]
) -> None:
    batch = luna.hear(joined(ROOM, *before, wrote(ADA, "and this"), state=state))
    assert bodies(batch)[-1] == "and this"


@FUZZ
@given(state=st.lists(events, max_size=2), last=st.lists(events, max_size=2))
def test_an_invitation_or_a_farewell_costs_nothing(
    luna: Hearing, state: list[Any], last: list[Any]
) -> None:
    body = joined(ROOM, wrote(ADA, "and this"))
    body["rooms"]["invite"] = {"!other:localhost": {"invite_state": {"events": state}}}
    body["rooms"]["leave"] = {"!past:localhost": {"timeline": {"events": last, "limited": False}}}
    assert bodies(luna.hear(body)) == ["and this"]


@FUZZ
@given(sent=st.lists(to_device, max_size=3))
def test_what_is_sent_to_the_device_costs_nothing(luna: Hearing, sent: list[Any]) -> None:
    body = joined(ROOM, wrote(ADA, "and this")) | {"to_device": {"events": sent}}
    assert bodies(luna.hear(body)) == ["and this"]


@FUZZ
@given(kind=st.sampled_from([0, 1, 2]) | made_up.json, body=st.binary().map(bytes.hex) | st.text())
def test_what_no_session_encrypted_costs_nothing(luna: Hearing, kind: Any, body: str) -> None:
    own_key = luna.client.olm.account.identity_keys["curve25519"]
    content = {
        "algorithm": "m.olm.v1.curve25519-aes-sha2",
        "sender_key": own_key,
        "ciphertext": {own_key: {"type": kind, "body": body}},
    }
    sent = {"type": "m.room.encrypted", "sender": ADA, "content": content}
    heard = luna.hear(joined(ROOM, wrote(ADA, "and this")) | {"to_device": {"events": [sent]}})
    assert bodies(heard) == ["and this"]


payloads = (
    st.fixed_dictionaries(
        {"type": TYPES | made_up.json, "content": made_up.objects | made_up.json}, optional=MORE
    )
    | st.fixed_dictionaries(HEAD, optional=MORE)
    | made_up.json
).map(json_text.dumps)
broken = st.sampled_from(
    [
        "[" * 60_000,
        '{"type":"m.room.message","content":' + '{"a":' * 10_000,
        '{"type":"m.room.message","content":{"body":"a","msgtype":"m.text","n":'
        + "9" * 9_000
        + "}}",
        "\ud800",
        "",
    ]
)


@FUZZ
@given(payload=payloads | broken | st.text())
def test_what_was_encrypted_is_its_senders_and_is_no_state(luna: Hearing, payload: str) -> None:
    """The head of an event is the server's word, and state is what the server checked."""
    members = set(luna.client.rooms[ROOM].users)
    strange = luna.encrypted(payload)
    batch = luna.hear(joined(ROOM, strange, luna.encrypted(SOUND)))
    assert bodies(batch)[-1] == "and this"
    for event in batch.events:
        assert not isinstance(event, StateChange)
        assert event.sender == ADA
    assert {event.event_id for event in batch.events[:-1]} <= {strange["event_id"]}
    assert set(luna.client.rooms[ROOM].users) == members


SOUND = '{"type": "m.room.message", "content": {"msgtype": "m.text", "body": "and this"}}'
PHONE: dict[str, Any] = {
    "user_id": ADA,
    "device_id": "PHONE",
    "algorithms": ["m.megolm.v1.aes-sha2"],
    "keys": {"ed25519:PHONE": "!!", "curve25519:PHONE": "!!"},
    "signatures": {ADA: {"ed25519:PHONE": "!!"}},
    "unsigned": {"device_display_name": "phone"},
}


def signed_device(account: vodozemac.Account, user: str, name: str) -> dict[str, Any]:
    keys = {
        f"ed25519:{name}": account.ed25519_key.to_base64(),
        f"curve25519:{name}": account.curve25519_key.to_base64(),
    }
    device = {**PHONE, "user_id": user, "device_id": name, "keys": keys}
    del device["signatures"], device["unsigned"]
    text = json_text.dumps(device, sort_keys=True, separators=(",", ":"))
    return {
        **device,
        "signatures": {user: {f"ed25519:{name}": account.sign(text.encode()).to_base64()}},
    }


KEYS = signed_device(vodozemac.Account(), ADA, "PHONE")["keys"]


@FUZZ
@example({**PHONE, "keys": KEYS, "algorithms": [made_up.nested()]})
@given(strange=made_up.spoiled(PHONE, {**PHONE, "keys": KEYS}) | made_up.json)
def test_a_strange_device_costs_nobody_theirs(luna: Hearing, strange: Any) -> None:
    bob = "@bob:localhost"
    luna.client.olm.users_for_key_query |= {ADA, bob}
    sound = signed_device(vodozemac.Account(), bob, "LAPTOP")
    body = {"device_keys": {ADA: {"PHONE": strange}, bob: {"LAPTOP": sound}}, "failures": {}}
    luna.answered(nio.KeysQueryResponse.from_dict(sift(body)))
    assert bob not in luna.client.olm.users_for_key_query
    assert luna.client.device_store[bob]["LAPTOP"].id == "LAPTOP"
    luna.client.olm.device_store._entries[bob].clear()


@FUZZ
@given(
    claimed=made_up.spoiled({"signed_curve25519:A": {"key": "!!", "signatures": {}}}) | made_up.json
)
def test_a_strange_one_time_key_opens_no_session_and_breaks_nothing(
    luna: Hearing, claimed: Any
) -> None:
    body = {"one_time_keys": {ADA: {"PHONE": claimed}}, "failures": {}}
    luna.answered(nio.KeysClaimResponse.from_dict(sift(body), ROOM))
    assert luna.client.olm.session_store.get(KEYS["curve25519:PHONE"]) is None
