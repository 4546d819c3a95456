"""An empty homeserver in the place of the managed one: ordered while Luna runs, made at a start.

The order is a file. A start that finds it empties everything that belongs to the old server, which
does not run then, and takes the order away last: so a crash only delays it. What comes after is
the usual start, which makes what is missing: Luna, the administrators with the passwords that were
first generated, the admin room.
"""

import asyncio
import logging
import shutil
import time
from pathlib import Path

from lunabot.config import Settings
from lunabot.files import write_private
from lunabot.homeserver.synapse import ManagedSynapse
from lunabot.memory import purging
from lunabot.memory.memory import Memory

log = logging.getLogger(__name__)

_OF_ACCOUNTS = ("personas", "crypto", "cross_signing")  # folders of secrets


def order(settings: Settings) -> None:
    """Have the homeserver made anew at the next start; blocks for a few milliseconds."""
    write_private(order_file(settings), "The next start makes the homeserver anew.\n")


async def complete(settings: Settings, synapse: ManagedSynapse, memory: Memory) -> bool:
    """Empty the homeserver, which must not run, if that was ordered; return whether it was.

    Passwords stay, and the books: the audit trail and the tokens spent. Raises `WorldError`.
    """
    if not order_file(settings).exists():
        return False
    await synapse.erase()
    await asyncio.to_thread(_remove_secrets, settings)
    await purging.purge_accounts(memory, int(time.time() * 1000))
    await purging.scrub(memory)
    order_file(settings).unlink()
    log.warning("the homeserver was emptied and is made anew, as was ordered")
    return True


def order_file(settings: Settings) -> Path:
    """Return where an order stands until it is carried out."""
    return settings.data / "purge-homeserver"


def _remove_secrets(settings: Settings) -> None:
    """Remove what belongs to accounts that are no more; passwords of people stay."""
    for name in _OF_ACCOUNTS:
        shutil.rmtree(settings.secrets_path / name, ignore_errors=True)
    settings.session_path.unlink(missing_ok=True)
