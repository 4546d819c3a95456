"""What Luna finds again in far more talk than fits: evidence recall of her prompts, no model asked.

    python -m bench.recall --dataset FILE.jsonl --budget 1024 --out OUT.jsonl
    python -m bench.recall … --one-room --messages 100000       # one long room, for the timing
    python -m bench.recall … --half even       # every other conversation: weights are chosen here
    python -m bench.recall … --half odd        # and reported on the ones between, too

FILE has a conversation a line: ``{"id", "messages": [{"id", "sender", "ts" (ms), "text"}],
"questions": [{"text", "sender", "ts", "evidence": [message ids]}]}``. Each question is taken for
the newest message of its room; archive, retrieval and builder are the real ones. OUT gets one line
a question: ``{"id", "chosen": [ids of the messages whose text is in the prompt], "tokens", "ms"}``.
"""

import argparse
import asyncio
import gc
import json
import re
import statistics
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, RoomId, UserId
from lunabot.memory.archive import Archive
from lunabot.memory.retrieval.embedding import WordLlama
from lunabot.memory.retrieval.retriever import Retriever, Scope, enough
from lunabot.prompt.builder import Prompt, build, compose
from lunabot.prompt.material import Material
from lunabot.prompt.shares import Limits, Shares
from lunabot.prompt.tokens import Tokenizer

LUNA = UserId("@luna:localhost")
ASSISTANTS = {"assistant", "bot", "luna"}
RECENT_MESSAGES = 8
RECENT_SHARE = 0.15
HALVES = {"all": slice(None), "even": slice(0, None, 2), "odd": slice(1, None, 2)}


@dataclass(frozen=True, slots=True)
class Question:
    """A question and the messages that answer it."""

    id: str
    message: Message
    evidence: frozenset[EventId]


@dataclass(frozen=True, slots=True)
class Room:
    """A conversation: who takes part, what was said, oldest first, and what is asked."""

    names: dict[UserId, str]
    messages: tuple[Message, ...]
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome of a question: `chosen` are the messages whose whole text is in the prompt."""

    id: str
    chosen: tuple[EventId, ...]
    tokens: int
    ms: float

    def line(self) -> str:
        """Return it as it is written out, with the data's ids."""
        return json.dumps({**asdict(self), "chosen": [id_in_data(each) for each in self.chosen]})


def read_rooms(lines: Iterable[str]) -> list[Room]:
    """Return the conversations of a data set, each as a room."""
    return [
        _room(json.loads(line), f"!room{number}:localhost") for number, line in enumerate(lines)
    ]


def one_room(rooms: Sequence[Room]) -> list[Room]:
    """Return one room in which all conversations happen, interleaved by date."""
    room_id = RoomId("!all:localhost")
    said = (replace(message, room_id=room_id) for room in rooms for message in room.messages)
    asked = (
        replace(question, message=replace(question.message, room_id=room_id))
        for room in rooms
        for question in room.questions
    )
    names = {user: name for room in rooms for user, name in room.names.items()}
    in_time = sorted(said, key=lambda message: message.timestamp)
    return [Room(names, tuple(in_time), tuple(asked))]


def lengthened(rooms: Sequence[Room], messages: int) -> list[Room]:
    """Return the rooms with so many messages in all: what was said is said before that, too."""
    times = 1 + messages // sum(len(room.messages) for room in rooms)
    return [replace(room, messages=tuple(_repeated(room.messages, times))) for room in rooms]


class Asker:
    """Asks the questions of rooms whose messages are in an archive."""

    def __init__(
        self, archive: Archive, retriever: Retriever, tokenizer: Tokenizer, limits: Limits
    ) -> None:
        self._archive = archive
        self._retriever = retriever
        self._tokenizer = tokenizer
        self._limits = limits

    async def ask(self, room: Room, question: Question) -> Answer:
        """Build the prompt for a question and tell what is in it."""
        started = time.perf_counter()
        prompt = await self._prompt(room, question.message)
        ms = 1_000 * (time.perf_counter() - started)
        chosen = tuple(each for each in prompt.chosen if each != question.message.event_id)
        return Answer(question.id, chosen, prompt.tokens, round(ms, 2))

    async def _prompt(self, room: Room, asked: Message) -> Prompt:
        recent = await self._archive.recent(asked.room_id, RECENT_MESSAGES, asked.timestamp)
        scope = Scope(
            rooms=(asked.room_id,),
            before=asked.timestamp,
            exclude=frozenset(),
            saw=lambda message: True,
            me=LUNA,
            own=frozenset({LUNA}),
        )
        limit = enough(self._limits.budget_tokens)
        found = await self._retriever.search(asked, recent, scope, room.names, limit)
        material = Material("", (*recent, asked), LUNA, room.names, retrieved=found)
        return await compose(
            self._tokenizer, lambda counter: build(material, self._limits, counter=counter)
        )


async def longest_hold(stop: asyncio.Event) -> tuple[float, float]:
    """Return for how many milliseconds the event loop was held at most until `stop`.

    The second figure is for how long at most while this process was at work, whichever thread of
    it: on a busy machine a thread that holds Python's lock may wait for a processor itself.
    """
    longest = longest_work = 0.0
    while not stop.is_set():
        before, worked = time.perf_counter(), time.process_time()
        await asyncio.sleep(0.001)
        held = time.perf_counter() - before - 0.001
        longest = max(longest, held)
        longest_work = max(longest_work, min(held, time.process_time() - worked))
    return 1_000 * longest, 1_000 * longest_work


def report(rooms: Sequence[Room], answers: Sequence[Answer]) -> str:
    """Return what the answers come to, for the screen."""
    questions = [question for room in rooms for question in room.questions]
    pairs = [
        (q, frozenset(a.chosen)) for q, a in zip(questions, answers, strict=True) if q.evidence
    ]
    shares = [len(q.evidence & chosen) / len(q.evidence) for q, chosen in pairs]
    tokens = [answer.tokens for answer in answers]
    times = sorted(answer.ms for answer in answers)
    return (
        f"{len(pairs)} questions: evidence recall {statistics.mean(shares):.3f}, all of it for "
        f"{sum(share == 1 for share in shares) / len(shares):.1%}\n"
        f"tokens: mean {statistics.mean(tokens):.0f}, max {max(tokens)}\n"
        f"ms: p50 {times[len(times) // 2]:.1f}, p95 {times[len(times) * 95 // 100]:.1f}"
    )


def id_in_data(event_id: EventId) -> str:
    """Return the data's id of a message; a repetition has one of its own."""
    return event_id.removeprefix("$").partition("|")[2]


def resident_mb() -> float:
    """Return the memory this process occupies now, from Linux' proc(5)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


async def run(arguments: argparse.Namespace) -> None:
    """Take the messages in, ask all questions, write and print what came of it."""
    with arguments.dataset.open(encoding="utf-8") as lines:
        rooms = read_rooms(lines)[HALVES[arguments.half]]
    if arguments.messages:
        rooms = lengthened(rooms, arguments.messages)
    if arguments.one_room:
        rooms = one_room(rooms)
    tokenizer = Tokenizer("gpt-4o")
    await tokenizer.load()
    gc.collect()
    gc.freeze()  # the data is the benchmark's, not a burden of Luna's
    with tempfile.TemporaryDirectory() as folder:
        archive = await Archive.open(Path(folder, "archive.db"))
        memory, stop = resident_mb(), asyncio.Event()
        holds = asyncio.create_task(longest_hold(stop))
        retriever = Retriever(archive, WordLlama() if arguments.embedder == "wordllama" else None)
        await _take_in(archive, rooms)
        await retriever.catch_up()
        limits = Limits(arguments.budget, 0, Shares(recent=arguments.recent_share))
        asker = Asker(archive, retriever, tokenizer, limits)
        answers = [await asker.ask(room, question) for room in rooms for question in room.questions]
        stop.set()
        held, work = await holds
        print(report(rooms, answers))
        print(f"memory: {resident_mb() - memory:.0f} MB more")
        print(f"loop held {held:.1f} ms at most, {work:.1f} ms by work of this process")
        await archive.close()
    with arguments.out.open("w", encoding="utf-8") as out:
        out.writelines(answer.line() + "\n" for answer in answers)


async def _take_in(archive: Archive, rooms: Sequence[Room]) -> None:
    count, started = 0, time.perf_counter()
    for room in rooms:
        count += await archive.record_history(room.messages)
    rate = count / (time.perf_counter() - started)
    print(f"{count} messages taken in, {rate:.0f} a second")


def _room(data: dict[str, Any], room_id: str) -> Room:
    senders = [each["sender"] for each in (*data["messages"], *data["questions"])]
    users = {sender: _user(sender) for sender in senders}

    def message(event_id: str, each: dict[str, Any]) -> Message:
        sender = users[each["sender"]]
        return Message(EventId(event_id), RoomId(room_id), sender, int(each["ts"]), each["text"])

    said = [message(f"${data['id']}|{each['id']}", each) for each in data["messages"]]
    questions = [
        Question(
            str(each.get("id", f"{data['id']}:{number}")),
            message(f"$question|{data['id']}|{number}", each),
            frozenset(EventId(f"${data['id']}|{answering}") for answering in each["evidence"]),
        )
        for number, each in enumerate(data["questions"])
    ]
    names = {user: sender for sender, user in users.items()}
    in_time = sorted(said, key=lambda each: each.timestamp)
    return Room(names, tuple(in_time), tuple(questions))


def _user(sender: str) -> UserId:
    if sender.lower() in ASSISTANTS:
        return LUNA
    if not sender.isascii():  # an account has an ASCII name; people keep being different ones
        return UserId(f"@u{sender.encode().hex()}:localhost")
    return UserId(f"@{re.sub(r'[^a-z0-9]+', '_', sender.lower())}:localhost")


def _repeated(messages: Sequence[Message], times: int) -> Iterable[Message]:
    span = messages[-1].timestamp - messages[0].timestamp + 86_400_000
    for number in reversed(range(times)):
        for message in messages:
            event_id = EventId(f"{message.event_id}~{number}") if number else message.event_id
            yield replace(message, event_id=event_id, timestamp=message.timestamp - number * span)


def main() -> None:
    parser = argparse.ArgumentParser(description="What is found again of a long conversation.")
    parser.add_argument("--dataset", type=Path, required=True)
    parser.add_argument("--budget", type=int, required=True, help="tokens of a prompt")
    parser.add_argument("--recent-share", type=float, default=RECENT_SHARE)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--embedder", choices=("none", "wordllama"), default="none")
    parser.add_argument("--half", choices=HALVES, default="all", help="of the conversations")
    parser.add_argument("--one-room", action="store_true", help="all conversations in one room")
    parser.add_argument("--messages", type=int, default=0, help="repeat the data to so many")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
