"""People who ask on and on, whatever happens to the server, to Luna and to her model."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Mapping, Sequence

import aiohttp

from tests.e2e.person import Person
from tests.e2e.rooms import room_path
from tests.e2e.session import MatrixError
from tests.e2e.waiting import until
from tests.tokens import new_token, tokens_in

MOST_IN_A_ROW = 3
PATIENT_SHARE = 0.7


class Talk:
    """A person's questions in one room, to one of `addressees` or all: user ids and names.

    Where the names are empty nobody is called by name. Each question bears a token: `asked` holds
    them, with those who are to answer. What is not answered within `patience_s` is not waited for.
    """

    def __init__(
        self,
        person: Person,
        room: str,
        addressees: Mapping[str, str],
        draw: random.Random,
        patience_s: float,
    ) -> None:
        self.person = person
        self.room = room
        self.asked: dict[str, frozenset[str]] = {}
        self._addressees = addressees
        self._draw = draw
        self._patience_s = patience_s
        self._owed: set[tuple[str, str]] = set()
        self._read = len(person.timeline.events)

    async def go_on(self, until_over: asyncio.Event) -> None:
        """Ask a few questions in a row, mostly wait for the answers, and begin again."""
        while not until_over.is_set():
            for _ in range(self._draw.randint(1, MOST_IN_A_ROW)):
                await self._ask(self._some())
            if self._draw.random() < PATIENT_SHARE:
                await self.answered()
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

    def _some(self) -> list[str]:
        everybody = list(self._addressees)
        return self._draw.choice([everybody, *([each] for each in everybody)])

    async def _ask(self, accounts: Sequence[str]) -> None:
        token = new_token()
        self.asked[token] = frozenset(accounts)
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
        events = self.person.timeline.events
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
