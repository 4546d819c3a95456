"""Luna's side of a verification against an independent other side, and against nonsense."""

from collections.abc import Mapping
from typing import Any

import pytest
import vodozemac
from hypothesis import given
from hypothesis import strategies as st

from lunabot.matrix.ids import DeviceId, UserId
from lunabot.matrix.verification import (
    ACCEPT,
    CANCEL,
    DONE,
    KEY,
    MAC,
    READY,
    REQUEST,
    START,
    Outgoing,
    OwnIdentity,
    Phase,
    VerificationFlow,
)
from tests.unit.matrix.person_device import PersonDevice

ADMIN = UserId("@admin:example.org")
LUNA = UserId("@luna:example.org")
DEVICE = DeviceId("LUNA1")
DEVICE_KEY = vodozemac.Account().ed25519_key.to_base64()
MASTER_KEY = vodozemac.Account().ed25519_key.to_base64()
OWN = OwnIdentity(
    LUNA, DEVICE, {f"ed25519:{DEVICE}": DEVICE_KEY, f"ed25519:{MASTER_KEY}": MASTER_KEY}
)


def meet(
    *, in_room: bool = True, known_keys: Mapping[str, str] | None = None
) -> tuple[PersonDevice, VerificationFlow]:
    person = PersonDevice(ADMIN, "PHONE", LUNA, DEVICE, DEVICE_KEY, "$request", in_room=in_room)
    known = person.keys if known_keys is None else known_keys
    return person, VerificationFlow(OWN, ADMIN, known, "$request", in_room=in_room)


def only(answers: list[Outgoing], event_type: str) -> dict[str, Any]:
    assert [answer.type for answer in answers] == [event_type]
    return answers[0].content


def compare(person: PersonDevice, flow: VerificationFlow) -> dict[str, Any]:
    """Go on to where both show the emoji; return the content that says that they match."""
    only(flow.receive(REQUEST, person.request()), READY)
    accept = only(flow.receive(START, person.start()), ACCEPT)
    key = only(flow.receive(KEY, person.key(accept)), KEY)
    return person.mac(key)


@pytest.mark.parametrize("in_room", [True, False])
def test_both_sides_see_the_same_and_vouch_for_their_keys(in_room: bool) -> None:
    person, flow = meet(in_room=in_room)
    mac = compare(person, flow)
    assert flow.secret is not None
    assert list(flow.secret.emoji) == person.sas.get_emoji()
    assert flow.secret.decimals == person.sas.get_decimals()
    answers = flow.receive(MAC, mac)
    assert [answer.type for answer in answers] == [MAC, DONE]
    person.finish(answers[0].content)
    assert person.sas.verified_devices == [DEVICE]
    assert set(answers[0].content["mac"]) == set(OWN.keys)
    assert flow.phase is Phase.DONE
    assert flow.vouched == person.keys
    assert flow.receive(DONE, person.request()) == []


def test_the_master_key_of_luna_is_vouched_for_as_other_clients_check_it() -> None:
    person, flow = meet()
    mac = flow.receive(MAC, compare(person, flow))[0].content
    person.sas.other_olm_device.device_id = MASTER_KEY
    person.sas.other_olm_device.ed25519 = MASTER_KEY
    info = f"MATRIX_KEY_VERIFICATION_MAC{LUNA}{DEVICE}{ADMIN}PHONE$request"
    key_id = f"ed25519:{MASTER_KEY}"
    expected = person.sas.established_sas.calculate_mac(MASTER_KEY, info + key_id)
    assert mac["mac"][key_id] == expected


def test_a_person_with_cross_signing_vouches_for_the_master_key_too() -> None:
    person, flow = meet(known_keys={})
    mac = compare(person, flow)
    sas, key_id = person.sas.established_sas, "ed25519:THEIRMASTER"
    info = f"MATRIX_KEY_VERIFICATION_MAC{ADMIN}PHONE{LUNA}{DEVICE}$request"
    mac["mac"][key_id] = sas.calculate_mac("THEIRMASTER", info + key_id)
    mac["keys"] = sas.calculate_mac(",".join(sorted(mac["mac"])), info + "KEY_IDS")
    flow._known_keys = {**person.keys, key_id: "THEIRMASTER"}
    flow.receive(MAC, mac)
    assert flow.vouched == {**person.keys, key_id: "THEIRMASTER"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"methods": ["m.qr_code.scan.v1"]}, "m.unknown_method"),
        ({"methods": "m.sas.v1"}, "m.invalid_message"),
        ({"from_device": ""}, "m.invalid_message"),
        ({"from_device": None}, "m.invalid_message"),
    ],
)
def test_a_request_that_cannot_be_met_is_cancelled(changes: dict[str, Any], code: str) -> None:
    person, flow = meet()
    answer = only(flow.receive(REQUEST, person.request(**changes)), CANCEL)
    assert answer["code"] == code and answer["reason"]
    assert answer["m.relates_to"] == {"rel_type": "m.reference", "event_id": "$request"}
    assert flow.phase is Phase.CANCELLED


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"method": "m.reciprocate.v1"}, "m.unknown_method"),
        ({"from_device": "TABLET"}, "m.unexpected_message"),
        ({"key_agreement_protocols": ["curve25519"]}, "m.unknown_method"),
        ({"hashes": ["md5"]}, "m.unknown_method"),
        ({"message_authentication_codes": ["hkdf-hmac-sha256"]}, "m.unknown_method"),
        ({"short_authentication_string": ["smell"]}, "m.unknown_method"),
        ({"short_authentication_string": {"emoji": 1}}, "m.invalid_message"),
        ({"hashes": None}, "m.invalid_message"),
        ({"note": "\ud800"}, "m.invalid_message"),
        ({"note": float("nan")}, "m.invalid_message"),
    ],
)
def test_a_start_that_cannot_be_met_is_cancelled(changes: dict[str, Any], code: str) -> None:
    person, flow = meet()
    flow.receive(REQUEST, person.request())
    assert only(flow.receive(START, person.start(**changes)), CANCEL)["code"] == code


def test_only_numbers_are_agreed_on_where_the_other_side_has_no_emoji() -> None:
    person, flow = meet()
    flow.receive(REQUEST, person.request())
    start = person.start(short_authentication_string=["decimal"])
    accept = only(flow.receive(START, start), ACCEPT)
    assert accept["short_authentication_string"] == ["decimal"]


def test_the_commitment_binds_the_key_that_follows() -> None:
    person, flow = meet()
    flow.receive(REQUEST, person.request())
    accept = only(flow.receive(START, person.start()), ACCEPT)
    key = only(flow.receive(KEY, person.key(accept)), KEY)
    other = vodozemac.Sas().public_key.to_base64()
    with pytest.raises(AssertionError, match="Mismatched commitment"):
        person.mac({**key, "key": other})


@pytest.mark.parametrize("key", ["", "not base64", "AAAA", "A" * 43, "\ud800", 7, None])
def test_what_is_no_key_is_cancelled(key: object) -> None:
    person, flow = meet()
    flow.receive(REQUEST, person.request())
    flow.receive(START, person.start())
    assert only(flow.receive(KEY, {"key": key}), CANCEL)["code"] == "m.invalid_message"


def test_a_device_whose_published_key_differs_is_not_verified() -> None:
    person, flow = meet(known_keys={"ed25519:PHONE": DEVICE_KEY})
    assert only(flow.receive(MAC, compare(person, flow)), CANCEL)["code"] == "m.key_mismatch"
    assert not flow.vouched


def test_a_device_that_is_not_published_is_not_verified() -> None:
    person, flow = meet(known_keys={})
    assert only(flow.receive(MAC, compare(person, flow)), CANCEL)["code"] == "m.key_mismatch"


def test_a_key_left_out_on_the_way_is_noticed() -> None:
    person, flow = meet()
    mac = compare(person, flow)
    mac["mac"]["ed25519:OTHER"] = mac["mac"]["ed25519:PHONE"]
    assert only(flow.receive(MAC, mac), CANCEL)["code"] == "m.key_mismatch"


@pytest.mark.parametrize("mac", [None, [], {"ed25519:PHONE": 5}])
def test_malformed_codes_are_cancelled(mac: object) -> None:
    person, flow = meet()
    content = {**compare(person, flow), "mac": mac}
    assert only(flow.receive(MAC, content), CANCEL)["code"] == "m.invalid_message"


def test_their_cancellation_ends_it_without_an_answer() -> None:
    person, flow = meet()
    compare(person, flow)
    assert flow.receive(CANCEL, {"code": "m.mismatched_sas", "reason": "they differ"}) == []
    assert flow.phase is Phase.CANCELLED
    assert flow.receive(MAC, {}) == []


def test_each_event_has_its_turn() -> None:
    order = [REQUEST, START, KEY, MAC]
    for reached in range(4):
        for event_type in [*order[:reached], *order[reached + 1 :], DONE, ACCEPT, READY]:
            person, flow = meet()
            if reached > 0:
                flow.receive(REQUEST, person.request())
            if reached > 1:
                accept = flow.receive(START, person.start())[0].content
            if reached > 2:
                flow.receive(KEY, person.key(accept))
            answer = only(flow.receive(event_type, person.request()), CANCEL)
            assert answer["code"] == "m.unexpected_message"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
_NAMES = st.sampled_from(["from_device", "methods", "method", "hashes", "key", "keys", "mac"])


@given(
    st.lists(
        st.tuples(
            st.sampled_from([REQUEST, START, KEY, MAC, DONE, CANCEL, "m.key.verification.x"]),
            st.dictionaries(_NAMES, _JSON | st.just("m.sas.v1") | st.just(["m.sas.v1"])),
        ),
        max_size=5,
    )
)
def test_nothing_a_stranger_sends_raises(events: list[tuple[str, dict[str, Any]]]) -> None:
    _, flow = meet()
    for event_type, content in events:
        answers = flow.receive(event_type, content)
        assert len(answers) <= 2
    assert flow.phase is not Phase.DONE
