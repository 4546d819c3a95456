"""A sync that passed over something is handled as if it had not, as far as that matters."""

import dataclasses

from lunabot.dispatch.completing import _PAGES
from lunabot.dispatch.ground import Ground
from lunabot.matrix.batch import Gap, SyncBatch
from lunabot.matrix.events import Message
from lunabot.matrix.history import PAGE_EVENTS
from lunabot.matrix.reading import read_event
from tests.homeserver_scripts import Status
from tests.unit.dispatch.library import BACKLOG_MS, Library
from tests.unit.dispatch.people import LUNA, OTHER_ROOM, ROOM, said

NEWEST = said("the newest")
BATCH = SyncBatch(LUNA, "s2", (NEWEST,), gaps=(Gap(ROOM, "before", "s1"),))


def bodies(batch: SyncBatch) -> list[str]:
    return [event.body for event in batch.events if isinstance(event, Message)]


async def test_what_was_passed_over_comes_first_in_order(library: Library) -> None:
    missed = [f"{number}" for number in range(PAGE_EVENTS + 50)]
    library.write("known", *missed)
    library.home.positions["s1"] = 1
    batch = await library.completing(library.luna, BATCH)
    assert bodies(batch) == [*missed, "the newest"]
    assert batch.gaps == ()


async def test_a_batch_without_gaps_stays_as_it_is(library: Library) -> None:
    whole = dataclasses.replace(BATCH, gaps=())
    assert await library.completing(library.luna, whole) is whole
    assert not library.home.requests


async def test_what_is_too_old_to_be_answered_stays_a_gap(library: Library) -> None:
    library.write(*["old"] * 2 * PAGE_EVENTS, ago_ms=2 * BACKLOG_MS)
    library.write(*["new"] * PAGE_EVENTS)
    batch = await library.completing(library.luna, BATCH)
    assert bodies(batch).count("new") == PAGE_EVENTS
    assert batch.gaps == (Ground(ROOM, f"t{PAGE_EVENTS}-0", "s1"),)


async def test_too_much_is_left_to_the_background(library: Library) -> None:
    library.write(*["new"] * (_PAGES + 1) * PAGE_EVENTS)
    batch = await library.completing(library.luna, BATCH)
    assert len(batch.events) == _PAGES * PAGE_EVENTS + 1
    assert batch.gaps == (Gap(ROOM, f"t{PAGE_EVENTS}-0", "s1"),)


async def test_what_another_account_has_seen_is_not_read_to_its_end(library: Library) -> None:
    sources = library.write(*["seen"] * 3 * PAGE_EVENTS)
    events = [read_event(source, ROOM) for source in sources]
    await library.memory.record_found([event for event in events if event])
    batch = await library.completing(library.luna, BATCH)
    assert len(library.home.of("messages")) == 1
    [rest] = batch.gaps
    assert isinstance(rest, Ground)


async def test_a_server_that_fails_leaves_the_gap(library: Library) -> None:
    library.write("one", room=OTHER_ROOM)
    refused = Status(403, {"errcode": "M_FORBIDDEN", "error": "no"})
    library.home.enqueue("messages", refused)
    other = Gap(OTHER_ROOM, "before", "s1")
    both = dataclasses.replace(BATCH, gaps=(*BATCH.gaps, other))
    batch = await library.completing(library.luna, both)
    assert batch.gaps == BATCH.gaps
    assert bodies(batch) == ["one", "the newest"]
