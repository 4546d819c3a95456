"""People who ask on and on, whatever happens to the server, to Luna and to her model."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import aiohttp

from tests.e2e.rooms import room_path
from tests.e2e.session import MatrixError
from tests.e2e.waiting import until
from tests.faults.world import Place
from tests.tokens import new_token, tokens_in

PATIENT_SHARE = 0.7
SMALL_TALK = ("lovely weather today", "has anybody seen my keys", "ok", "see you on Monday")


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How somebody talks.

    They ask up to `most_in_a_row` questions, pause between `pauses_s` seconds, and in the `chatter`
    share of all times say something in between that is meant for nobody.
    """

    most_in_a_row: int = 3
    pauses_s: tuple[float, float] = (0, 0)
    chatter: float = 0


class Talk:
    """A person's questions at one place, to one of those who answer there or to all of them.

    Where the names are empty nobody is called by name. Answers are seen in `timeline`. Each
    question bears a token: `asked` holds them, with those who are to answer, in order. What is not
    answered within `patience_s` is not waited for.
    """

    def __init__(
        self,
        place: Place,
        draw: random.Random,
        patience_s: float,
        rhythm: Rhythm,
    ) -> None:
        self.person = place.person
        self.room = place.room
        self.timeline = (place.listener or place.person).timeline
        self.asked: dict[str, tuple[str, ...]] = {}
        self._addressees = place.addressees
        self._draw = draw
        self._patience_s = patience_s
        self._rhythm = rhythm
        self._owed: set[tuple[str, str]] = set()
        self._read = len(self.timeline.events)

    async def go_on(self, until_over: asyncio.Event) -> None:
        """Ask a few questions in a row, mostly wait for the answers, pause and begin again."""
        await self._pause(until_over, 0)
        while not until_over.is_set():
            await self._chat()
            for _ in range(self._draw.randint(1, self._rhythm.most_in_a_row)):
                await self._ask(self._some())
            if self._draw.random() < PATIENT_SHARE:
                await self.answered()
            await self._pause(until_over, self._rhythm.pauses_s[0])
        await self.answered()

    async def ask_all(self) -> None:
        """Ask everybody once and wait: what else they had to say was said before."""
        await self._ask(list(self._addressees))
        await self.answered()

    async def answered(self) -> None:
        """Return once all was answered that is waited for, or patience has ended."""
        with contextlib.suppress(AssertionError):
            await until(self._all_heard, self._patience_s, "all answers")
        self._owed.clear()

    async def _pause(self, until_over: asyncio.Event, at_least_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._draw.uniform(at_least_s, self._rhythm.pauses_s[1])):
                await until_over.wait()

    async def _chat(self) -> None:
        """Say something that nobody is to answer, where others than the only addressee listen."""
        if self._draw.random() < self._rhythm.chatter and all(self._addressees.values()):
            await self._send(self._draw.choice(SMALL_TALK), new_token())

    def _some(self) -> list[str]:
        everybody = self._draw.sample(list(self._addressees), len(self._addressees))
        return self._draw.choice([everybody, *([each] for each in everybody)])

    async def _ask(self, accounts: Sequence[str]) -> None:
        token = new_token()
        self.asked[token] = tuple(accounts)
        self._owed.update((account, token) for account in accounts)
        names = " and ".join(filter(None, (self._addressees[account] for account in accounts)))
        await self._send(f"{names} what of {token}?".lstrip(), token)

    async def _send(self, text: str, transaction_id: str) -> None:
        """Send a text as clients do: again with the same transaction id until it has arrived."""
        path = room_path(self.room, f"send/m.room.message/{transaction_id}")
        while True:
            try:
                await self.person.session.call("PUT", path, {"msgtype": "m.text", "body": text})
                return
            except (aiohttp.ClientError, TimeoutError):
                pass
            except MatrixError as error:
                if error.status < 500:
                    raise
            await asyncio.sleep(0.2)

    def _all_heard(self) -> bool:
        events = self.timeline.events
        for event in events[self._read :]:
            if event["room_id"] == self.room and event["type"] == "m.room.message":
                said = tokens_in(event["content"].get("body", ""))
                self._owed -= {(event["sender"], token) for token in said}
        self._read = len(events)
        return not self._owed


@contextlib.asynccontextmanager
async def talking(talks: Sequence[Talk]) -> AsyncIterator[None]:
    """Let everybody talk within the block; then they hear the answers out."""
    over = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for talk in talks:
            tasks.create_task(talk.go_on(over))
        yield
        over.set()
