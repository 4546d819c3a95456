"""``/notes``: what a persona wants to remember, and what an administrator makes of it."""

import pytest

from lunabot.errors import UserMistake
from lunabot.memory.notes import Note
from tests.fake_services import ADMIN
from tests.unit.personas.characters import teacher
from tests.unit.skills.remembered import ANN, LAKE, encrypt_admin_room, move_in, put_note
from tests.unit.skills.running import House


@pytest.fixture(autouse=True)
def at_home(house: House) -> None:
    move_in(house)


def kept(house: House) -> tuple[Note, ...]:
    return house.services.memory.state.notes.of(teacher().user_id)


async def test_notes_are_listed_with_date_and_source(house: House) -> None:
    assert "has no notes yet" in await house.run("notes teacher")
    put_note(house, "Likes *maps*.")
    put_note(house, "Likes tea.")
    assert (await house.run("notes teacher")).splitlines() == [
        "**2 notes of teacher**",
        "",
        r"- **1** on Ann: Likes \*maps\*. – 17 May 2024, Trails, chapter 1",
        "- **2** on Ann: Likes tea. – 17 May 2024, Trails, chapter 1",
    ]
    assert (await house.run("notes teacher 2")).startswith("**2** on Ann: Likes tea.")


async def test_a_note_is_added_for_all_rooms(house: House) -> None:
    assert await house.run("notes teacher --add Ends at five.") == "Noted, as number **1**."
    await house.run(f"notes teacher --add --about {ANN} 2 dogs frighten her.")
    assert [(note.text, note.about, note.room_id, note.edited_by) for note in kept(house)] == [
        ("Ends at five.", None, "", ADMIN),
        ("2 dogs frighten her.", ANN, "", ADMIN),
    ]
    assert "ann: 2 dogs frighten her." in await house.run("notes teacher 2")


async def test_luna_has_notes_too(house: House) -> None:
    await house.run("notes luna --add Be brief.")
    assert "Be brief." in await house.run("notes luna")


async def test_one_is_edited_and_one_deleted(house: House) -> None:
    put_note(house, "Likes maps.")
    put_note(house, "Likes tea.")
    await house.run("notes teacher 1 --edit Likes compasses.")
    assert "forgotten" in await house.run("notes teacher 2 --delete")
    [note] = kept(house)
    assert (note.number, note.text, note.edited_by) == (1, "Likes compasses.", ADMIN)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("taecher", "Did you mean `teacher`"),
        ("teacher 7", "There is no note `7`. There are: 1"),
        ("teacher Likes", "There is no note `Likes`"),
        ("teacher --add", "!notes NAME --add TEXT"),
        ("teacher --edit", "cannot tell what is to change"),
        ("teacher 1 --edit", "What is it to say"),
        ("teacher 1 Likes tea.", "!notes NAME 3 --edit TEXT"),
    ],
)
async def test_mistakes_change_nothing(house: House, typed: str, told: str) -> None:
    before = put_note(house, "Likes maps.")
    with pytest.raises(UserMistake, match=told):
        await house.run(f"notes {typed}")
    assert kept(house) == (before,)


async def test_what_was_said_encrypted_is_told_in_an_encrypted_room_only(house: House) -> None:
    put_note(house, "Likes boats.", LAKE)
    assert "**1**: (from an encrypted room)" in await house.run("notes teacher")
    encrypt_admin_room(house)
    assert "Likes boats." in await house.run("notes teacher")
