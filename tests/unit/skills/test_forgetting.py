"""``/forget``: which messages are meant, what is asked before, and what is gone after."""

import pytest

from lunabot.admin.call import Call, Plan
from lunabot.errors import UserMistake
from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, RoomId
from tests.fake_services import ADMIN, command
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
