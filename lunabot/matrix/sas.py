"""The arithmetic of emoji verification: commitment, emoji, numbers, message authentication codes.

Client-server API, "Short Authentication String (SAS) verification": m.sas.v1 with
curve25519-hkdf-sha256, sha256 and hkdf-hmac-sha256.v2, the only ones current clients offer. nio
0.26 has a class of this name that no other client agrees with (its commitment, emoji and codes are
wrong, matrix-nio#570 and #573); of it only the table of emoji is used.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import vodozemac
from canonicaljson import encode_canonical_json
from nio.crypto import Sas as _NioSas

from lunabot.matrix.published_keys import encode_base64

METHOD = "m.sas.v1"
KEY_AGREEMENT = "curve25519-hkdf-sha256"
HASH = "sha256"
MAC = "hkdf-hmac-sha256.v2"
SHOWN_AS = ("decimal", "emoji")


class Emoji(NamedTuple):
    """One of the 64 emoji, with its English name."""

    symbol: str
    name: str


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a verification: `public_key` is the one-time key of this verification."""

    user_id: str
    device_id: str
    public_key: str


class MacMismatch(ValueError):
    """A key is not the one that the other side has."""


def commitment(public_key: str, start: Mapping[str, Any]) -> str:
    """Return the promise to use `public_key`, made before the other side shows its own."""
    digest = hashlib.sha256(public_key.encode() + encode_canonical_json(dict(start)))
    return encode_base64(digest.digest())


class SharedSecret:
    """What both sides know once they have each other's one-time key.

    `starter` is the side that sent ``m.key.verification.start``.
    """

    def __init__(
        self,
        established: vodozemac.EstablishedSas,
        starter: Side,
        accepter: Side,
        transaction: str,
    ) -> None:
        self._established = established
        self._transaction = transaction
        sides = (
            f"{side.user_id}|{side.device_id}|{side.public_key}" for side in (starter, accepter)
        )
        info = "|".join(("MATRIX_KEY_VERIFICATION_SAS", *sides, transaction))
        shown = established.bytes(info)
        self.emoji = tuple(Emoji(*_NioSas.emoji[index]) for index in bytes(shown.emoji_indices))
        self.decimals = shown.decimals

    def authenticate(self, sender: Side, receiver: Side, keys: Mapping[str, str]) -> dict[str, Any]:
        """Return the ``mac`` and ``keys`` by which the receiver checks the sender's public keys.

        `keys` are the public keys by key id (``ed25519:DEVICE`` or ``ed25519:MASTERKEY``).
        """
        info = self._info(sender, receiver)
        code = self._established.calculate_mac
        return {
            "mac": {key_id: code(key, info + key_id) for key_id, key in keys.items()},
            "keys": code(",".join(sorted(keys)), info + "KEY_IDS"),
        }

    def check(
        self,
        sender: Side,
        receiver: Side,
        codes: Mapping[str, str],
        code_of_ids: str,
        known: Mapping[str, str],
    ) -> dict[str, str]:
        """Return those of the known public keys that the sender vouches for, by key id.

        Keys that are not known are passed over, as the specification says. Raises `MacMismatch`
        when a known key differs from the sender's or the list of key ids was changed.
        """
        info = self._info(sender, receiver)
        vouched = {key_id: known[key_id] for key_id in codes if key_id in known}
        try:
            verify = self._established.verify_mac
            verify(",".join(sorted(codes)), info + "KEY_IDS", code_of_ids)
            for key_id, key in vouched.items():
                verify(key, info + key_id, codes[key_id])
        except vodozemac.SasException as error:
            raise MacMismatch(str(error)) from None
        return vouched

    def _info(self, sender: Side, receiver: Side) -> str:
        sides = (f"{side.user_id}{side.device_id}" for side in (sender, receiver))
        return "".join(("MATRIX_KEY_VERIFICATION_MAC", *sides, self._transaction))
