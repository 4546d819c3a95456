"""nio's client as Luna uses it, and what its answers and failures mean."""

import logging
import time
from collections.abc import Awaitable
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import aiohttp
import nio
import nio.schemas

from lunabot.errors import Refused, WorldError, new_reference
from lunabot.matrix.crypto_store import CryptoStore
from lunabot.matrix.session import Session
from lunabot.matrix.shapes import Validators
from lunabot.matrix.sifting import sift

log = logging.getLogger(__name__)

_CLOCKS_AGREE_MS = 2_000
GONE = ("M_UNKNOWN_TOKEN", "M_USER_DEACTIVATED", "M_MISSING_TOKEN")


class SessionLost(WorldError):
    """The homeserver no longer knows this device: it was logged out or deactivated elsewhere."""


nio.schemas.Validator = Validators()
_KEY_REQUESTS = (nio.RoomKeyRequest, nio.RoomKeyRequestCancellation)


class _Client(nio.AsyncClient):
    """nio's client without its own emoji verification, which answers wrongly (nio#570, #573).

    Once closed it stays so: nio would open a session anew, which nobody closes. No event of a
    stranger's ends a sync: what cannot be decrypted or read is passed over. And none stays: of
    invitations and key requests, which anybody may send, nio would keep each for good.
    """

    _is_closed = False

    async def close(self) -> None:
        self._is_closed = True
        await super().close()

    async def send(self, *args: Any, **more: Any) -> Any:
        if self._is_closed:
            raise SessionLost("this account has ended")
        return await super().send(*args, **more)

    async def parse_body(self, transport_response: aiohttp.ClientResponse) -> dict[Any, Any]:
        return sift(await super().parse_body(transport_response))

    def decrypt_event(self, event: nio.MegolmEvent) -> Any:
        """Return a decrypted event; raises `EncryptionError`, whatever was encrypted."""
        try:
            decrypted = super().decrypt_event(event)
        except (nio.EncryptionError, nio.LocalProtocolError):
            raise
        except Exception as error:  # no text, no JSON, too deep, too long a number
            raise nio.EncryptionError(f"not an event ({type(error).__name__})") from error
        if not getattr(decrypted, "decrypted", False):  # then all of it is its sender's word
            raise nio.EncryptionError("not an event")
        return decrypted

    def _handle_timeline_event(self, event: Any, room_id: str, *more: Any) -> Any:
        """Decrypt an event, or take its state; nio would take state that came encrypted, too."""
        if not isinstance(event, nio.MegolmEvent):
            return super()._handle_timeline_event(event, room_id, *more)
        event.room_id = room_id
        try:
            return self.decrypt_event(event)
        except nio.EncryptionError:
            return None

    async def _handle_invited_rooms(self, response: nio.SyncResponse) -> None:
        """Keep nothing of an invitation: `read_batch` tells of it."""

    def _handle_decrypt_to_device(self, event: Any) -> Any:
        if isinstance(event, nio.KeyVerificationEvent):
            return None
        if isinstance(event, _KEY_REQUESTS) and event.sender != self.user_id:
            return None  # keys are shared with an account's own devices alone
        try:
            return super()._handle_decrypt_to_device(event)
        except Exception as error:
            log.info("passed over what %s sent: %s", event.sender, type(error).__name__)
            return None


def make_client(homeserver: str, session: Session, store: Path) -> nio.AsyncClient:
    """Return a client that keeps no sync token: with nio's, rooms come back without members."""
    config = nio.AsyncClientConfig(
        store=CryptoStore, store_sync_tokens=False, encryption_enabled=True, max_timeouts=3
    )
    client = _Client(homeserver, session.user_id, session.device_id, str(store), config=config)
    client.restore_login(session.user_id, session.device_id, session.access_token)
    return client


async def reached(request: Awaitable[Any]) -> Any:
    """Await a request of nio's; turn what it raises over a bad connection into `WorldError`."""
    try:
        return await request
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise WorldError(f"the homeserver is out of reach ({type(error).__name__})") from error
    except nio.LocalProtocolError as error:  # keys not shared yet: the next try shares them
        raise WorldError(f"not possible just now: {error}") from error
    except ValueError as error:
        raise WorldError("the homeserver answered with something that is not Matrix") from error


def clock_offset_ms(response: nio.SyncResponse, waited_s: float) -> int:
    """Return how far the server's clock is ahead, by its ``Date`` header: whole seconds only.

    Synapse stamps a response when it is asked, others when they answer; between the two lies the
    long poll that was waited for. Its length is not taken from this machine's clock, which may
    have been set in the meantime.
    """
    stamp = response.transport_response.headers.get("Date", "")
    try:
        ahead_s = parsedate_to_datetime(stamp).timestamp() - time.time()
    except (ValueError, TypeError):
        return 0
    ahead = int(1000 * max(ahead_s, min(0.0, ahead_s + waited_s)))
    return ahead if abs(ahead) > _CLOCKS_AGREE_MS else 0


def as_trouble(error: Exception) -> WorldError:
    """Return what a failed sync says to people. A fault of nio's or ours must not end the loop."""
    if isinstance(error, WorldError):
        return error
    if isinstance(error, TimeoutError):
        return WorldError("the homeserver did not answer in time")
    reference = new_reference()
    log.error("a sync failed, reference %s", reference, exc_info=error)
    return WorldError(f"a sync failed by a fault of mine, reference {reference}")


def failure(what: str, response: nio.ErrorResponse) -> WorldError:
    """Return the error of a refused request: `Refused` for good, `WorldError` worth a retry."""
    code = str(response.status_code or "")
    status = getattr(response.transport_response, "status", 0)
    if code in GONE:
        return SessionLost(f"{what}: {code}: this device was logged out")
    if code.startswith("M_") and 400 <= status < 500 and code != "M_LIMIT_EXCEEDED":
        return Refused(code, f"{what}: {code}: {response.message}")
    return WorldError(f"{what}: the homeserver answered {status or 'nothing'} {code}".strip())
