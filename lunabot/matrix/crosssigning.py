"""An account's own cross-signing identity, made by itself, and its device signed with it.

Client-server API, "Cross-signing". Current Element clients neither show nor answer devices that are
not signed by their owner (MSC4153), and nio has no cross-signing (matrix-nio#229). An identity is
three ed25519 key pairs: the master key signs the other two, the self-signing key signs the devices
of the account, the user-signing key signs the master keys of verified users. The device does not
sign the master key in return: that helps an owner's second device, and these accounts have one.
"""

import enum
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from nacl.signing import SigningKey

from lunabot.errors import Refused, WorldError
from lunabot.files import write_private
from lunabot.matrix.ids import UserId, localpart
from lunabot.matrix.published_keys import (
    HomeserverCalls,
    PublishedKeys,
    decode_base64,
    encode_base64,
    fetch_published_keys,
    is_signed_by,
    public_key,
    sign,
)
from lunabot.matrix.session import Session

log = logging.getLogger(__name__)

_UPLOAD_KEYS = "/_matrix/client/v3/keys/device_signing/upload"
_UPLOAD_SIGNATURES = "/_matrix/client/v3/keys/signatures/upload"
_NAMES = ("master", "self_signing", "user_signing")
_SEED_BYTES = 32
# The refusal that starts user-interactive authentication bears no code of its own.
_ASKS_FOR_MORE = "M_UNKNOWN"


class Outcome(enum.Enum):
    """What `ensure_cross_signed` found or did."""

    UNCHANGED = "the identity is ours and the device is signed"
    CREATED = "the account's identity was missing (or incomplete) and is published now"
    DEVICE_SIGNED = "the identity was ours, the device is signed now"
    REPLACED = "the account's identity was another's and is ours now: contacts verify anew"
    FOREIGN = "the account has an identity whose keys are not here; nothing was changed"


class DeviceKeysLost(WorldError):
    """The server knows other keys for this device: its encryption store was lost."""


@dataclass(frozen=True, slots=True, repr=False)
class CrossSigningKeys:
    """The three private keys, as 32-byte seeds. They are secrets; there is no repr of them."""

    master: bytes
    self_signing: bytes
    user_signing: bytes

    @classmethod
    def generate(cls) -> Self:
        """Return new keys."""
        return cls(*(bytes(SigningKey.generate()) for _ in range(3)))

    @property
    def master_key(self) -> str:
        """The public master key in base64: the account's identity in the eyes of others."""
        return _public(self.master)

    def documents(self, user_id: UserId) -> dict[str, dict[str, Any]]:
        """Return the three signed public keys, as the body of the upload names them."""
        master = SigningKey(self.master)

        def document(usage: str, seed: bytes) -> dict[str, Any]:
            public = _public(seed)
            plain = {"user_id": user_id, "usage": [usage], "keys": {f"ed25519:{public}": public}}
            return plain if seed is self.master else sign(plain, user_id, master)

        return {
            "master_key": document("master", self.master),
            "self_signing_key": document("self_signing", self.self_signing),
            "user_signing_key": document("user_signing", self.user_signing),
        }


def load_or_create_keys(path: Path) -> CrossSigningKeys:
    """Return the keys kept in a file, which is made with new keys where it is missing.

    The file has mode 0600. Blocks for the disk, a few milliseconds at the first start. Raises
    `WorldError` when the file is there and cannot be read: new keys in its place would make every
    contact verify anew.
    """
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        seeds = [decode_base64(kept[name]) for name in _NAMES]
        if any(len(seed) != _SEED_BYTES for seed in seeds):
            raise ValueError("a key is too short")
        return CrossSigningKeys(*seeds)
    except FileNotFoundError:
        keys = CrossSigningKeys.generate()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WorldError(
            f"the cross-signing keys in {path} cannot be read ({type(error).__name__}): put the "
            "file back from a backup, or move it away to start with a new identity"
        ) from None
    kept = {name: encode_base64(getattr(keys, name)) for name in _NAMES}
    write_private(path, json.dumps(kept, indent=1) + "\n")
    return keys


async def ensure_cross_signed(
    http: HomeserverCalls,
    device: Session,
    identity_keys: Mapping[str, str],
    keys: CrossSigningKeys,
    *,
    password: str | None = None,
    reset: bool = False,
) -> Outcome:
    """Publish the account's identity and sign its device, as far as that is not done.

    Call it at each start, once the device's keys are on the server. `identity_keys` are the
    device's own (nio's ``client.olm.account.identity_keys``). A foreign identity, one whose private
    keys are not `keys`, is replaced only with `reset`; servers ask for the password then. Raises
    `DeviceKeysLost`, or `WorldError` with what to do.
    """
    published = await fetch_published_keys(http, device.access_token, device.user_id)
    _check_device_keys(published, device, identity_keys)
    if device.device_id not in published.devices:
        raise WorldError(f"{device.user_id}: the device's keys are not on the server yet")
    is_foreign = published.master_key not in (None, keys.master_key)
    if is_foreign and not reset:
        log.warning("%s has a cross-signing identity whose keys are not here", device.user_id)
        return Outcome.FOREIGN
    documents, outcome = keys.documents(device.user_id), Outcome.UNCHANGED
    if not _is_published(published, documents):
        await _upload_identity(http, device, documents, password)
        outcome = Outcome.REPLACED if is_foreign else Outcome.CREATED
    device_keys, signing_key = published.devices[device.device_id], _public(keys.self_signing)
    if not is_signed_by(device_keys, device.user_id, signing_key):
        signed = sign(device_keys, device.user_id, SigningKey(keys.self_signing))
        await _upload_signature(http, device, device.user_id, device.device_id, signed)
        outcome = Outcome.DEVICE_SIGNED if outcome is Outcome.UNCHANGED else outcome
    log.info("%s: %s", device.user_id, outcome.value)
    return outcome


async def check_device_keys(
    http: HomeserverCalls, device: Session, identity_keys: Mapping[str, str]
) -> None:
    """Raise `DeviceKeysLost` when the server knows this device by other keys than its own.

    Call it before a new encryption store's keys are uploaded: Synapse lets them take the place of
    the old ones, and every other client refuses a device whose keys have changed. The way out is a
    new login, which makes a new device. Raises `WorldError` where the server is out of reach.
    """
    published = await fetch_published_keys(http, device.access_token, device.user_id)
    _check_device_keys(published, device, identity_keys)


def _check_device_keys(
    published: PublishedKeys, device: Session, identity_keys: Mapping[str, str]
) -> None:
    for algorithm in ("ed25519", "curve25519"):
        theirs = published.device_key(device.device_id, algorithm)
        if theirs not in (None, identity_keys[algorithm]):
            raise DeviceKeysLost(
                f"{device.user_id}: the encryption store of device {device.device_id} was lost"
            )


def _is_published(published: PublishedKeys, documents: Mapping[str, Mapping[str, Any]]) -> bool:
    theirs = (published.master, published.self_signing, published.user_signing)
    return [public_key(key) for key in theirs] == [public_key(key) for key in documents.values()]


async def _upload_identity(
    http: HomeserverCalls,
    device: Session,
    documents: dict[str, dict[str, Any]],
    password: str | None,
) -> None:
    """Upload the public keys; with the password where the server asks for it.

    That is "User-interactive authentication" in one step, without the session of the first refusal:
    servers take it so, and the password is not sent to one that does not ask.
    """
    who, token = device.user_id, device.access_token
    try:
        await http.call("POST", _UPLOAD_KEYS, body=documents, token=token)
        return
    except Refused as refusal:
        if refusal.errcode != _ASKS_FOR_MORE:
            raise
    if password is None:
        raise WorldError(f"the homeserver wants the password of {who} to set up cross-signing")
    identifier = {"type": "m.id.user", "user": localpart(who)}
    auth = {"type": "m.login.password", "identifier": identifier, "password": password}
    try:
        await http.call("POST", _UPLOAD_KEYS, body={**documents, "auth": auth}, token=token)
    except Refused as refusal:
        raise WorldError(
            f"the homeserver does not let {who} set up cross-signing ({refusal.errcode}): "
            "check the password"
        ) from None


async def _upload_signature(
    http: HomeserverCalls, device: Session, user_id: UserId, name: str, signed: dict[str, Any]
) -> None:
    body: dict[str, Any] = {user_id: {name: signed}}
    answer = await http.call("POST", _UPLOAD_SIGNATURES, body=body, token=device.access_token)
    if answer.get("failures"):
        raise WorldError(f"the homeserver did not take the signature on {name} of {user_id}")


def _public(seed: bytes) -> str:
    return encode_base64(bytes(SigningKey(seed).verify_key))
