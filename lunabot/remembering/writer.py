"""Having a model write: one text at a time, while nobody waits for an answer."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from lunabot.config import ContextSettings, Settings
from lunabot.dispatch.queue import RoomQueues
from lunabot.errors import WorldError
from lunabot.llm.completion import Completion
from lunabot.llm.source import Model
from lunabot.llm.turns import ChatTurn
from lunabot.matrix.ids import RoomId, UserId
from lunabot.memory import usage
from lunabot.memory.archive import Archive
from lunabot.memory.usage import Usage
from lunabot.prompt.tokens import Counter, Tokenizer, cut
from lunabot.remembering.instructions import Task
from lunabot.remembering.reading import check
from lunabot.remembering.segments import about_tokens

_PASS = 6_000  # tokens of material in one request: more of it is read less well
_FRAME = 60  # tokens: what stands around the material, and the overhead of two turns
_LEAST = 100  # tokens of material
_LOOK_S = 0.1


class Enough(WorldError):
    """The tokens that summing up may cost a day are spent."""


class _Disturbed(Exception):
    """Somebody waits for an answer, and there is no place at the model besides."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Asks the model for texts, as `me`, by whose account the tokens are noted.

    `limits` gives the tokens that the model bears, `places` how many calls it bears at once.
    """

    me: UserId
    archive: Archive
    queues: RoomQueues
    tokenizer: Tokenizer
    model: Callable[[], Model]
    settings: Callable[[], Settings]
    limits: Callable[[], ContextSettings]
    places: Callable[[], int]
    now: Callable[[], int]
    _one: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def write(self, task: Task) -> str:
        """Return what the model writes, in as many passes as its lines take.

        Raises `Unusable` where it wrote nothing that can be kept, `Enough` when the day's tokens
        are spent, and `ModelError` or another `WorldError` where the world failed.
        """
        async with self._one:
            limit = min(task.limit, self.limits().reply_tokens)
            previous, rest = task.previous, list(task.lines)
            answers: list[str] = []
            while rest or not answers:
                lines, rest = await asyncio.to_thread(self._pass, task, previous, rest, limit)
                answers.append(await self._ask(task, task.turns(limit, previous, lines), limit))
                previous = answers[-1] if task.growing else previous
            return answers[-1] if task.growing else "\n".join(answers)

    async def spent_today(self) -> int:
        """Return the tokens that summing up has cost since midnight UTC."""
        now = datetime.fromtimestamp(self.now() / 1000, UTC)
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        since = int(midnight.timestamp() * 1000)
        return await self.archive.search(usage.unasked_tokens_since, self.me, since)

    def _pass(
        self, task: Task, previous: str, lines: list[str], limit: int
    ) -> tuple[list[str], list[str]]:
        """Return the lines that go into one request, and those that are left. Takes its time."""
        budget, counter = self.limits(), self.tokenizer
        taken = sum(map(counter.count, (task.system(limit), previous)))
        room = min(budget.budget_tokens - budget.reply_tokens - taken - _FRAME, _PASS)
        if room < _LEAST:
            raise WorldError("context.budget_tokens leaves too little room to sum up: raise it")
        fitting = _fitting(lines, room, counter)
        return fitting, lines[len(fitting) :]

    async def _ask(self, task: Task, turns: Sequence[ChatTurn], limit: int) -> str:
        while True:
            try:
                completion = await self._undisturbed(task.room_id, turns, limit)
                return check(completion.text, turns[0].content, limit, completion.finish_reason)
            except _Disturbed:
                continue

    async def _undisturbed(
        self, room_id: RoomId, turns: Sequence[ChatTurn], limit: int
    ) -> Completion:
        """Return the model's answer, asked for while nobody waits for one.

        Raises `_Disturbed` when somebody does before it is there, and the model has no other place.
        """
        while self.queues.busy_rooms:
            await asyncio.shield(self.queues.drained())  # who waits here must not end the answers
        asked = sum(about_tokens(turn.content) for turn in turns)
        await self._afford(asked + limit)
        settings, model = self.settings(), self.model()
        name = settings.llm.summary_model if settings.llm.is_configured else ""
        call = asyncio.ensure_future(model.complete(turns, model=name or None))
        try:
            while not (await asyncio.wait([call], timeout=_LOOK_S))[0]:
                if self.queues.busy_rooms >= self.places():
                    await self._record(room_id, name or model.model, asked, 0)
                    raise _Disturbed
        finally:
            call.cancel()
            await asyncio.wait([call])
        completion = call.result()
        written = completion.completion_tokens or about_tokens(completion.text)
        read = completion.prompt_tokens or asked
        await self._record(room_id, completion.model, read, written)
        return completion

    async def _afford(self, tokens: int) -> None:
        most, spent = self.settings().memory.daily_tokens, await self.spent_today()
        if spent + tokens > most:
            raise Enough(
                f"summing up has cost {spent:,} of the {most:,} tokens it may cost a day: it goes "
                "on tomorrow (UTC), or when memory.daily_tokens is raised"
            )

    async def _record(self, room_id: RoomId, model: str, read: int, written: int) -> None:
        await self.archive.record_usage(
            Usage(self.now(), room_id, self.me, self.me, model, read, written)
        )


def _fitting(lines: Sequence[str], room: int, counter: Counter) -> list[str]:
    """Return the first lines that fit; one that is longer than half of the room is cut."""
    found: list[str] = []
    left = room
    for line in lines:
        short = cut(line, room // 2, counter)
        left -= counter.count(short) + 1
        if found and left < 0:
            break
        found.append(short)
    return found
