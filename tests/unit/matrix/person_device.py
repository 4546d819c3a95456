"""The device of a person who verifies another: nio's `Sas`, with its known faults repaired.

nio 0.26 sends and checks the commitment in hexadecimal, derives other emoji and calls its codes by
the name of the older ones (matrix-nio#570, #573). The rest of its state machine is an independent
implementation of the specification, here of the side that asks and starts.
"""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import nio
import vodozemac
from canonicaljson import encode_canonical_json
from nio.crypto import OlmDevice, Sas

_MAC = "hkdf-hmac-sha256.v2"


class _RepairedSas(Sas):  # type: ignore[misc]
    sent_start: Mapping[str, Any]

    def _check_commitment(self, key: str) -> bool:
        digest = hashlib.sha256(key.encode() + encode_canonical_json(dict(self.sent_start)))
        return bool(self.commitment == b64encode(digest.digest()).decode().rstrip("="))

    def _generate_emoji(self, extra_info: str) -> list[tuple[str, str]]:
        indices = self.established_sas.bytes(extra_info).emoji_indices
        return [self.emoji[index] for index in indices]


class PersonDevice:
    """A device that asks Luna's for verification, in a room or by to-device events.

    Its methods return the content of the next event to send and take contents that came.
    """

    def __init__(
        self,
        user_id: str,
        device_id: str,
        lunas_user: str,
        lunas_device: str,
        lunas_key: str,
        transaction: str,
        *,
        in_room: bool,
    ) -> None:
        self.user_id = user_id
        self.device_id = device_id
        self.public_key = vodozemac.Account().ed25519_key.to_base64()
        luna = OlmDevice(lunas_user, lunas_device, {"ed25519": lunas_key, "curve25519": ""})
        self.sas = _RepairedSas(user_id, device_id, self.public_key, luna, transaction)
        self._reference: dict[str, Any] = {"transaction_id": transaction}
        if in_room:
            relation = {"rel_type": "m.reference", "event_id": transaction}
            self._reference = {"m.relates_to": relation}

    @property
    def keys(self) -> dict[str, str]:
        return {f"ed25519:{self.device_id}": self.public_key}

    def request(self, **changes: Any) -> dict[str, Any]:
        content = {
            "from_device": self.device_id,
            "methods": ["m.sas.v1", "m.qr_code.show.v1", "m.reciprocate.v1"],
            "to": self.sas.other_olm_device.user_id,
        }
        return {**self._reference, **content, **changes}

    def start(self, **changes: Any) -> dict[str, Any]:
        content = self._sent(self.sas.start_verification())
        self.sas.sent_start = {**content, "message_authentication_codes": [_MAC], **changes}
        return dict(self.sas.sent_start)

    def key(self, accept: Mapping[str, Any]) -> dict[str, Any]:
        assert accept["message_authentication_code"] == _MAC
        # nio knows the codes of version 2 by the name of the first version.
        accept = {**accept, "message_authentication_code": Sas._mac_normal}
        self.sas.receive_accept_event(self._received(nio.KeyVerificationAccept, accept))
        self._expect_going()
        return self._sent(self.sas.share_key())

    def mac(self, key: Mapping[str, Any]) -> dict[str, Any]:
        """Say that the emoji match, once Luna's key is here."""
        self.sas.receive_key_event(self._received(nio.KeyVerificationKey, key))
        self._expect_going()
        self.sas.accept_sas()
        return self._sent(self.sas.get_mac())

    def finish(self, mac: Mapping[str, Any]) -> None:
        self.sas.receive_mac_event(self._received(nio.KeyVerificationMac, mac))
        self._expect_going()

    def _expect_going(self) -> None:
        assert not self.sas.canceled, self.sas.cancel_reason

    def _sent(self, message: nio.ToDeviceMessage) -> dict[str, Any]:
        content = {name: item for name, item in message.content.items() if name != "transaction_id"}
        return {**content, **self._reference}

    def _received(self, kind: Any, content: Mapping[str, Any]) -> Any:
        luna, transaction = self.sas.other_olm_device.user_id, self.sas.transaction_id
        assert {**content, **self._reference} == content
        event = kind.from_dict(
            {"sender": luna, "content": {**content, "transaction_id": transaction}}
        )
        assert isinstance(event, kind)
        return event
