"""What is taken out of the homeserver's answers; what that is good for, tests/fuzz shows."""

import json
from typing import Any

import pytest
import vodozemac

from lunabot.matrix.sifting import sift
from tests.room_events import joined, wrote

ADA, ROOM = "@ada:localhost", "!room:localhost"


def device(**changes: Any) -> dict[str, Any]:
    account = vodozemac.Account()
    keys = {
        "ed25519:PHONE": account.ed25519_key.to_base64(),
        "curve25519:PHONE": account.curve25519_key.to_base64(),
    }
    sound = {"user_id": ADA, "device_id": "PHONE", "algorithms": [], "keys": keys, "signatures": {}}
    return {**sound, **changes}


@pytest.mark.parametrize("body", [None, [], "text", 1])
def test_what_is_no_object_is_an_empty_one(body: Any) -> None:
    assert sift(body) == {}


def test_a_sound_answer_stays_as_it_is() -> None:
    sync = joined(ROOM, wrote(ADA, "hi")) | {"to_device": {"events": [{"type": "m.dummy"}]}}
    keys = {"device_keys": {ADA: {"PHONE": device(unsigned={"device_display_name": "phone"})}}}
    claimed = {"one_time_keys": {ADA: {"PHONE": {"signed_curve25519:A": one_time_key()}}}}
    for body in (sync, keys, claimed):
        assert sift(json.loads(json.dumps(body))) == body


def one_time_key() -> dict[str, Any]:
    return {"key": vodozemac.Account().curve25519_key.to_base64(), "signatures": {}}


@pytest.mark.parametrize(
    "strange",
    [None, "text", {"origin_server_ts": "1"}, {"origin_server_ts": 1.5}, {"unsigned": None}],
)
def test_events_that_are_none_are_taken_out(strange: Any) -> None:
    sound = wrote(ADA, "hi")
    sifted = sift(joined(ROOM, strange, sound, state=[strange]))
    room = sifted["rooms"]["join"][ROOM]
    assert (room["timeline"]["events"], room["state"]["events"]) == ([sound], [])


@pytest.mark.parametrize(
    "strange",
    [
        None,
        {},
        device(keys={"ed25519:PHONE": "!!", "curve25519:PHONE": "!!"}),
        device(keys={}),
        device(algorithms=["m.megolm.v1.aes-sha2", 1]),
        device(signatures=[]),
        device(signatures={ADA: {"ed25519:PHONE": 1}}),
        device(unsigned=[]),
        device(unsigned={"device_display_name": ["phone"]}),
    ],
)
def test_devices_that_nothing_can_be_encrypted_for_are_taken_out(strange: Any) -> None:
    assert sift({"device_keys": {ADA: {"PHONE": strange}}}) == {"device_keys": {ADA: {}}}


@pytest.mark.parametrize("claimed", [None, {}, {"signed_curve25519:A": {"key": "!!"}}, {"a": "b"}])
def test_one_time_keys_that_are_none_are_taken_out(claimed: Any) -> None:
    assert sift({"one_time_keys": {ADA: {"PHONE": claimed}, "@bob:x": 1}}) == {
        "one_time_keys": {ADA: {}}
    }
