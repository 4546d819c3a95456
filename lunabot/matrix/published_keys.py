"""What the homeserver says of a user's keys: devices and cross-signing identity."""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from canonicaljson import encode_canonical_json
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from lunabot.matrix.ids import UserId


class HomeserverCalls(Protocol):
    """The part of the homeserver client that is used here."""

    async def call(
        self, method: str, path: str, *, body: dict[str, Any] | None, token: str | None
    ) -> dict[str, Any]:
        """Make a request and return its JSON object.

        Raises `Refused`, with ``M_UNKNOWN`` where the refusal has no code, or `WorldError`.
        """
        ...


@dataclass(frozen=True, slots=True)
class PublishedKeys:
    """One user's part of ``/keys/query``: JSON objects as the server has them, {} where none is.

    Nothing here is trusted by being here: a homeserver can publish what it likes. `user_signing`
    is shown to its owner only.
    """

    user_id: UserId
    devices: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    master: Mapping[str, Any] = field(default_factory=dict)
    self_signing: Mapping[str, Any] = field(default_factory=dict)
    user_signing: Mapping[str, Any] = field(default_factory=dict)

    @property
    def master_key(self) -> str | None:
        """The public master key, in base64."""
        return public_key(self.master)

    def device_key(self, device_id: str, algorithm: str = "ed25519") -> str | None:
        """Return a device's public key, in base64."""
        keys = _mapping(self.devices.get(device_id, {}).get("keys"))
        key = keys.get(f"{algorithm}:{device_id}")
        return key if isinstance(key, str) else None

    def ed25519_keys(self) -> dict[str, str]:
        """Return the keys a verification can vouch for, by key id: the devices' and the master."""
        keys = {f"ed25519:{device}": self.device_key(device) for device in self.devices}
        keys[f"ed25519:{self.master_key}"] = self.master_key
        return {key_id: key for key_id, key in keys.items() if key}


async def fetch_published_keys(http: HomeserverCalls, token: str, user_id: UserId) -> PublishedKeys:
    """Ask the homeserver for a user's keys. Raises `WorldError`."""
    answer = await http.call(
        "POST", "/_matrix/client/v3/keys/query", body={"device_keys": {user_id: []}}, token=token
    )

    def part(name: str) -> Mapping[str, Any]:
        return _mapping(_mapping(answer.get(name)).get(user_id))

    return PublishedKeys(
        user_id,
        {device_id: _mapping(device) for device_id, device in part("device_keys").items()},
        part("master_keys"),
        part("self_signing_keys"),
        part("user_signing_keys"),
    )


def public_key(cross_signing_key: Mapping[str, Any]) -> str | None:
    """Return the one public key in a cross-signing key object, in base64."""
    keys = list(_mapping(cross_signing_key.get("keys")).values())
    return keys[0] if len(keys) == 1 and isinstance(keys[0], str) else None


def sign(document: Mapping[str, Any], user_id: UserId, key: SigningKey) -> dict[str, Any]:
    """Return a document with one signature more, of a cross-signing key (whose id is the key).

    Specification, appendices, "Signing JSON".
    """
    name, signature = encode_base64(bytes(key.verify_key)), key.sign(_signed_bytes(document))
    signatures = dict(_mapping(document.get("signatures")))
    mine = {f"ed25519:{name}": encode_base64(signature.signature)}
    signatures[user_id] = {**_mapping(signatures.get(user_id)), **mine}
    return {**document, "signatures": signatures}


def is_signed_by(
    document: Mapping[str, Any], user_id: UserId, key: str | None, name: str | None = None
) -> bool:
    """Tell whether a document bears a valid signature of a user's key named `name` (or itself)."""
    signatures = _mapping(_mapping(document.get("signatures")).get(user_id))
    signature = signatures.get(f"ed25519:{name or key}")
    if not key or not isinstance(signature, str):
        return False
    try:
        VerifyKey(decode_base64(key)).verify(_signed_bytes(document), decode_base64(signature))
    except (BadSignatureError, ValueError, TypeError):
        return False
    return True


def encode_base64(data: bytes) -> str:
    """Return unpadded base64, as Matrix writes it."""
    return b64encode(data).decode().rstrip("=")


def decode_base64(text: str) -> bytes:
    """Return the bytes of (unpadded) base64. Raises `ValueError`."""
    try:
        return b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None


def _signed_bytes(document: Mapping[str, Any]) -> bytes:
    unsigned = {
        key: value for key, value in document.items() if key not in ("signatures", "unsigned")
    }
    return encode_canonical_json(unsigned)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
