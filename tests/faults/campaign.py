"""Faults under load, from the first question to the counts."""

import contextlib
import os
import random
import secrets
from collections.abc import AsyncIterator, Callable, Sequence

from tests.e2e.rooms import Rooms
from tests.e2e.session import Session
from tests.e2e.waiting import until
from tests.faults.census import Census, count, transcript
from tests.faults.crowd import Rhythm, Talk, talking
from tests.faults.stores import check_stores
from tests.faults.world import World

LONG = os.environ.get("LUNA_LONG") == "1"
SEED = int(os.environ.get("LUNA_SEED") or secrets.randbelow(10**6))
"""What all random choices come from; ``LUNA_SEED`` repeats those of another run."""
PATIENCE_S = 180.0 if LONG else 30.0


class Campaign:
    """People talk with Luna while a test makes its faults (`draw` decides on them), and after.

    `tell` gets a line with the counts. The people talk in `rhythms`, which they share out in turn,
    and wait for answers, and for Luna to start, at most `patience_s`.
    """

    def __init__(
        self,
        world: World,
        tell: Callable[[str], None],
        rhythms: Sequence[Rhythm] = (Rhythm(),),
        patience_s: float = PATIENCE_S,
    ) -> None:
        self.world = world
        self._patience_s = patience_s
        self.draw = random.Random(SEED)
        self._tell = tell
        self.talks = [
            Talk(each, random.Random(SEED + number), patience_s, rhythms[number % len(rhythms)])
            for number, each in enumerate(world.places)
        ]

    async def asked(self, count: int) -> None:
        """Return once so many more questions have been asked."""
        goal = self._questions() + count
        await until(
            lambda: self._questions() >= goal, 4 * self._patience_s, f"{count} more questions"
        )

    def _questions(self) -> int:
        return sum(len(talk.asked) for talk in self.talks)

    @contextlib.asynccontextmanager
    async def load(self) -> AsyncIterator[None]:
        """Let everybody talk within the block; then they hear the answers out."""
        async with talking(self.talks):
            yield

    async def conclude(self, what: str) -> None:
        """Look into Luna's stores and count; AssertionError where a question went wrong.

        She is stopped and started again before, and asked once more in each room: a second answer
        to an earlier question would come before that one's.
        """
        luna = self.world.luna
        assert await luna.stop() == 0, luna.process.describe("Luna did not stop in order")
        check_stores(luna.folder)
        await luna.start(self._patience_s)
        for talk in {talk.room: talk for talk in self.talks}.values():
            await talk.ask_all()
        found = {room: await self._found(room) for room in {talk.room for talk in self.talks}}
        total = sum((census for census, _ in found.values()), Census())
        self._tell(f"{what} (seed {SEED}): {total}")
        wrong = [f"{census}:\n{said}" for census, said in found.values() if not census.is_clean]
        assert not wrong, "\n\n".join([f"{what}, seed {SEED}", *wrong])

    async def _found(self, room: str) -> tuple[Census, str]:
        """Return the counts of a room and what was said, with a client that is new."""
        talks = [talk for talk in self.talks if talk.room == room]
        asked = {token: accounts for talk in talks for token, accounts in talk.asked.items()}
        async with Session(self.world.server.url) as session:
            await session.log_in(talks[0].person.localpart)
            history = await Rooms(session).whole_history(room)
        return await count(room, history, asked), transcript(history)
