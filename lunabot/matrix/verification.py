"""One emoji verification from the answering side, as a state machine without input or output.

Client-server API, "Key verification framework" and "SAS verification". A person presses *Verify* on
Luna's profile: their client sends a request (in the direct room, or to the device), Luna answers,
their client starts, both exchange one-time keys, both show the same seven emoji, the person says
that they match, and each side vouches for its keys. Luna vouches for her device and for her master
cross-signing key: with the latter the person's client marks her account as verified.

Luna has no eyes. She posts her emoji and takes the person's "they match" for the comparison: her
codes go out only after the person's have come and are right. What this protects: the person can
compare what their client shows with what Luna has, by the notice in the room or, where the
homeserver itself is not trusted, by the log on her machine, which no homeserver rewrites (one that
sits between the two could rewrite the notice). What it does not: who presses without looking
verifies whoever is in between; and Luna learns nothing about the person, since someone in between
would press "they match", too. So she grants nobody anything for having verified.
"""

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import vodozemac

from lunabot.matrix import sas
from lunabot.matrix.ids import DeviceId, UserId

REQUEST, READY, START, ACCEPT, KEY, MAC, DONE, CANCEL = (
    f"m.key.verification.{step}"
    for step in ("request", "ready", "start", "accept", "key", "mac", "done", "cancel")
)


class Phase(enum.Enum):
    """How far a verification is; each names the event it waits for, the last two wait for none."""

    NEW = REQUEST
    READY = START
    ACCEPTED = KEY
    COMPARING = MAC
    DONE = DONE
    CANCELLED = CANCEL


@dataclass(frozen=True, slots=True)
class OwnIdentity:
    """The answering side: `keys` are the public keys it vouches for, by key id."""

    user_id: UserId
    device_id: DeviceId
    keys: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An event to send to the other side."""

    type: str
    content: dict[str, Any]


class _Stop(Exception):
    """The verification cannot go on: `code` is one of the specification's cancel codes."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class VerificationFlow:
    """A verification asked for by another user.

    `known_keys` are that user's public keys by key id, as the homeserver publishes them.
    `transaction` is the request's event id (in a room) or its transaction id (to a device).
    Attributes to read: `phase`; `device_id`, theirs; `secret`, with the emoji, once it is
    COMPARING; `vouched`, those of `known_keys` that proved right, once it is DONE.
    """

    def __init__(
        self,
        own: OwnIdentity,
        user_id: UserId,
        known_keys: Mapping[str, str],
        transaction: str,
        *,
        in_room: bool,
    ) -> None:
        self.user_id = user_id
        self.device_id = ""
        self.phase = Phase.NEW
        self.secret: sas.SharedSecret | None = None
        self.vouched: Mapping[str, str] = {}
        self._own = own
        self._known_keys = known_keys
        self._transaction = transaction
        self._in_room = in_room
        self._one_time = vodozemac.Sas()
        self._public_key = self._one_time.public_key.to_base64()
        self._their_public_key = ""

    def receive(self, event_type: str, content: Mapping[str, Any]) -> list[Outgoing]:
        """Take an event of the other side and return what to answer, a cancellation included."""
        if self.phase in (Phase.DONE, Phase.CANCELLED):
            return []
        if event_type == CANCEL:
            self.phase = Phase.CANCELLED
            return []
        if event_type != self.phase.value:
            return self.cancel("m.unexpected_message", f"not the time for {event_type}")
        try:
            return self._steps[self.phase](self, content)
        except _Stop as stop:
            return self.cancel(stop.code, str(stop))
        except ValueError:  # no key, no Unicode, no JSON: nothing to compute with
            return self.cancel("m.invalid_message", "that cannot be read")

    def cancel(self, code: str, reason: str) -> list[Outgoing]:
        """End the verification and return the event that tells the other side."""
        self.phase = Phase.CANCELLED
        return [self._outgoing(CANCEL, code=code, reason=reason)]

    def _on_request(self, content: Mapping[str, Any]) -> list[Outgoing]:
        self.device_id = _text(content, "from_device")
        _must_offer(content, "methods", sas.METHOD)
        self.phase = Phase.READY
        return [self._outgoing(READY, from_device=self._own.device_id, methods=[sas.METHOD])]

    def _on_start(self, content: Mapping[str, Any]) -> list[Outgoing]:
        if _text(content, "from_device") != self.device_id:
            raise _Stop("m.unexpected_message", "another device asked for this")
        if _text(content, "method") != sas.METHOD:
            raise _Stop("m.unknown_method", f"only {sas.METHOD} is known here")
        _must_offer(content, "key_agreement_protocols", sas.KEY_AGREEMENT)
        _must_offer(content, "hashes", sas.HASH)
        _must_offer(content, "message_authentication_codes", sas.MAC)
        offered = _texts(content, "short_authentication_string")
        shown_as = [way for way in sas.SHOWN_AS if way in offered]
        if not shown_as:
            raise _Stop("m.unknown_method", "neither emoji nor numbers")
        self.phase = Phase.ACCEPTED
        return [
            self._outgoing(
                ACCEPT,
                key_agreement_protocol=sas.KEY_AGREEMENT,
                hash=sas.HASH,
                message_authentication_code=sas.MAC,
                short_authentication_string=shown_as,
                commitment=sas.commitment(self._public_key, content),
            )
        ]

    def _on_key(self, content: Mapping[str, Any]) -> list[Outgoing]:
        self._their_public_key = _text(content, "key")
        key = vodozemac.Curve25519PublicKey.from_base64(self._their_public_key)
        established = self._one_time.diffie_hellman(key)
        self.secret = sas.SharedSecret(established, self._theirs, self._ours, self._transaction)
        self.phase = Phase.COMPARING
        return [self._outgoing(KEY, key=self._public_key)]

    def _on_mac(self, content: Mapping[str, Any]) -> list[Outgoing]:
        codes, code_of_ids = content.get("mac"), _text(content, "keys")
        if not isinstance(codes, Mapping):
            raise _Stop("m.invalid_message", "mac is missing")
        for key_id in codes:
            _text(codes, key_id)
        assert self.secret is not None
        ours, theirs = self._ours, self._theirs
        try:
            vouched = self.secret.check(theirs, ours, codes, code_of_ids, self._known_keys)
        except sas.MacMismatch:
            raise _Stop("m.key_mismatch", "the keys differ") from None
        if f"ed25519:{self.device_id}" not in vouched:
            raise _Stop("m.key_mismatch", "the key of the device is missing")
        self.vouched, self.phase = vouched, Phase.DONE
        codes_for_them = self.secret.authenticate(ours, theirs, self._own.keys)
        return [self._outgoing(MAC, **codes_for_them), self._outgoing(DONE)]

    _steps: Mapping[Phase, Callable[..., list[Outgoing]]] = {
        Phase.NEW: _on_request,
        Phase.READY: _on_start,
        Phase.ACCEPTED: _on_key,
        Phase.COMPARING: _on_mac,
    }

    @property
    def _ours(self) -> sas.Side:
        return sas.Side(self._own.user_id, self._own.device_id, self._public_key)

    @property
    def _theirs(self) -> sas.Side:
        return sas.Side(self.user_id, self.device_id, self._their_public_key)

    def _outgoing(self, event_type: str, **content: Any) -> Outgoing:
        return Outgoing(event_type, {**content, **reference(self._transaction, self._in_room)})


def reference(transaction: str, in_room: bool) -> dict[str, Any]:
    """Return the part of a content that says which verification it belongs to."""
    if not in_room:
        return {"transaction_id": transaction}
    return {"m.relates_to": {"rel_type": "m.reference", "event_id": transaction}}


def _text(content: Mapping[str, Any], name: str) -> str:
    value = content.get(name)
    if not isinstance(value, str) or not value:
        raise _Stop("m.invalid_message", f"{name} is missing")
    return value


def _texts(content: Mapping[str, Any], name: str) -> list[str]:
    value = content.get(name)
    if not isinstance(value, list):
        raise _Stop("m.invalid_message", f"{name} is missing")
    return [item for item in value if isinstance(item, str)]


def _must_offer(content: Mapping[str, Any], name: str, wanted: str) -> None:
    if wanted not in _texts(content, name):
        raise _Stop("m.unknown_method", f"{name} lack {wanted}")
