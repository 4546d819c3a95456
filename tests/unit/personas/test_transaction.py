"""All or nothing: whichever step fails, whatever cannot be undone, wherever a crash comes."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunabot.errors import UserMistake, WorldError
from lunabot.memory.archive import Archive
from lunabot.memory.journal import Undertaking
from lunabot.personas.transaction import Facts, Step, carry_out, go_on, take_back

NAMES = ("account", "room", "document")


@dataclass
class World:
    """What three steps make and unmake; `failing` fail, and so do the undos in `stuck`.

    A step that fails has done half of its work by then.
    """

    failing: dict[str, BaseException] = field(default_factory=dict)
    stuck: set[str] = field(default_factory=set)
    made: set[str] = field(default_factory=set)
    acts: list[str] = field(default_factory=list)

    def steps(self) -> Sequence[Step]:
        return [self._step(name) for name in NAMES]

    def _step(self, name: str) -> Step:
        async def do(facts: Facts) -> None:
            self.made.add(name)
            self.acts.append(f"do {name}")
            facts[name] = "known"
            if name in self.failing:
                raise self.failing[name]

        async def undo(facts: Facts) -> None:
            self.acts.append(f"undo {name}")
            if name in self.stuck:
                raise WorldError(f"{name} stays")
            self.made.discard(name)

        return Step(name, do, undo)


@asynccontextmanager
async def opened() -> AsyncIterator[Archive]:
    archive = await Archive.open(None)
    try:
        yield archive
    finally:
        await archive.close()


async def run(archive: Archive, world: World) -> Facts:
    return await carry_out(archive, "spawn", "@scout:localhost", {"asker": "ada"}, world.steps())


async def test_all_steps_are_done_in_order_and_nothing_stays_in_the_journal() -> None:
    async with opened() as archive:
        world = World()
        assert await run(archive, world) == {"asker": "ada", **dict.fromkeys(NAMES, "known")}
        assert world.acts == [f"do {name}" for name in NAMES]
        assert await archive.unfinished() == ()


@given(
    failing=st.integers(0, len(NAMES) - 1),
    error=st.sampled_from([WorldError("away"), UserMistake("no"), RuntimeError("bug")]),
)
async def test_whichever_step_fails_those_begun_are_undone_in_reverse(
    failing: int, error: Exception
) -> None:
    async with opened() as archive:
        world = World({NAMES[failing]: error})
        with pytest.raises(type(error), match=str(error)):
            await run(archive, world)
        begun = NAMES[: failing + 1]
        done = [f"do {name}" for name in begun]
        assert world.acts == done + [f"undo {name}" for name in reversed(begun)]
        assert not world.made
        assert await archive.unfinished() == ()


@given(failing=st.integers(0, len(NAMES) - 1), stuck=st.sets(st.sampled_from(NAMES), min_size=1))
async def test_what_cannot_be_undone_stays_in_the_journal_and_is_mended_later(
    failing: int, stuck: set[str]
) -> None:
    async with opened() as archive:
        world = World({NAMES[failing]: WorldError("away")}, stuck)
        begun = NAMES[: failing + 1]
        left = stuck & set(begun)
        with pytest.raises(WorldError, match=r"^away.* not undone yet" if left else "^away$"):
            await run(archive, world)
        assert world.made == left
        unfinished = await archive.unfinished()
        assert len(unfinished) == bool(left)
        world.stuck.clear()
        for undertaking in unfinished:
            assert undertaking.facts["asker"] == "ada"
            assert await take_back(archive, undertaking, world.steps())
        assert not world.made
        assert await archive.unfinished() == ()


@given(crashed=st.integers(0, len(NAMES)))
async def test_wherever_a_crash_comes_the_journal_knows_what_to_undo(crashed: int) -> None:
    async with opened() as archive:
        undertaking: list[Undertaking] = []
        world = World()

        async def crash(facts: Facts) -> None:
            undertaking.extend(await archive.unfinished())
            raise asyncio.CancelledError

        steps = [*world.steps()[:crashed], Step("crash", crash)]
        with pytest.raises(asyncio.CancelledError):
            await carry_out(archive, "spawn", "@scout:localhost", {}, steps)
        assert await archive.unfinished() == tuple(undertaking)
        assert world.made == set(NAMES[:crashed])
        assert await take_back(archive, undertaking[0], world.steps())
        assert not world.made
        assert undertaking[0].facts == dict.fromkeys(NAMES[:crashed], "known")
        assert await archive.unfinished() == ()


async def test_a_cancelled_transaction_is_left_to_the_journal_at_once() -> None:
    async with opened() as archive:
        world = World({"room": asyncio.CancelledError()})
        with pytest.raises(asyncio.CancelledError):
            await run(archive, world)
        assert world.acts == ["do account", "do room"]
        (left,) = await archive.unfinished()
        assert left.steps == ("account", "room")


async def test_a_bug_in_an_undo_keeps_the_others_from_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with opened() as archive:
        world = World({"document": WorldError("away")})
        account, room, document = world.steps()

        async def broken(facts: Facts) -> None:
            raise RuntimeError("bug")

        steps = [account, Step("room", room.do, broken), document]
        with pytest.raises(WorldError, match="not undone yet"):
            await carry_out(archive, "spawn", "@scout:localhost", {}, steps)
        assert world.made == {"room"}
        assert "undoing room failed, reference" in caplog.text


async def test_a_full_disk_is_no_bug() -> None:
    async with opened() as archive:
        world = World({"account": OSError(28, "No space left on device")})
        with pytest.raises(WorldError, match="No space left on device"):
            await run(archive, world)
        assert not world.made


@given(done=st.integers(0, len(NAMES)))
async def test_a_transaction_that_is_completed_does_every_step_again(done: int) -> None:
    async with opened() as archive:
        world = World()
        begun = await archive.begin("despawn", "@scout:localhost", {})
        world.made.update(NAMES[:done])
        await go_on(archive, begun, world.steps())
        assert world.made == set(NAMES)
        assert await archive.unfinished() == ()


async def test_a_completion_that_fails_stays_in_the_journal() -> None:
    async with opened() as archive:
        begun = await archive.begin("despawn", "@scout:localhost", {"redact": "yes"})
        with pytest.raises(WorldError, match="away"):
            await go_on(archive, begun, World({"room": WorldError("away")}).steps())
        assert await archive.unfinished() == (begun,)
