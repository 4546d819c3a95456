"""``/forget``: which messages are meant, what is asked before, and what is gone after."""

from dataclasses import replace
from pathlib import Path

import pytest

from lunabot.admin.call import Call, Plan
from lunabot.admin.confirmation import new_question
from lunabot.errors import UserMistake, WorldError
from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, RoomId
from lunabot.memory.memory import Memory
from tests.fake_services import ADMIN, command
from tests.unit.memory.test_purging import files_with
from tests.unit.personas.characters import teacher
from tests.unit.skills.remembered import (
    ANN,
    BOB,
    DAY,
    LAKE,
    MAY_17,
    TRAILS,
    encrypt_admin_room,
    move_in,
    put_chapter,
    put_lens,
    put_note,
)
from tests.unit.skills.running import REGISTRY, House

EVENT = "$" + 43 * "m"
WORD = "xylophonequartz"


@pytest.fixture(autouse=True)
async def talk(house: House) -> None:
    """What was said in Trails on four days, with an edit that took something back."""
    move_in(house)
    said = [
        message("$code", "The CODE of the door is 1234."),
        message("$edited", "My code: 99", day=1),
        message("$edit", "My secret", day=1, replaces=EventId("$edited")),
        message(EVENT, "See you at the lake.", sender=BOB, day=2),
        message("$street", "Die Straße ist gesperrt.", day=3),
        message("$elsewhere", "The code of the lake", room_id=LAKE),
    ]
    await house.services.memory.record_sync(house.account.user_id, "s1", said)


def message(event_id: str, body: str, *, day: int = 0, **more: object) -> Message:
    usual: dict[str, object] = {"room_id": TRAILS, "sender": ANN}
    fields = {**usual, **more}
    return Message(EventId(event_id), timestamp=MAY_17 + day * DAY, body=body, **fields)  # type: ignore[arg-type]


async def remembered(house: House, room_id: RoomId = TRAILS) -> list[str]:
    return [each.body for each in await house.services.memory.archive.recent(room_id, 100)]


async def plan(house: House, line: str) -> Plan | None:
    async def report(text: str) -> None:
        """Show nothing."""

    skill = REGISTRY.require("forget")
    call = Call(command(f"/{line}"), house.services, report)
    return await skill.read(line.partition(" ")[2], "localhost").plan(call)


async def test_the_question_tells_what_goes_and_what_it_is_in(house: House) -> None:
    put_chapter(house, 1)
    put_chapter(house, 3)
    put_chapter(house, 1, level=1)
    put_lens(house)
    put_note(house, "Ann knows the code.")
    put_note(house, "Ann swims.", LAKE)
    asked = await plan(house, "forget trails code")
    assert asked is not None
    assert asked.markdown.splitlines()[:4] == [
        f"This goes out of my memory: 2 messages of **Trails** `{TRAILS}`",
        "",
        "- 17 May 2024 06:40 UTC, Ann: “The CODE of the door is 1234.”",
        "- 18 May 2024 06:40 UTC, Ann: “My secret”",
    ]
    made = "chapters **P1**, **1**; lenses **technical**; notes **teacher 1**."
    assert f"what was made of it, to be written anew: {made}" in asked.markdown
    assert "On the server and in people's clients they stay" in asked.markdown
    other = await plan(house, "forget trails door")
    assert other is not None
    assert other.fingerprint != asked.fingerprint


async def test_a_long_list_is_cut(house: House) -> None:
    more = [message(f"$more-{number}", f"code {number}", day=5) for number in range(9)]
    await house.services.memory.record_sync(house.account.user_id, "s2", more)
    asked = await plan(house, "forget trails code")
    assert asked is not None
    assert asked.markdown.count("\n- ") == 6
    assert "- and 6 more" in asked.markdown


@pytest.mark.parametrize(
    ("typed", "gone"),
    [
        ("trails code", ["The CODE of the door is 1234.", "My secret"]),
        ("trails the code of the DOOR", ["The CODE of the door is 1234."]),
        ("trails STRASSE", ["Die Straße ist gesperrt."]),
        ("trails $code:localhost", []),
        (f"trails {EVENT}", ["See you at the lake."]),
        (f"trails https://matrix.to/#/{TRAILS}/{EVENT}?via=localhost", ["See you at the lake."]),
        (f"https://matrix.to/#/{TRAILS}/{EVENT}", ["See you at the lake."]),
        (f"matrix:roomid/{TRAILS[1:]}/e/{EVENT[1:]}?via=localhost", ["See you at the lake."]),
        (f"trails [a message](https://matrix.to/#/{TRAILS}/{EVENT})", ["See you at the lake."]),
        (f"https://matrix.to/#/{TRAILS}/%24edit", ["My secret"]),
        ("trails nobody said that", []),
    ],
)
async def test_what_is_meant_is_forgotten(house: House, typed: str, gone: list[str]) -> None:
    before = await remembered(house)
    if not gone:
        assert await plan(house, f"forget {typed}") is None
        with pytest.raises(UserMistake, match="no such message"):
            await house.run(f"forget {typed}")
    else:
        assert "I have forgotten" in await house.run(f"forget {typed}")
    kept = await remembered(house)
    assert kept == [body for body in before if body not in gone]
    assert [each.body for each in house.services.memory.state.recent(TRAILS)] == kept
    assert await remembered(house, LAKE) == ["The code of the lake"]


async def test_what_was_forgotten_does_not_come_back(house: House) -> None:
    await house.run("forget trails code")
    again = [
        message("$code", "The CODE of the door is 1234."),
        message("$later", "My code: 100", day=4, replaces=EventId("$edited")),
    ]
    await house.services.memory.record_history(again)
    assert await remembered(house) == ["See you at the lake.", "Die Straße ist gesperrt."]
    assert await plan(house, "forget trails code") is None


async def test_what_was_made_of_it_loses_its_words(house: House) -> None:
    put_chapter(house, 1)
    third = put_chapter(house, 3)
    put_lens(house)
    put_note(house, "Ann knows the code.")
    await house.run("forget trails 1234")
    state = house.services.memory.state
    assert [(each.summary, each.stale) for each in state.chapters.of(TRAILS)] == [
        ("", True),
        (third.summary, False),
    ]
    assert [each.text for each in state.lenses.of(TRAILS)] == [""]
    assert "has no notes yet" in await house.run("notes teacher")


async def test_what_administrators_wrote_is_named_and_goes_by_its_words(house: House) -> None:
    put_chapter(house, 1, summary="The CODE is 1234.", edited_by=ADMIN, pinned=("summary",))
    state = house.services.memory.state
    state.lenses.put(put_lens(house).edited(ADMIN, "They have a code.", MAY_17))
    state.notes.put(replace(put_note(house, "Ann knows it."), edited_by=ADMIN))
    named = message("$" + 43 * "n", "Hello.")
    await house.services.memory.record_sync(house.account.user_id, "s2", [named])
    one = await plan(house, f"forget trails {named.event_id}")
    assert one is not None
    assert "stays, so look into it: chapters **1**; lenses **technical**; notes **teacher 1**." in (
        one.markdown
    )
    all_of_it = await plan(house, "forget trails code")
    assert all_of_it is not None
    worded = "wrote with these words in it: chapters **1**; lenses **technical**."
    assert worded in all_of_it.markdown
    assert "stays, so look" not in all_of_it.markdown
    await house.run("forget trails code")
    assert [(each.summary, each.stale) for each in state.chapters.of(TRAILS)] == [("", True)]
    assert [each.text for each in state.lenses.of(TRAILS)] == [""]
    assert [note.text for note in state.notes.of(teacher().user_id)] == ["Ann knows it."]


@pytest.mark.parametrize("typed", [f"trails {WORD}", f"trails {EVENT}"])
async def test_no_file_holds_a_word_of_what_was_forgotten(
    house: House, tmp_path: Path, typed: str
) -> None:
    memory = await Memory.open(tmp_path / "db.json", tmp_path / "archive.db")
    house.services.memory = memory
    said = [message(f"$word-{n}", f"{WORD} and {n}") for n in range(40)] if "$" not in typed else []
    word = message(EVENT, f"The {WORD} is green.")
    edit = message("$again", f"The {WORD} is red.", replaces=word.event_id)
    await memory.record_sync(house.account.user_id, "s1", [word, *said, message("$other", "Hello")])
    await memory.record_sync(house.account.user_id, "s2", [edit])
    texts = await memory.archive.without_vectors(99)
    await memory.archive.record_vectors(texts, [text.encode() for _, text in texts])
    put_chapter(house, 1, summary=WORD)
    put_lens(house)
    put_note(house, f"Ann has a {WORD}.")
    await memory.state.flush()
    assert "db.json" in files_with(tmp_path, WORD)
    assert any(name.startswith("archive.db") for name in files_with(tmp_path, WORD))
    await house.run(f"forget {typed}")
    assert files_with(tmp_path, WORD) == []
    assert [each.body for each in await memory.archive.recent(TRAILS, 99)] == ["Hello"]
    await memory.close()


async def test_the_question_that_quotes_them_is_forgotten_with_them(house: House) -> None:
    memory, line = house.services.memory, f"trails {EVENT}"
    asked = await plan(house, f"forget {line}")
    assert asked is not None
    command_event = command(f"/forget {line}")
    question = new_question(command_event, "forget", line, asked, (), MAY_17)
    memory.state.questions.put(replace(question, notice=EventId("$asked")))
    said = [
        message("$asked", asked.markdown, room_id=command_event.room_id),
        message("$end", asked.markdown, room_id=command_event.room_id, replaces=EventId("$asked")),
    ]
    await memory.record_history(said[:1])
    await house.run(f"forget {line}")
    await memory.record_history(said[1:])
    [left] = memory.state.questions
    assert left.consequences == ""
    assert await remembered(house, command_event.room_id) == []


async def test_a_scrubbing_that_was_held_up_is_done_by_asking_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    scrubbed = []

    async def scrub(memory: Memory) -> None:
        scrubbed.append(memory)
        if len(scrubbed) == 1:
            raise WorldError("ask again")

    monkeypatch.setattr("lunabot.memory.purging.scrub", scrub)
    with pytest.raises(WorldError, match="ask again"):
        await house.run("forget trails code")
    with pytest.raises(UserMistake, match="no such message"):
        await house.run("forget trails code")
    assert len(scrubbed) == 2


async def test_nothing_encrypted_is_quoted_in_a_room_that_is_not(house: House) -> None:
    asked = await plan(house, "forget lake code")
    assert asked is not None
    assert "1 message of **Lake**" in asked.markdown
    assert "The code of the lake" not in asked.markdown
    encrypt_admin_room(house)
    told = await plan(house, "forget lake code")
    assert told is not None
    assert "The code of the lake" in told.markdown


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("trails", "What is to be forgotten"),
        ("nowhere code", "I know no room"),
        ("https://matrix.to/#/!other:localhost/$event", "I know no room `!other:localhost`"),
        (f"https://matrix.to/#/{ADMIN}", "is not a room"),
    ],
)
async def test_mistakes(house: House, typed: str, told: str) -> None:
    with pytest.raises(UserMistake, match=told):
        await plan(house, f"forget {typed}")
