"""Which messages contain a text, whatever became of them since, and that they are forgotten."""

from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, RoomId, UserId
from lunabot.matrix.media import POLL, Media
from lunabot.memory import forgetting
from lunabot.memory.archive import Archive
from lunabot.memory.memory import Memory
from tests.unit.memory.samples import ADA, LUNA, OTHER_ROOM, ROOM, redacted, said


async def containing(archive: Archive, text: str, room_id: RoomId = ROOM) -> tuple[EventId, ...]:
    return await archive.search(forgetting.containing, room_id, text)


async def test_a_text_is_found_in_any_case_and_what_edits_replaced(archive: Archive) -> None:
    await archive.record_history(
        [
            said("$2", "Straße 5", at=2),
            said("$1", "the STRASSE", at=1),
            said("$3", "nothing", at=3),
            said("$3-edit", "strasse", at=4, replaces="$3"),
            said("$4", "strasse", at=5),
            redacted("$4"),
            said("$5", "strasse", room_id=OTHER_ROOM),
        ]
    )
    assert await containing(archive, "Strasse") == ("$1", "$2", "$3")
    assert await containing(archive, "nothing") == ("$3",)
    assert await containing(archive, "strasse", OTHER_ROOM) == ("$5",)
    assert await archive.search(forgetting.named, ROOM, EventId("$3-edit")) == ("$3",)
    assert await archive.search(forgetting.named, OTHER_ROOM, EventId("$1")) == ()


async def test_names_of_files_and_options_of_polls_are_texts(archive: Archive) -> None:
    file = Media("mxc://localhost/file", "plan.pdf", "application/pdf")
    poll = Media(options=("north", "south"))
    await archive.record_history(
        [
            Message(EventId("$file"), ROOM, ADA, 1, "see", "m.file", media=file),
            Message(EventId("$poll"), ROOM, ADA, 2, "Where?", POLL, media=poll),
        ]
    )
    assert await containing(archive, "PLAN") == ("$file",)
    assert await containing(archive, "south") == ("$poll",)
    assert await containing(archive, "mxc") == ()


async def test_what_is_forgotten_is_in_neither_store_and_stays_away(memory: Memory) -> None:
    late = said("$late", "a late edit", at=9, replaces="$1")
    await memory.record_sync(LUNA, "s1", [said("$1", "secret"), said("$2", "other")])
    await memory.forget(ROOM, [EventId("$1"), EventId("$unknown")], UserId(ADA), 5)
    await memory.record_sync(LUNA, "s2", [said("$1", "secret"), late, said("$unknown", "secret")])
    assert [each.body for each in memory.state.recent(ROOM)] == ["other"]
    assert [each.body for each in await memory.archive.recent(ROOM, 9)] == ["other"]
    assert await containing(memory.archive, "secret") == ()
    assert await containing(memory.archive, "late") == ()
