"""An account at work: what a sync brings is stored, handed out and followed, whatever fails."""

import logging
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from lunabot.dispatch.inbox import Owed
from lunabot.errors import WorldError
from lunabot.matrix.batch import SyncBatch
from lunabot.matrix.events import Invite, StateChange
from lunabot.matrix.identity import Identity
from lunabot.matrix.ids import DeviceId, EventId, RoomId, UserId
from lunabot.matrix.session import Session
from lunabot.opening import Opened
from lunabot.problems import Problems
from lunabot.resident import Resident
from tests.fake_account import FakeAccount
from tests.quiet_house import quiet_household

ME, ADA, BOB = (UserId(f"@{name}:localhost") for name in ("luna", "ada", "bob"))
ROOM = RoomId("!room:localhost")
CHANGE = StateChange(EventId("$c"), ROOM, ADA, 1, "m.room.topic", "", {"topic": "tea"})


class Joining(FakeAccount):
    """Notes the rooms it joins, and brings `batches` as syncs."""

    def __init__(self) -> None:
        super().__init__(ME)
        self.batches: list[SyncBatch | WorldError] = []
        self.since: str | None = None

    async def join(self, room_id: RoomId) -> None:
        self.acts.append(("joined", room_id))

    async def sync_forever(self, since: str | None, handle: Any, trouble: Any) -> None:
        self.since = since
        for batch in self.batches:
            if isinstance(batch, WorldError):
                trouble(batch)
            else:
                await handle(batch)

    async def close(self) -> None:
        self.acts.append(("closed",))


class Inbox:
    """Notes what it takes; while `failures` last, it cannot store."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str]] = []
        self.failures: list[Exception] = []

    async def take(self, account: object, batch: SyncBatch, *, starting: bool = False) -> None:
        if self.failures:
            raise self.failures.pop()
        self.taken.append(("starting" if starting else "live", batch.token))

    async def take_history(self, batch: SyncBatch) -> None:
        self.taken.append(("history", batch.token))

    async def settle_debts(self, account: object, backlog_ms: int) -> Owed:
        self.taken.append(("debts", str(backlog_ms)))
        return Owed()

    def hear_late(self, account: object, batch: SyncBatch, backlog_ms: int) -> None:
        self.taken.append(("late", batch.token))


class World:
    """A resident in a house of fakes; `told` and `changes` are what the house heard."""

    def __init__(self, *, fresh: bool = False) -> None:
        self.account, self.inbox = Joining(), Inbox()
        self.told: list[str] = []
        self.changes: list[StateChange] = []
        self.problems = Problems(self.told.append)
        house = quiet_household(
            self.inbox,
            self.problems,
            self.told.append,
            lambda user: user == ADA,
            self.changes,
        )
        silent = cast(Identity, SimpleNamespace(take=self._verify))
        session = Session(ME, DeviceId("DEV"), "token")
        opened = Opened(session, self.account, silent, SyncBatch(ME, "s1"), fresh)
        self.resident = Resident(opened, house, "homeserver")

    async def _verify(self, batch: SyncBatch) -> None:
        self.inbox.taken.append(("verified", batch.token))

    async def follow(self, *batches: SyncBatch | WorldError) -> None:
        self.account.batches = list(batches)
        await self.resident.follow()
        await self.resident.tasks.close(grace_s=5)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    yield made
    await made.resident.close()


@pytest.mark.parametrize(
    ("fresh", "kind", "late"), [(False, "starting", [("late", "s1")]), (True, "history", [])]
)
async def test_what_came_before_a_fresh_account_is_history(
    fresh: bool, kind: str, late: list[tuple[str, str]]
) -> None:
    world = World(fresh=fresh)
    await world.resident.arrive()
    await world.resident.begin(60_000)
    assert world.inbox.taken == [("verified", "s1"), (kind, "s1"), ("debts", "60000"), *late]
    await world.follow(SyncBatch(ME, "s2"))
    assert world.account.since == "s1"
    assert world.inbox.taken[-1] == ("live", "s2")


async def test_a_batch_waits_for_a_disk_that_is_full(world: World, pauses: list[float]) -> None:
    world.inbox.failures = [WorldError("the disk is full"), WorldError("the disk is full")]
    await world.follow(SyncBatch(ME, "s2"), SyncBatch(ME, "s3"))
    assert [token for kind, token in world.inbox.taken if kind == "live"] == ["s2", "s3"]
    assert len([pause for pause in pauses if pause]) == 2
    assert len(world.told) == 1
    assert not world.problems.lines()


async def test_a_bug_in_one_batch_is_told_and_the_next_one_comes(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.inbox.failures = [RuntimeError("a bug")]
    await world.follow(SyncBatch(ME, "s2"), SyncBatch(ME, "s3", events=(CHANGE,)))
    assert world.inbox.taken[-1] == ("live", "s3")
    assert world.changes == [CHANGE]
    (line,) = world.told
    reference = line.rpartition("`")[0].rpartition("`")[2]
    assert f"reference {reference}" in caplog.text


async def test_what_changed_is_heard_of_before_the_batch_counts_as_had(world: World) -> None:
    world.inbox.failures = [RuntimeError("she died here")]
    await world.follow(SyncBatch(ME, "s2", events=(CHANGE,)))
    assert world.changes == [CHANGE]
    assert [token for kind, token in world.inbox.taken if kind == "live"] == []


async def test_only_those_who_are_welcome_are_followed(world: World) -> None:
    invites = (Invite(ROOM, ADA, False), Invite(RoomId("!spam:localhost"), BOB, False))
    await world.follow(SyncBatch(ME, "s2", invites=invites))
    assert ("joined", ROOM) in world.account.acts
    assert len([act for act in world.account.acts if act[0] == "joined"]) == 1
    (line,) = world.told
    assert line.startswith(f"{BOB} invited {ME}")


async def test_a_sync_that_fails_is_shown_until_one_works(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    await world.follow(WorldError("out of reach"))
    assert world.problems.of("homeserver") == "out of reach"
    assert not world.told
    await world.follow(SyncBatch(ME, "s2"))
    assert world.problems.of("homeserver") == ""


async def test_closing_ends_the_account(world: World) -> None:
    await world.resident.close()
    assert world.account.acts == [("closed",)]
