"""A backup while Luna runs: beside her work, on a thread of its own."""

import asyncio
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from lunabot.admin.services import Services
from lunabot.backup.making import make_backup
from lunabot.matrix.account import Account
from lunabot.matrix.ids import UserId

SUFFIX = ".luna-backup"
_KEPT = 5


async def back_up(services: Services) -> Path:
    """Make a backup in ``data/backups``, where the newest five are kept; return it.

    Raises what `make_backup` raises.
    """
    settings = services.settings
    await services.memory.state.flush()
    moment = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%S")
    file = settings.data / "backups" / f"luna-{moment}{SUFFIX}"
    held = _Stores(services.personas().fleet.accounts, asyncio.get_running_loop())
    cancelled = threading.Event()
    try:
        await asyncio.to_thread(make_backup, settings, file, held=held, cancelled=cancelled)
    finally:
        cancelled.set()  # the thread goes on when nobody awaits it any more
    await asyncio.to_thread(_forget_oldest, file.parent)
    return file


class _Stores:
    """The encryption stores of running accounts, for a thread; see `make_backup`.

    Each is locked by the connection that writes to it, on the loop, and copied in memory there.
    """

    def __init__(self, accounts: Mapping[UserId, Account], loop: asyncio.AbstractEventLoop) -> None:
        self._accounts = accounts
        self._loop = loop

    def __call__(self, path: Path) -> bytes | None:
        return asyncio.run_coroutine_threadsafe(self._content(path), self._loop).result()

    async def _content(self, path: Path) -> bytes | None:
        for account in self._accounts.values():
            if account.client.store.path == path:
                return bytes(account.client.store.content())
        return None


def _forget_oldest(folder: Path) -> None:
    for oldest in sorted(folder.glob(f"luna-*{SUFFIX}"))[:-_KEPT]:
        oldest.unlink()
