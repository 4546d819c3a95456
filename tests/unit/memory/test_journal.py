"""The journal of transactions: what was begun is known until it ends, over any restart."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from lunabot.memory.archive import Archive
from lunabot.memory.journal import Undertaking

_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


async def test_what_was_begun_is_known_until_it_ends(archive: Archive) -> None:
    first = await archive.begin("spawn", "@scout:localhost", {"room": "!room"})
    second = await archive.begin("despawn", "@scout:localhost", {})
    assert await archive.unfinished() == (first, second)
    await archive.end(first)
    assert await archive.unfinished() == (second,)
    await archive.end(first)  # what ended may end again
    assert await archive.unfinished() == (second,)


@given(steps=st.lists(_text), facts=st.dictionaries(_text, _text))
async def test_how_far_it_got_comes_back_as_it_was_noted(
    steps: list[str], facts: dict[str, str]
) -> None:
    archive = await Archive.open(None)
    try:
        begun = await archive.begin("spawn", "@scout:localhost", {})
        noted = Undertaking(begun.id, "spawn", "@scout:localhost", tuple(steps), facts)
        await archive.note(noted)
        assert await archive.unfinished() == (noted,)
    finally:
        await archive.close()


async def test_it_outlives_the_process(tmp_path: Path) -> None:
    archive = await Archive.open(tmp_path / "archive.db")
    begun = await archive.begin("spawn", "@scout:localhost", {"asker": "ada"})
    await archive.close()
    again = await Archive.open(tmp_path / "archive.db")
    assert await again.unfinished() == (begun,)
    await again.close()


async def test_an_ended_transaction_is_not_noted_back_to_life(archive: Archive) -> None:
    begun = await archive.begin("spawn", "@scout:localhost", {})
    await archive.end(begun)
    await archive.note(begun)
    assert await archive.unfinished() == ()
