"""From a session to an account at work: encryption store, first sync, identity."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from lunabot.errors import Refused
from lunabot.homeserver.http import HomeserverClient
from lunabot.matrix.account import Account
from lunabot.matrix.batch import SyncBatch
from lunabot.matrix.crosssigning import Outcome, check_device_keys
from lunabot.matrix.identity import Identity, load_identity
from lunabot.matrix.ids import RoomId, UserId, localpart
from lunabot.matrix.nio_client import GONE, SessionLost
from lunabot.matrix.session import Session
from lunabot.memory.memory import Memory


@dataclass(frozen=True, slots=True)
class Opened:
    """An account that has synced once.

    `fresh` tells that it never had before. One that is not `trusted` has an identity whose keys are
    not here: its device is not signed.
    """

    session: Session
    account: Account
    identity: Identity
    first: SyncBatch
    fresh: bool
    trusted: bool = True


@dataclass(frozen=True, slots=True)
class Opener:
    """Opens accounts, Luna's and personas' alike.

    `secrets` is the folder that holds their keys. `may_verify` and `show` are for verifications:
    who may ask for one, and where the emoji are posted.
    """

    http: HomeserverClient
    url: str
    secrets: Path
    memory: Memory
    may_verify: Callable[[UserId], bool]
    show: Callable[[Account, RoomId | None, str], Awaitable[None]]

    async def open(
        self,
        session: Session,
        *,
        password: str | None,
        reset_identity: bool = False,
        publish: bool = True,
    ) -> Opened:
        """Open an account; `reset_identity` replaces a cross-signing identity whose keys are lost.

        Without `publish` the caller sees to that, when there is time. Raises `SessionLost`,
        `DeviceKeysLost` where only a new device helps, or `WorldError`.
        """
        account = Account(self.url, session, self.secrets / "crypto")
        try:
            if not account.has_published_keys:
                await self._check_keys(account, session)
            token = await self.memory.archive.sync_token(session.user_id)
            first = await account.sync_once(token, full_state=True)
            identity = await self._identity(account, session)
            outcome = None
            if publish:
                outcome = await identity.publish(password=password, reset=reset_identity)
        except BaseException:
            await account.close()
            raise
        trusted = outcome is not Outcome.FOREIGN
        return Opened(session, account, identity, first, fresh=token is None, trusted=trusted)

    async def _check_keys(self, account: Account, session: Session) -> None:
        try:
            await check_device_keys(self.http, session, account.identity_keys)
        except Refused as error:
            if error.errcode in GONE:
                raise SessionLost(f"keys: {error.errcode}: this device was logged out") from error
            raise

    async def _identity(self, account: Account, session: Session) -> Identity:
        return await load_identity(
            self.http,
            account,
            session,
            self.secrets / "cross_signing" / localpart(session.user_id),
            may_verify=self.may_verify,
            show=lambda room_id, text: self.show(account, room_id, text),
        )
