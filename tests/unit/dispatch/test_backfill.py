"""Holes are filled in the background, once, over stops and failures; what nobody saw is found."""

import asyncio

import pytest

from lunabot.dispatch import backfill
from lunabot.dispatch.watch import Progress
from lunabot.errors import WorldError
from lunabot.matrix.batch import Gap
from lunabot.matrix.history import PAGE_EVENTS
from lunabot.matrix.reading import read_event
from tests.homeserver_scripts import Held, Status
from tests.room_events import event
from tests.unit.dispatch.library import BACKLOG_MS, Library
from tests.unit.dispatch.people import ADA, LUNA, OTHER_ROOM, OWL, ROOM

FORBIDDEN = Status(403, {"errcode": "M_FORBIDDEN", "error": "not in the room"})


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfill, "_PAUSE_S", 0)
    monkeypatch.setattr(backfill, "_IDLE_S", 0.01)


async def synced(library: Library, *bodies: str, gap: bool = False) -> None:
    """Let a sync have brought these, which are written now, with a gap before them."""
    before = len(library.home.timelines.get(ROOM, []))
    library.home.positions["before"] = before
    sources = library.write(*bodies)
    events = [read for source in sources if (read := read_event(source, ROOM))]
    gaps = [Gap(ROOM, "before", "s1")] if gap else []
    await library.memory.record_sync(LUNA, "s2", events, gaps=gaps)


async def test_a_gap_is_filled_and_what_is_not_too_old_is_asked(library: Library) -> None:
    library.write(*["old"] * PAGE_EVENTS, ago_ms=2 * BACKLOG_MS)
    library.write(*["missed"] * PAGE_EVENTS)
    await synced(library, "newest", gap=True)
    library.start()
    await library.backfill.fetch_new(library.report)
    assert len(await library.known()) == 2 * PAGE_EVENTS + 1
    assert library.asked == [["missed"] * PAGE_EVENTS]
    assert library.settled == [1]


async def test_answers_wait_for_a_gap_as_far_as_there_is_something_to_answer(
    library: Library,
) -> None:
    library.write(*["old"] * 3 * PAGE_EVENTS, ago_ms=2 * BACKLOG_MS)
    await synced(library, "newest", gap=True)
    library.home.enqueue("messages", Status(200, _newest_page(library)), Held(asyncio.Event()))
    library.start()
    await library.home.wait_for(lambda: len(library.home.of("messages")) == 2)
    assert library.settled
    [hole] = await library.memory.archive.holes()
    assert not library.debts.is_open(hole)


async def test_history_comes_in_once_and_is_not_asked(library: Library) -> None:
    library.write(*[f"{number}" for number in range(2 * PAGE_EVENTS + 1)])
    await synced(library, "newest")
    library.start()
    first = await library.backfill.fetch_all(ROOM, library.report)
    again = await library.backfill.fetch_all(ROOM, library.report)
    assert (first.rooms, first.messages, first.new) == (1, 2 * PAGE_EVENTS + 2, 2 * PAGE_EVENTS + 1)
    assert (again.messages, again.new) == (first.messages, 0)
    assert await library.known() == [*map(str, range(2 * PAGE_EVENTS + 1)), "newest"]
    assert library.asked == []
    assert {report.left for report in library.reports} >= {PAGE_EVENTS + 2, 2}


async def test_what_no_sync_has_covered_yet_is_left_to_the_next_one(library: Library) -> None:
    await synced(library, "covered")
    library.home.positions["s2"] = 1
    library.write("still to come")
    library.start()
    await library.backfill.fetch_all(None, library.report)
    await library.backfill.fetch_new(library.report)
    assert await library.known() == ["covered"]


async def test_it_goes_on_after_a_stop_in_the_middle(library: Library) -> None:
    library.write(*["old"] * 3 * PAGE_EVENTS)
    await synced(library, "newest")
    await library.memory.archive.note_history(ROOM, LUNA, "s2")
    library.home.enqueue("messages", Status(200, _newest_page(library)), Held(asyncio.Event()))
    library.start()
    await library.home.wait_for(lambda: len(library.home.of("messages")) == 2)
    await library.stop()
    assert len(await library.known()) == PAGE_EVENTS
    library.start()
    await library.backfill.fetch_all(ROOM, library.report)
    assert len(await library.known()) == 3 * PAGE_EVENTS + 1
    assert len(library.home.of("messages")) == 5  # four pages, one of them asked for twice


def _newest_page(library: Library) -> object:
    timeline = library.home.timelines[ROOM]
    start = len(timeline) - PAGE_EVENTS
    return {"start": "s2", "end": f"t{start}-0", "chunk": timeline[start:][::-1]}


async def test_it_gives_way_to_answers_and_goes_on_all_the_same(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.write(*["old"] * 2 * PAGE_EVENTS)
    await synced(library, "newest")
    library.queues.busy_rooms = 1
    library.start()
    monkeypatch.setattr(backfill, "_GIVE_WAY_S", 3600)
    fetching = asyncio.create_task(library.backfill.fetch_all(ROOM, library.report))
    await library.home.wait_for(lambda: library.home.of("messages"))
    while len(await library.known()) == 1:  # noqa: ASYNC110 - a page that is stored sets no event
        await asyncio.sleep(0.01)
    assert len(library.home.of("messages")) == 1
    library.queues.busy_rooms = 0
    await fetching
    library.queues.busy_rooms = 1
    monkeypatch.setattr(backfill, "_GIVE_WAY_S", 0.01)
    assert (await library.backfill.fetch_all(ROOM, library.report)).messages == 2 * PAGE_EVENTS + 1


async def test_edits_and_redactions_of_history_count(library: Library) -> None:
    first, second = library.write("frist", "oops")
    new = {"msgtype": "m.text", "body": "first"}
    relates_to = {"rel_type": "m.replace", "event_id": first["event_id"]}
    edit = event("m.room.message", ADA, {**new, "m.new_content": new, "m.relates_to": relates_to})
    redaction = event("m.room.redaction", ADA, {}, redacts=second["event_id"])
    library.home.timelines[ROOM] += [edit, redaction]
    await synced(library, "newest")
    library.start()
    await library.backfill.fetch_all(ROOM, library.report)
    assert await library.known() == ["first", "newest"]


async def test_holes_of_rooms_that_may_not_be_read_are_forgotten(library: Library) -> None:
    await library.memory.record_sync(LUNA, "s2", [], gaps=[Gap(OTHER_ROOM, "before", "s1")])
    await synced(library, "newest", gap=True)
    library.home.enqueue("messages", FORBIDDEN)
    library.start()
    await library.backfill.fetch_new(library.report)
    assert await library.memory.archive.holes() == ()
    assert {request.parts["room"] for request in library.home.of("messages")} == {ROOM}


async def test_a_hole_of_an_account_that_does_not_run_waits(library: Library) -> None:
    await library.memory.record_sync(OWL, "s2", [], gaps=[Gap(ROOM, "before", "s1")])
    await synced(library, "newest", gap=True)
    library.start()
    await library.backfill.fetch_new(library.report)
    [hole] = await library.memory.archive.holes()
    assert hole.account == OWL


@pytest.mark.parametrize("failure", [Status(302), Status(401, {"errcode": "M_UNKNOWN_TOKEN"})])
async def test_a_hole_outlives_trouble_which_whoever_waits_is_told(
    library: Library, failure: Status
) -> None:
    library.write("old")
    await synced(library, "newest")
    library.home.enqueue("messages", failure)
    library.start()
    with pytest.raises(WorldError, match="I go on by myself"):
        await library.backfill.fetch_all(ROOM, library.report)
    assert len(await library.memory.archive.holes()) == 1
    assert (await library.backfill.fetch_all(ROOM, library.report)).new == 1


async def test_a_fault_in_one_hole_ends_nothing(
    library: Library, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    library.write("old")
    await synced(library, "newest", gap=True)
    with monkeypatch.context() as broken:
        broken.setattr(library, "take_found", _fail)
        library.start()
        with pytest.raises(WorldError, match="a fault of mine, reference"):
            await library.backfill.fetch_new(library.report)
    assert "KeyError" in caplog.text
    assert (await library.backfill.fetch_new(library.report)).new == 1


async def _fail(*_: object) -> int:
    raise KeyError


async def test_what_no_sync_brought_is_found_between_what_is_known(library: Library) -> None:
    library.write("history")
    for body in ("known", "lost", "known too"):
        [source] = library.write(body)
        read = read_event(source, ROOM)
        assert read
        if body != "lost":
            await library.memory.record_found([read])
    await library.memory.record_sync(LUNA, "s2", [])
    library.home.timelines[ROOM][0]["origin_server_ts"] = 1
    library.start()
    found = await library.backfill.fetch_new(library.report)
    assert (found.rooms, found.new) == (1, 1)
    assert await library.known() == ["known", "lost", "known too"]
    assert library.asked == [["lost"]]
    assert library.settled == [1]
    assert (await library.backfill.fetch_new(library.report)).new == 0


async def test_a_room_is_looked_into_once_as_far_as_it_is_known(library: Library) -> None:
    library.accounts[OWL] = library.luna
    await synced(library, *["known"] * 3 * PAGE_EVENTS)
    assert (await library.backfill.looking.look(library.report, Progress())).rooms == 1
    assert len(library.home.of("messages")) == 1
