"""``/purge``: what is asked before, what is gone after, and who is refused."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lunabot import renewal
from lunabot.admin.call import Call, Plan
from lunabot.config import Settings
from lunabot.errors import UserMistake, WorldError
from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, RoomId, UserId
from tests.fake_services import ADMIN_ROOM, command
from tests.unit.personas.characters import teacher
from tests.unit.skills.remembered import (
    ANN,
    DAY,
    LAKE,
    MAY_17,
    TRAILS,
    move_in,
    put_chapter,
    put_lens,
    put_note,
)
from tests.unit.skills.running import REGISTRY, House

ROOMS = "/_synapse/admin/v1/rooms"
USERS = "/_synapse/admin/v2/users"
LUNA = "@luna:localhost"


@pytest.fixture(autouse=True)
async def talk(house: House) -> None:
    """Three days of talk in Trails, and a word at the lake."""
    move_in(house)
    said = [message(f"${day}", f"day {day}", day=day) for day in range(3)]
    lake = message("$lake", "splash", room_id=LAKE)
    await house.services.memory.record_sync(house.account.user_id, "s1", [*said, lake])


def message(event_id: str, body: str, *, day: int = 0, room_id: RoomId = TRAILS) -> Message:
    return Message(EventId(event_id), room_id, ANN, MAY_17 + day * DAY, body)


def user(name: str, **more: Any) -> dict[str, Any]:
    return {"name": f"@{name}:localhost", "creation_ts": 1, **more}


async def plan(house: House, line: str) -> Plan | None:
    async def report(text: str) -> None:
        """Show nothing."""

    call = Call(command(f"/{line}"), house.services, report)
    return await REGISTRY.require("purge").read(line.partition(" ")[2], "localhost").plan(call)


async def asked(house: House, line: str) -> Plan:
    found = await plan(house, line)
    assert found is not None
    return found


async def bodies(house: House, room_id: RoomId = TRAILS) -> list[str]:
    return [each.body for each in await house.services.memory.archive.recent(room_id, 100)]


async def test_the_messages_of_a_room(house: House) -> None:
    put_chapter(house, 1)
    put_note(house, "Ann knows the way.")
    question = await asked(house, "purge messages trails")
    assert f"This goes: 3 messages of **Trails** `{TRAILS}`" in question.markdown
    assert "- 1 chapter\n- 1 note" in question.markdown
    assert "!fetch_all" in question.markdown
    answer = await house.run("purge messages trails")
    assert "3 messages before, 0 after. All rooms together: 1 message in" in answer
    assert (await bodies(house), await bodies(house, LAKE)) == ([], ["splash"])
    assert house.services.memory.state.chapters.of(TRAILS) == ()
    house.account.enter(TRAILS, ANN).name = "Trails"
    assert await plan(house, "purge messages trails") is None
    assert await house.run("purge messages trails") == "There is nothing to purge."


async def test_messages_before_a_day(house: House) -> None:
    put_chapter(house, 1)
    question = await asked(house, "purge messages trails --before 2024-05-19")
    assert "2 messages from before 2024-05-19 (UTC) of" in question.markdown
    assert "what was made of them" in question.markdown
    answer = await house.run("purge messages trails --before 2024-05-19")
    assert "2 messages before, 0 after" in answer
    assert await bodies(house) == ["day 2"]


async def test_talk_that_goes_on_does_not_change_the_question_and_older_finds_do(
    house: House,
) -> None:
    memory = house.services.memory
    first = await asked(house, "purge messages trails")
    await memory.record_sync(house.account.user_id, "s2", [message("$9", "and on", day=9)])
    assert (await asked(house, "purge messages trails")).fingerprint == first.fingerprint
    await memory.record_history([message("$-1", "long ago", day=-1)])
    assert (await asked(house, "purge messages trails")).fingerprint != first.fingerprint


@pytest.mark.parametrize("room", ["", " trails"])
async def test_what_was_made_of_messages(house: House, room: str) -> None:
    assert await plan(house, f"purge memory{room}") is None
    put_chapter(house, 1)
    put_lens(house)
    put_lens(house, room_id=LAKE)
    put_note(house, "Ann swims.")
    lenses = 1 if room else 2
    question = await asked(house, f"purge memory{room}")
    assert f"- 1 chapter\n- {lenses} lens text" in question.markdown
    answer = await house.run(f"purge memory{room}")
    assert f"1 chapter, {lenses} lens text" in answer
    assert "1 note before, nothing after." in answer
    assert len(house.services.memory.state.lenses.rooms()) == (1 if room else 0)
    assert len(await bodies(house)) == 3


async def test_the_store(house: House) -> None:
    house.services.memory.state.put_persona(teacher())
    question = await asked(house, "purge store")
    assert "4 messages in" in question.markdown
    assert "of 2 rooms" in question.markdown
    assert "1 persona, all accounts, passwords and keys" in question.markdown
    answer = await house.run("purge store")
    assert answer.startswith("4 messages in")
    assert "0 messages in" in answer.partition("before")[2]
    assert await bodies(house, LAKE) == []
    assert set(house.services.memory.state.personas()) == {teacher().user_id}
    assert await plan(house, "purge store") is None


class Keeper:
    """Dismisses personas; those in `stubborn` do not go."""

    def __init__(self, house: House, *stubborn: UserId) -> None:
        self._state = house.services.memory.state
        self._stubborn = stubborn
        self.fleet: Any = SimpleNamespace(accounts={})

    async def despawn(self, user_id: UserId) -> None:
        if user_id in self._stubborn:
            raise WorldError("the server is busy")
        self._state.remove_persona(user_id)


def keep(house: House, *stubborn: UserId) -> None:
    state = house.services.memory.state
    for name in ("@a:localhost", "@b:localhost"):
        state.put_persona(replace(teacher(), user_id=UserId(name)))
    keeper = Keeper(house, *stubborn)
    house.services.personas = lambda: keeper  # type: ignore[assignment,return-value]


async def test_all_personas(house: House) -> None:
    assert await plan(house, "purge personas") is None
    keep(house)
    question = await asked(house, "purge personas")
    assert "2 personas" in question.markdown
    assert "- `@a:localhost`\n- `@b:localhost`" in question.markdown
    assert await house.run("purge personas") == "2 personas before, 0 after."
    assert house.services.memory.state.personas() == {}


async def test_one_that_cannot_go_keeps_no_other(house: House) -> None:
    keep(house, UserId("@a:localhost"))
    with pytest.raises(WorldError, match=r"(?s)2 personas before, 1 after.*busy"):
        await house.run("purge personas")
    assert set(house.services.memory.state.personas()) == {"@a:localhost"}


def answer_rooms(house: House, *rooms: dict[str, Any]) -> None:
    usual = {"joined_members": 2, "creator": LUNA}
    house.answer(ROOMS, {"rooms": [usual | room for room in rooms]})


async def test_the_rooms_that_luna_made_but_the_admin_room(house: House) -> None:
    answer_rooms(
        house,
        {"room_id": TRAILS, "name": "Trails"},
        {"room_id": LAKE, "creator": ANN},
        {"room_id": ADMIN_ROOM},
        {"room_id": "!was:localhost", "canonical_alias": "#luna-admin:localhost"},
    )
    invited = {"state_key": ANN, "content": {"membership": "invite"}}
    house.answer(f"/_matrix/client/v3/rooms/{TRAILS}/members", {"chunk": [invited]})
    house.answer(f"/_matrix/client/v3/rooms/{TRAILS}/kick", {})
    house.answer(f"/_synapse/admin/v2/rooms/{TRAILS}", {"delete_id": "d1"})
    house.answer("/_synapse/admin/v2/rooms/delete_status/d1", {"status": "complete"})
    question = await asked(house, "purge rooms")
    assert "1 room that we made, with 2 memberships" in question.markdown
    assert TRAILS in question.markdown
    assert LAKE not in question.markdown
    assert ADMIN_ROOM not in question.markdown
    await house.run("purge rooms")
    assert house.asked(f"/_synapse/admin/v2/rooms/{TRAILS}") == [{"purge": True}]
    assert [body["user_id"] for body in house.asked(f"/_matrix/client/v3/rooms/{TRAILS}/kick")] == [
        ANN
    ]
    assert (await bodies(house), await bodies(house, LAKE)) == ([], ["splash"])
    assert TRAILS not in house.account.client.rooms


async def test_only_a_managed_homeserver_may_be_purged(house: House, tmp_path: Path) -> None:
    foreign = Settings.model_validate({"homeserver": {"managed": False}})
    house.services.settings = foreign.placed(tmp_path)
    with pytest.raises(UserMistake, match="not my homeserver"):
        await plan(house, "purge homeserver")


async def test_the_homeserver_is_ordered_and_made_anew_by_the_next_beginning(
    house: House, tmp_path: Path
) -> None:
    house.services.settings = Settings().placed(tmp_path)
    house.answer(USERS, {"users": [user("ann"), user("bob"), user("gone", deactivated=True)]})
    answer_rooms(house, {"room_id": TRAILS})
    question = await asked(house, "purge homeserver")
    assert "2 accounts, 0 personas among them" in question.markdown
    assert "1 room" in question.markdown
    assert not renewal.order_file(house.services.settings).exists()
    assert "before; after it, the administrators and me" in await house.run("purge homeserver")
    assert renewal.order_file(house.services.settings).exists()
    assert house.stopped == ["the homeserver is made anew, as was ordered"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("purge messages", "Of which room"),
        ("purge personas trails", "not about one room"),
        ("purge memory --before 2026-01-01", "is for messages"),
        ("purge everything", "everything"),
    ],
)
async def test_too_few_words_and_too_many(house: House, line: str, said: str) -> None:
    with pytest.raises(UserMistake, match=said):
        await plan(house, line)
