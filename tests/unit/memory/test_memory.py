"""Both stores together: the state's copy follows the archive, and either may fail."""

import asyncio
from pathlib import Path

from hypothesis import given, settings

from lunabot.memory.archive import Archive
from lunabot.memory.memory import Memory
from lunabot.memory.state import State
from tests.unit.memory.samples import LUNA, OTHER_ROOM, ROOM, debt, redacted, said
from tests.unit.memory.worlds import Event, deliveries


async def _open(folder: Path) -> Memory:
    return await Memory.open(folder / "db.json", folder / "archive.db")


async def test_what_is_recorded_is_in_both_stores(tmp_path: Path) -> None:
    memory = await _open(tmp_path)
    recorded = await memory.record_sync(LUNA, "s1", [said("$1", at=1)], [debt("$1")])
    await memory.record_own(said("$2", "yes", at=2, sender=LUNA, answers=["$1"]))
    await memory.record_own(said("$3", "also", at=3, sender=LUNA))
    assert await memory.record_history([said("$0", at=0), said("$1", at=1)]) == 1
    assert (set(recorded.new), recorded.owed) == ({"$1"}, (debt("$1"),))
    assert [message.event_id for message in memory.state.recent(ROOM)] == ["$0", "$1", "$2", "$3"]
    assert await memory.archive.recent(ROOM, 10) == memory.state.recent(ROOM)
    assert await memory.archive.owed(LUNA) == ()
    await memory.close()


@settings(max_examples=50)
@given(deliveries())
def test_the_copy_follows_the_archive(delivery: tuple[list[Event], list[list[Event]]]) -> None:
    async def replay() -> None:
        memory = Memory(await Archive.open(None), await State.open(None))
        for batch in delivery[1]:
            await memory.record_sync(LUNA, "s", batch)
            for room_id in (ROOM, OTHER_ROOM):
                shown = await memory.archive.recent(room_id, 100)
                assert memory.state.recent(room_id) == shown
        await memory.close()

    asyncio.run(replay())


async def test_batches_at_the_same_time_are_followed_in_order(tmp_path: Path) -> None:
    memory = await _open(tmp_path)
    rooms = [said(f"$room-{number}", at=1, room_id=ROOM) for number in range(20)]
    edits = [said(f"$edit-{at}", str(at), at=at, replaces="$room-0") for at in range(2, 22)]
    await asyncio.gather(*(memory.record_sync(LUNA, "s", [event]) for event in [*rooms, *edits]))
    assert memory.state.recent(ROOM) == await memory.archive.recent(ROOM, 100)
    assert memory.state.recent(ROOM)[0].body == "21"
    await memory.close()


async def test_the_copy_is_made_anew_at_every_start(tmp_path: Path) -> None:
    memory = await _open(tmp_path)
    await memory.record_sync(LUNA, "s1", [said("$1"), said("$2")])
    await memory.close()
    archive = await Archive.open(tmp_path / "archive.db")
    await archive.record_history([redacted("$1"), said("$3", room_id=OTHER_ROOM)])
    await archive.close()
    (tmp_path / "db.json.bak").unlink(missing_ok=True)
    memory = await _open(tmp_path)
    assert memory.state.recent(ROOM) == (said("$2"),)
    assert memory.state.recent(OTHER_ROOM) == (said("$3", room_id=OTHER_ROOM),)
    assert memory.warnings == ()
    await memory.close()


async def test_without_its_archive_luna_goes_on_from_the_state(tmp_path: Path) -> None:
    memory = await _open(tmp_path)
    await memory.record_sync(LUNA, "s1", [said("$1")])
    await memory.close()
    broken = b"no database" * 500
    (tmp_path / "archive.db").write_bytes(broken)
    memory = await _open(tmp_path)
    assert memory.state.recent(ROOM) == (said("$1"),)
    recorded = await memory.record_sync(LUNA, "s1", [said("$1"), said("$2")])
    assert recorded.new == {"$2"}
    assert len(memory.warnings) == 1 and "archive.db" in memory.warnings[0]
    await memory.close()
    assert (tmp_path / "archive.db").read_bytes() == broken


async def test_without_its_state_luna_goes_on_from_the_archive(tmp_path: Path) -> None:
    memory = await _open(tmp_path)
    await memory.record_sync(LUNA, "s1", [said("$1")])
    await memory.close()
    newer = '{"schema": {"state": {"version": 99}}}'
    (tmp_path / "db.json").write_text(newer)
    memory = await _open(tmp_path)
    assert memory.state.recent(ROOM) == (said("$1"),)
    assert len(memory.warnings) == 1 and "db.json" in memory.warnings[0]
    await memory.close()
    assert (tmp_path / "db.json").read_text() == newer
