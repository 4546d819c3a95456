"""Having a model write: one text at a time, while nobody waits for an answer."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
class _Request:
    """What is sent to the model, the tokens it takes, and those that the text may take."""

    room_id: RoomId
    turns: Sequence[ChatTurn]
    tokens: int
    limit: int


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

    async def write(self, task: Task) -> str:
        """Return what the model writes, in as many passes as its lines take.

        Raises `Unusable` where it wrote nothing that can be kept, `Enough` when the day's tokens
        are spent, and `ModelError` or another `WorldError` where the world failed.
        """
        previous, rest = task.previous, list(task.lines)
        answers: list[str] = []
        while rest or not answers:
            request, rest = await asyncio.to_thread(self._request, task, previous, rest)
            answers.append(await self._ask(request))
            previous = answers[-1] if task.growing else previous
        return answers[-1] if task.growing else "\n".join(answers)

    async def spent_today(self) -> int:
        """Return the tokens that summing up has cost since midnight UTC."""
        now = datetime.fromtimestamp(self.now() / 1000, UTC)
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        since = int(midnight.timestamp() * 1000)
        return await self.archive.search(usage.unasked_tokens_since, self.me, since)

    def _request(self, task: Task, previous: str, lines: list[str]) -> tuple[_Request, list[str]]:
        """Return the request with as many lines as it takes, and those left. Takes its time."""
        limits, counter = self.limits(), self.tokenizer
        limit = min(task.limit, limits.reply_tokens)
        frame = sum(map(counter.count, (task.system(limit), task.given, previous))) + _FRAME
        room = min(limits.budget_tokens - limits.reply_tokens - frame, _PASS)
        if room < _LEAST:
            raise WorldError("context.budget_tokens leaves too little room to sum up: raise it")
        fitting = _fitting(lines, room, counter)
        turns = task.turns(limit, previous, fitting)
        tokens = frame + sum(counter.count(line) + 1 for line in fitting)
        return _Request(task.room_id, turns, tokens, limit), lines[len(fitting) :]

    async def _ask(self, request: _Request) -> str:
        while True:
            try:
                completion = await self._undisturbed(request)
            except _Disturbed:
                continue
            rules, reason = request.turns[0].content, completion.finish_reason
            return check(completion.text, rules, request.limit, reason)

    async def _undisturbed(self, request: _Request) -> Completion:
        """Return the model's answer, asked for while nobody waits for one.

        Raises `_Disturbed` when somebody does before it is there, and the model has no other place.
        """
        while self.queues.busy_rooms:
            await asyncio.shield(self.queues.drained())  # who waits here must not end the answers
        await self._afford(request.tokens + self.limits().reply_tokens)
        settings, model = self.settings(), self.model()
        name = settings.llm.summary_model if settings.llm.is_configured else ""
        call = asyncio.ensure_future(model.complete(request.turns, model=name or None))
        try:
            while not (await asyncio.wait([call], timeout=_LOOK_S))[0]:
                if self.queues.busy_rooms >= self.places():
                    await self._record(request, name or model.model, request.tokens, 0)
                    raise _Disturbed
        finally:
            call.cancel()
            await asyncio.wait([call])
        completion = call.result()
        written = completion.completion_tokens or about_tokens(completion.text)
        read = completion.prompt_tokens or request.tokens
        await self._record(request, completion.model, read, written)
        return completion

    async def _afford(self, tokens: int) -> None:
        most, spent = self.settings().memory.daily_tokens, await self.spent_today()
        if spent + tokens > most:
            raise Enough(
                f"summing up has cost {spent:,} of the {most:,} tokens it may cost a day: it goes "
                "on tomorrow (UTC), or when memory.daily_tokens is raised"
            )

    async def _record(self, request: _Request, model: str, read: int, written: int) -> None:
        await self.archive.record_usage(
            Usage(self.now(), request.room_id, self.me, self.me, model, read, written)
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
