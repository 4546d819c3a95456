"""What others may rely on of an account: its keys are published, its device signed by its owner."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lunabot.matrix.account import Account
from lunabot.matrix.batch import SyncBatch
from lunabot.matrix.crosssigning import (
    CrossSigningKeys,
    Outcome,
    ensure_cross_signed,
    load_or_create_keys,
)
from lunabot.matrix.ids import DeviceId, RoomId, UserId
from lunabot.matrix.published_keys import HomeserverCalls, PublishedKeys, fetch_published_keys
from lunabot.matrix.session import Session
from lunabot.matrix.verification import OwnIdentity
from lunabot.matrix.verifier import Comparison, Verifier

Show = Callable[[RoomId | None, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who an account is in the eyes of others. An instance comes from `load_identity`.

    It answers verifications at once, and others see it when it is published.
    """

    http: HomeserverCalls
    account: Account
    session: Session
    keys: CrossSigningKeys
    verifier: Verifier

    async def publish(self, *, password: str | None, reset: bool = False) -> Outcome:
        """Sign the account's device with the identity, as far as that is not done.

        The device's keys are on the server by then. With `reset` an identity of the account whose
        keys are lost is replaced. Raises `DeviceKeysLost`, or `WorldError` with what to do.
        """
        fingerprints = self.account.identity_keys
        return await ensure_cross_signed(
            self.http, self.session, fingerprints, self.keys, password=password, reset=reset
        )

    async def take(self, batch: SyncBatch) -> None:
        """Answer the verifications that a sync brought."""
        for source in batch.to_device:
            await self.verifier.receive_to_device(source)
        for room_id, source in batch.verifications:
            await self.verifier.receive_in_room(room_id, source)


async def load_identity(
    http: HomeserverCalls,
    account: Account,
    session: Session,
    keys_path: Path,
    *,
    may_verify: Callable[[UserId], bool],
    show: Show,
) -> Identity:
    """Return the account's identity, made at first use.

    `show` posts the emoji of a verification, in the room where it runs or (None) wherever the
    administrators look. Raises `WorldError` where the keys cannot be read.
    """
    keys = await asyncio.to_thread(load_or_create_keys, keys_path)
    device_key = account.identity_keys["ed25519"]
    vouched = {session.device_id: device_key, keys.master_key: keys.master_key}
    own = OwnIdentity(
        session.user_id,
        session.device_id,
        {f"ed25519:{name}": key for name, key in vouched.items()},
    )
    host = _Host(http, account, session, show)
    return Identity(http, account, session, keys, Verifier(own, host, may_verify))


@dataclass(frozen=True, slots=True)
class _Host:
    """Speaks for the account in a verification."""

    http: HomeserverCalls
    account: Account
    session: Session
    show_text: Show

    async def send_to_room(self, room_id: RoomId, event_type: str, content: dict[str, Any]) -> None:
        await self.account.say(room_id, content, event_type=event_type)

    async def send_to_device(
        self, user_id: UserId, device_id: DeviceId, event_type: str, content: dict[str, Any]
    ) -> None:
        await self.account.send_to_device(user_id, device_id, event_type, content)

    async def published_keys(self, user_id: UserId) -> PublishedKeys:
        return await fetch_published_keys(self.http, self.session.access_token, user_id)

    async def show(self, comparison: Comparison) -> None:
        await self.show_text(comparison.room_id, comparison.text)

    async def verified(self, user_id: UserId, keys: Mapping[str, str]) -> None:
        """Keep nothing: the person compared the emoji, Luna did not, so she learned nothing."""
