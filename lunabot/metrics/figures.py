"""What a monitor is told of Luna, taken at one moment."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lunabot.admin.services import Services
from lunabot.config import Settings
from lunabot.memory.pulse import answered
from lunabot.memory.tally import Tally, tally

STALE_S = 90.0  # a sync that brings nothing takes half a minute


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts, times in seconds, sizes in bytes; no name of anybody and nothing that was said.

    `sync_age_s` is None before the first sync. `answer_times_s` are those of all answers to people
    since she started.
    """

    accounts_ready: int
    accounts: int
    sync_age_s: float | None
    rooms: int
    waiting: int
    busy_rooms: int
    tasks: int
    problems: int
    tally: Tally
    answer_times_s: tuple[float, ...]
    store_bytes: Mapping[str, int]


async def take(services: Services) -> Figures:
    """Take the figures. Raises `WorldError` where the archive cannot be read."""
    fleet, state = services.personas().fleet, services.memory.state
    search = services.memory.archive.search
    up_ms = 1000 * (time.monotonic() - services.started)
    since = int(time.time() * 1000 - up_ms)
    answers = await search(answered, since, services.own_accounts())
    return Figures(
        accounts_ready=len(fleet.accounts),
        accounts=1 + len(state.personas()) + len(state.broken_personas()),
        sync_age_s=sync_age_s(services),
        rooms=len(services.account.client.rooms),
        waiting=services.queues.waiting,
        busy_rooms=services.queues.busy_rooms,
        tasks=len(asyncio.all_tasks()),
        problems=len(services.problems.lines()),
        tally=await search(tally),
        answer_times_s=tuple((each.shown - each.asked) / 1000 for each in answers),
        store_bytes=await asyncio.to_thread(_store_bytes, services.settings),
    )


def sync_age_s(services: Services) -> float | None:
    """Return how long ago Luna's own account has synced."""
    last = services.account.last_sync
    return None if last is None else time.monotonic() - last


def ailments(services: Services) -> tuple[str, ...]:
    """Return what is wrong where Luna does not hear what is said, in lines; else nothing."""
    age = sync_age_s(services)
    if age is not None and age < STALE_S:
        return ()
    heard = "there was no sync yet" if age is None else f"the last sync was {age:.0f} s ago"
    return (heard, *(line.replace("**", "") for line in services.problems.lines()))


def _store_bytes(settings: Settings) -> dict[str, int]:
    stores = {"archive": settings.archive_path, "state": settings.state_path}
    if settings.homeserver.managed:
        stores["homeserver"] = settings.data / "synapse" / "homeserver.db"
    return {name: _size(path) + _size(Path(f"{path}-wal")) for name, path in stores.items()}


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
