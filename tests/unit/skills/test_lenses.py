"""``/lenses``: what they have seen, and what becomes of a text that is edited or deleted."""

from dataclasses import replace

import pytest

from lunabot.errors import UserMistake
from tests.fake_services import ADMIN
from tests.unit.skills.remembered import LAKE, MAY_17, TRAILS, encrypt_admin_room, move_in, put_lens
from tests.unit.skills.running import House


@pytest.fixture(autouse=True)
def at_home(house: House) -> None:
    move_in(house)


async def test_which_rooms_were_looked_at(house: House) -> None:
    nothing = await house.run("lenses")
    assert nothing.startswith("My lenses are emotional, technical, historical. They have seen no")
    put_lens(house)
    put_lens(house, "emotional")
    assert (await house.run("lenses")).splitlines()[2] == (
        f"- **Trails** `{TRAILS}`: emotional up to 18 May 2024 06:40 UTC, "
        "technical up to 18 May 2024 06:40 UTC"
    )


async def test_what_was_seen(house: House) -> None:
    assert "No lens has looked at **Trails** yet" in await house.run("lenses trails")
    assert "has not looked at that room" in await house.run("lenses trails emotional")
    text = put_lens(house)
    one = "**technical** – up to 18 May 2024 06:40 UTC\n\n> They map by hand."
    assert await house.run("lenses trails Technical") == one
    assert await house.run("lenses trails") == f"**Trails**\n\n{one}"
    house.services.memory.state.lenses.put(replace(text, written="", stale=True))
    assert "to be written anew" in await house.run("lenses trails technical")
    house.services.memory.state.lenses.put(replace(text, written="", until=0))
    assert "nothing read yet" in await house.run("lenses trails technical")


async def test_an_edit_is_gone_on_from(house: House) -> None:
    before = put_lens(house)
    await house.run("lenses trails technical --edit They map\nwith compasses.")
    after = house.services.memory.state.lenses.get(TRAILS, "technical")
    assert after is not None
    assert (after.text, after.edited_by) == ("They map\nwith compasses.", ADMIN)
    assert (after.pinned, after.written) == (after.text, "")
    assert (after.until, after.updated > before.updated) == (before.until, True)
    assert f"✏️ as `{ADMIN}` wrote it" in await house.run("lenses trails technical")


async def test_another_edit_takes_the_place_of_the_first(house: House) -> None:
    put_lens(house)
    table = house.services.memory.state.lenses
    await house.run("lenses trails technical --edit They map with compasses.")
    edited = table.get(TRAILS, "technical")
    assert edited is not None
    table.put(replace(edited, written="Bob lost his."))
    shown = await house.run("lenses trails technical")
    assert "> They map with compasses.\n> \n> Bob lost his." in shown
    await house.run("lenses trails technical --edit They map by hand.")
    assert [each.text for each in table.of(TRAILS)] == ["They map by hand."]
    await house.run("lenses trails technical --delete")
    assert table.of(TRAILS) == ()


async def test_one_may_be_written_before_the_lens_has_looked(house: House) -> None:
    await house.run("lenses trails emotional --edit All is calm.")
    written = house.services.memory.state.lenses.get(TRAILS, "emotional")
    assert written is not None
    assert MAY_17 < written.until <= written.updated
    assert "> All is calm." in await house.run("lenses trails emotional")


async def test_one_is_deleted(house: House) -> None:
    put_lens(house)
    put_lens(house, "emotional")
    assert "is forgotten" in await house.run("lenses trails technical --delete")
    assert [each.lens for each in house.services.memory.state.lenses.of(TRAILS)] == ["emotional"]


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("nowhere", "I know no room"),
        ("trails tecnical", "Did you mean `technical`. There are: emotional, technical, hist"),
        ("trails --delete", "cannot tell what is to change"),
        ("trails technical --edit", "What is it to say"),
        ("trails technical They map", "!lenses ROOM LENS --edit TEXT"),
    ],
)
async def test_mistakes_change_nothing(house: House, typed: str, told: str) -> None:
    before = put_lens(house)
    with pytest.raises(UserMistake, match=told):
        await house.run(f"lenses {typed}")
    assert house.services.memory.state.lenses.of(TRAILS) == (before,)


@pytest.mark.parametrize("typed", ["lake", "lake technical"])
async def test_what_was_said_encrypted_is_told_in_an_encrypted_room_only(
    house: House, typed: str
) -> None:
    put_lens(house, room_id=LAKE)
    with pytest.raises(UserMistake, match="`Lake` is encrypted"):
        await house.run(f"lenses {typed}")
    encrypt_admin_room(house)
    assert "They map by hand." in await house.run(f"lenses {typed}")
