"""``/chapters``: what is told of them, and what becomes of one that is edited or deleted."""

import pytest

from lunabot.errors import UserMistake
from lunabot.memory.chapters import Chapter
from tests.fake_services import ADMIN
from tests.homeserver_scripts import Status
from tests.unit.skills.remembered import (
    ANN,
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
from tests.unit.skills.running import V3, House


@pytest.fixture(autouse=True)
def at_home(house: House) -> None:
    move_in(house)


def kept(house: House) -> tuple[Chapter, ...]:
    return house.services.memory.state.chapters.of(TRAILS)


async def test_which_rooms_have_chapters(house: House) -> None:
    assert "There are no chapters yet." in await house.run("chapters")
    put_chapter(house, 1)
    put_chapter(house, 2)
    put_chapter(house, 1, level=1)
    put_chapter(house, 1, room_id=LAKE)
    assert (await house.run("chapters")).splitlines() == [
        "**2 rooms with chapters**",
        "",
        f"- **Trails** `{TRAILS}`: 2 chapters, 1 part, 17–18 May 2024",
        f"- **Lake** `{LAKE}`: 1 chapter, 17 May 2024",
    ]


async def test_the_chapters_of_a_room(house: House) -> None:
    assert "There are no chapters of **Trails** yet." in await house.run("chapters trails")
    put_chapter(house, 1, edited_by=ADMIN)
    put_chapter(house, 2, "", stale=True, people=(ANN,))
    put_chapter(house, 1, "May", level=1)
    assert (await house.run("chapters trails")).splitlines() == [
        "**Trails: 2 chapters, 1 part**",
        "",
        "- ▪️ **P1** May – 17 May 2024, Ann, Bob",
        "- **1** Maps – 17 May 2024, Ann, Bob ✏️",
        "- **2** … – 18 May 2024, Ann ⚠️",
    ]


async def test_one_in_full(house: House) -> None:
    put_chapter(house, 3)
    assert (await house.run("chapters trails 3")).splitlines() == [
        "**Chapter 3: Maps**",
        "",
        "19 May 2024, Ann, Bob",
        "",
        "> Ann drew a map.",
        r"> Bob \*lost\* it.",
        "",
        "Still open:",
        "",
        "- Who finds it?",
    ]


async def test_a_part_is_another_than_the_chapter_of_its_number(house: House) -> None:
    put_chapter(house, 1)
    put_chapter(house, 1, "May", level=1, stale=True)
    shown = await house.run("chapters trails p1")
    assert shown.startswith("**Part P1: May**")
    assert "to be written anew" in shown
    assert "forgotten" in await house.run("chapters trails P1 --delete")
    assert [chapter.level for chapter in kept(house)] == [0]


@pytest.mark.parametrize(
    ("typed", "summary", "threads"),
    [
        ("--edit It is found.", "It is found.", ("Who finds it?",)),
        (
            "--edit It is found.\nStill open:\n- who?\n\n• where?",
            "It is found.",
            ("who?", "where?"),
        ),
        ("--edit It is found.\n\n**still open:**", "It is found.", ()),
        ("--edit\nStill open:\nwhere?", "Ann drew a map.\nBob *lost* it.", ("where?",)),
        ("—edit Two\nlines", "Two\nlines", ("Who finds it?",)),
    ],
)
async def test_an_edit_is_kept_as_it_was_typed(
    house: House, typed: str, summary: str, threads: tuple[str, ...]
) -> None:
    put_chapter(house, 3, stale=True)
    assert "kept as you wrote it" in await house.run(f"chapters trails 3 {typed}")
    [edited] = kept(house)
    assert (edited.summary, edited.threads, edited.edited_by) == (summary, threads, ADMIN)
    assert edited.stale is typed.startswith("--edit\n")


async def test_what_is_edited_or_deleted_is_told_anew_above(house: House) -> None:
    for number in (1, 2):
        put_chapter(house, number)
    part = put_chapter(house, 1, "May", level=1, ends=MAY_17 + 2 * DAY)
    await house.run("chapters trails 1 --edit It is found.")
    assert [each.place for each in kept(house) if each.stale] == [(1, 1)]
    house.services.memory.state.chapters.put(part)
    await house.run("chapters trails 2 --delete")
    assert [(each.place, each.stale) for each in kept(house)] == [((1, 1), True), ((0, 1), False)]
    with pytest.raises(UserMistake, match="There are: P1, 1"):
        await house.run("chapters trails 2")


async def test_what_is_shown_can_be_typed_again(house: House) -> None:
    before = put_chapter(house, 3, summary="Ann drew a map.\n\nBob lost it.")
    shown = (await house.run("chapters trails 3")).split("Bob\n\n")[1].replace("> ", "")
    await house.run(f"chapters trails 3 --edit {shown}")
    [after] = kept(house)
    assert (after.summary, after.threads) == (before.summary, before.threads)


async def test_a_title_alone_is_changed(house: House) -> None:
    before = put_chapter(house, 3)
    await house.run('chapters trails 3 --title "The lost map"')
    [after] = kept(house)
    assert (after.title, after.summary) == ("The lost map", before.summary)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("nowhere", "I know no room `nowhere`"),
        ("trials", "Did you mean `Trails`"),
        ("trails 7", "There is no chapter 7. There are: 3"),
        ("trails seven", "is not the number of a chapter"),
        ("trails --edit", "cannot tell what is to change"),
        ("trails --delete", "cannot tell what is to change"),
        ("trails 3 --edit", "What is it to say"),
        ("trails 3 It is found.", "!chapters ROOM 3 --edit TEXT"),
        ("trails 3 --delete It is found.", "cannot tell"),
        ("trails 3 --delete --edit It is found.", "give one of them"),
    ],
)
async def test_mistakes_change_nothing(house: House, typed: str, told: str) -> None:
    before = put_chapter(house, 3)
    with pytest.raises(UserMistake, match=told):
        await house.run(f"chapters {typed}")
    assert kept(house) == (before,)


@pytest.mark.parametrize("typed", ["lake", "lake 1", "lake --file", f"{LAKE} 1"])
async def test_what_was_said_encrypted_is_told_in_an_encrypted_room_only(
    house: House, typed: str
) -> None:
    put_chapter(house, 1, room_id=LAKE)
    with pytest.raises(UserMistake, match="`Lake` is encrypted"):
        await house.run(f"chapters {typed}")
    assert house.account.acts == []
    encrypt_admin_room(house)
    said = await house.run(f"chapters {typed}")
    assert "Lake" in said or "Maps" in said


async def test_a_room_that_nobody_is_in_any_more_is_found_by_its_id(house: House) -> None:
    encrypt_admin_room(house)
    put_chapter(house, 1, room_id="!gone:localhost")
    assert "Maps" in await house.run("chapters !gone:localhost 1")
    with pytest.raises(UserMistake, match="I know no room"):
        await house.run("chapters !never:localhost")


async def test_a_room_without_a_name_is_called_by_its_people(house: House) -> None:
    house.account.enter("!direct:localhost", ANN)
    missing = Status(404, {"errcode": "M_NOT_FOUND", "error": "no such alias"})
    house.answer(f"{V3}/directory/room/#ann:localhost", missing)
    put_chapter(house, 1, room_id="!direct:localhost")
    assert "**Chapter 1: Maps**" in await house.run("chapters ann 1")


async def test_all_of_it_in_a_file(house: House) -> None:
    put_chapter(house, 1)
    put_lens(house)
    put_note(house, "Ann draws well.")
    put_note(house, "Ann swims.", LAKE)
    said = await house.run("chapters trails --file")
    assert said.endswith("of **Trails**: 1 chapter, 1 lens text, 1 note.")
    [(kind, name, data, mimetype)] = house.account.acts
    assert (kind, name, mimetype) == ("file", "memory.md", "text/markdown")
    page = data.decode()
    for part in ("# Trails", "**Chapter 1: Maps**", "> They map by hand.", "Ann draws well."):
        assert part in page
    assert "swims" not in page
