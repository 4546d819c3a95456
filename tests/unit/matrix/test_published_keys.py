"""Signatures, and what may be concluded from the keys a homeserver publishes."""

from typing import Any

import pytest
import signedjson.sign
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey
from signedjson.key import decode_verify_key_bytes

from lunabot.matrix.crosssigning import CrossSigningKeys
from lunabot.matrix.ids import UserId
from lunabot.matrix.published_keys import (
    PublishedKeys,
    decode_base64,
    encode_base64,
    fetch_published_keys,
    is_signed_by,
    public_key,
    sign,
)
from tests.cross_signed import is_signed_by_owner

USER = UserId("@luna:example.org")
KEY = SigningKey(bytes(range(32)))
PUBLIC = encode_base64(bytes(KEY.verify_key))

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_NAMES = st.text().filter(lambda name: name not in ("signatures", "unsigned"))


@given(st.dictionaries(_NAMES, _JSON))
def test_an_independent_library_accepts_the_signature(document: dict[str, Any]) -> None:
    signed = sign(document, USER, KEY)
    key = decode_verify_key_bytes(f"ed25519:{PUBLIC}", bytes(KEY.verify_key))
    signedjson.sign.verify_signed_json(signed, USER, key)
    assert is_signed_by({**signed, "unsigned": {"age": 1}}, USER, PUBLIC)


@given(st.dictionaries(_NAMES, _JSON), _NAMES, _JSON)
def test_a_changed_document_is_not_signed(document: dict[str, Any], name: str, value: Any) -> None:
    signed = sign(document, USER, KEY)
    changed = {**signed, name: [value, "changed"]}
    assert is_signed_by(changed, USER, PUBLIC) is (document.get(name) == changed[name])


def test_signatures_of_others_stay() -> None:
    other = SigningKey(bytes(32))
    name = encode_base64(bytes(other.verify_key))
    twice = sign(sign({"a": 1}, USER, KEY), USER, other)
    foreign = sign(twice, UserId("@other:x"), other)
    assert is_signed_by(foreign, USER, PUBLIC) and is_signed_by(foreign, USER, name)
    assert is_signed_by(foreign, UserId("@other:x"), name)
    assert not is_signed_by(foreign, UserId("@other:x"), PUBLIC)


@pytest.mark.parametrize("key", [None, "", "AAAA", "?" * 43, "é" * 43])
def test_a_bad_key_has_signed_nothing(key: str | None) -> None:
    assert not is_signed_by(sign({}, USER, KEY), USER, key, PUBLIC)


@pytest.mark.parametrize("signature", [None, 1, "", "AAAA", "\ud800", "A" * 86])
def test_a_bad_signature_is_none(signature: object) -> None:
    document = {"signatures": {USER: {f"ed25519:{PUBLIC}": signature}}}
    assert not is_signed_by(document, USER, PUBLIC)


@given(st.binary())
def test_base64_is_unpadded_and_comes_back(data: bytes) -> None:
    assert decode_base64(encode_base64(data)) == data
    assert "=" not in encode_base64(data)


@pytest.mark.parametrize("text", ["A", "A?==", "é", "AA=A"])
def test_what_is_no_base64_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        decode_base64(text)


def published(device_signer: SigningKey | None = None) -> PublishedKeys:
    """Return an account whose device is signed by itself and, if given, by another key."""
    keys = CrossSigningKeys.generate()
    documents = keys.documents(USER)
    device_key = SigningKey.generate()
    public = encode_base64(bytes(device_key.verify_key))
    device: dict[str, Any] = {"user_id": USER, "keys": {"ed25519:D": public}}
    device = sign(device, USER, device_signer or SigningKey(keys.self_signing))
    itself = sign({**device, "signatures": {}}, USER, device_key)["signatures"][USER]
    device["signatures"][USER]["ed25519:D"] = itself[f"ed25519:{public}"]
    return PublishedKeys(
        USER, {"D": device}, documents["master_key"], documents["self_signing_key"]
    )


def test_a_device_its_owner_signed() -> None:
    keys = published()
    assert is_signed_by_owner(keys, "D")
    assert not is_signed_by_owner(keys, "E")
    assert set(keys.ed25519_keys()) == {"ed25519:D", f"ed25519:{keys.master_key}"}


def test_a_device_that_somebody_else_signed() -> None:
    assert not is_signed_by_owner(published(SigningKey.generate()), "D")


def test_a_self_signing_key_that_the_master_did_not_sign() -> None:
    ours, others = published(), published()
    mixed = PublishedKeys(USER, ours.devices, others.master, ours.self_signing)
    assert not is_signed_by_owner(mixed, "D")


def test_a_device_whose_keys_were_swapped() -> None:
    keys = published()
    device = {**keys.devices["D"], "keys": {"ed25519:D": PUBLIC}}
    swapped = PublishedKeys(USER, {"D": device}, keys.master, keys.self_signing)
    assert not is_signed_by_owner(swapped, "D")


class Answer:
    """A homeserver that answers everything with the same JSON."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer = answer

    async def call(
        self, method: str, path: str, *, body: dict[str, Any] | None, token: str | None
    ) -> dict[str, Any]:
        return self.answer


_PARTS = ["device_keys", "master_keys", "self_signing_keys", "user_signing_keys"]


@given(
    st.dictionaries(
        st.sampled_from(_PARTS),
        _JSON | st.dictionaries(st.just(USER), _JSON | st.dictionaries(st.just("keys"), _JSON)),
    )
)
async def test_whatever_the_server_answers_is_read(answer: dict[str, Any]) -> None:
    keys = await fetch_published_keys(Answer(answer), "token", USER)
    assert keys.user_id == USER
    assert not is_signed_by_owner(keys, "D")
    assert all(isinstance(key, str) for key in keys.ed25519_keys().values())


async def test_a_user_without_keys() -> None:
    keys = await fetch_published_keys(Answer({}), "token", USER)
    assert keys.master_key is None
    assert keys.ed25519_keys() == {}
    assert public_key(keys.user_signing) is None
