"""People who talk to a bot and time its replies, in a process of their own.

Each person has a direct room with the bot and sends one message after the other, each with a token
of its own; a message of the bot in that room that carries the token is the reply. It prints its
`Load` as JSON. Run by `bench.latency`; by hand: ``python -m bench.load --help``.
"""

import argparse
import asyncio
import collections
import json
import math
import os
import re
import statistics
import time
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.e2e.rooms import Rooms, room_path
from tests.e2e.session import CLIENT, Json, Session, unique
from tests.e2e.timeline import message
from tests.e2e.waiting import until
from tests.tokens import new_token, tokens_in

PATIENCE_S = 30.0
SETTLE_S = 1.0


@dataclass(frozen=True, slots=True)
class Load:
    """What a run showed: times from sending a message to seeing its reply, and the bot's costs."""

    people: int
    sent: int
    lost: int
    doubled: int
    replies_per_s: float
    median_ms: float
    p95_ms: float
    longest_ms: float
    cpu_ms_per_reply: float
    peak_memory_mb: float


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process has used since it started."""

    cpu_s: float
    peak_memory_mb: float


def usage(pid: int) -> Usage:
    """Return what a process has used, from Linux' proc(5)."""
    process = Path("/proc", str(pid))
    fields = (process / "stat").read_text().rpartition(")")[2].split()
    peak = re.search(r"VmHWM:\s+(\d+) kB", (process / "status").read_text())
    assert peak is not None
    ticks = int(fields[11]) + int(fields[12])  # utime and stime
    return Usage(ticks / os.sysconf("SC_CLK_TCK"), int(peak[1]) / 1024)


class Talker:
    """A person in a direct room with the bot."""

    def __init__(self, session: Session, bot: str) -> None:
        self._session = session
        self._rooms = Rooms(session)
        self._bot = bot
        self._room = ""
        self._since: dict[str, str] = {}

    async def arrive(self, secret: str) -> None:
        """Make an account and a direct room, and wait for the bot to join it."""
        await self._session.register(secret, unique("talker"))
        self._room = await self._rooms.create_room(
            preset="trusted_private_chat", is_direct=True, invite=[self._bot]
        )
        await until(self._bot_is_here, PATIENCE_S, f"{self._bot} in its room", pause_s=0.2)
        await self.sync(0)

    async def _bot_is_here(self) -> bool:
        return self._bot in await self._rooms.joined_members(self._room)

    async def sync(self, timeout_s: float) -> list[Json]:
        """Return what is new in the room, after at most `timeout_s`."""
        rooms = {"rooms": [self._room], "timeline": {"limit": 50}}
        answer = await self._session.call(
            "GET",
            f"{CLIENT}/sync",
            filter=json.dumps({"room": rooms, "presence": {"types": []}}),
            timeout=str(int(timeout_s * 1000)),
            **self._since,
        )
        self._since = {"since": answer["next_batch"]}
        part = answer.get("rooms", {}).get("join", {}).get(self._room, {})
        return list(part.get("timeline", {}).get("events", []))

    async def ask(self) -> float | None:
        """Send a message; return the seconds until its reply was seen, or None for a lost one."""
        token = new_token()
        is_reply = message(self._bot, token)
        start = time.monotonic()
        path = room_path(self._room, f"send/m.room.message/{uuid.uuid4().hex}")
        text = {"msgtype": "m.text", "body": f"hello there, what of {token}?"}
        await self._session.call("PUT", path, text)
        while (left := start + PATIENCE_S - time.monotonic()) > 0:
            if any(is_reply(event) for event in await self.sync(min(left, 10))):
                return time.monotonic() - start
        return None

    async def talk(self, messages: int) -> list[float | None]:
        """Send so many messages, one after the other."""
        return [await self.ask() for _ in range(messages)]

    async def doubled(self) -> int:
        """Return how many tokens the bot has repeated more than once."""
        is_reply = message(self._bot)
        counts = collections.Counter(
            token
            for event in await self._rooms.history(self._room)
            if is_reply(event)
            for token in tokens_in(event["content"]["body"])
        )
        return sum(count > 1 for count in counts.values())


async def measure(people: list[Talker], messages: int, pid: int) -> Load:
    """Let all people talk at once and return what came of it."""
    before, start = usage(pid), time.monotonic()
    answers = await asyncio.gather(*(person.talk(messages) for person in people))
    seconds, after = time.monotonic() - start, usage(pid)
    times = sorted(answer for one in answers for answer in one if answer is not None)
    sent = len(people) * messages
    return Load(
        people=len(people),
        sent=sent,
        lost=sent - len(times),
        doubled=sum([await person.doubled() for person in people]),
        replies_per_s=round(len(times) / seconds, 1),
        median_ms=round(1000 * statistics.median(times or [math.nan]), 1),
        p95_ms=round(1000 * times[math.ceil(0.95 * len(times)) - 1], 1) if times else math.nan,
        longest_ms=round(1000 * max(times, default=math.nan), 1),
        cpu_ms_per_reply=round(1000 * (after.cpu_s - before.cpu_s) / max(1, len(times)), 1),
        peak_memory_mb=round(after.peak_memory_mb, 1),
    )


async def run(url: str, secret: str, bot: str, pid: int, people: int, messages: int) -> Load:
    """Make the people, let the bot settle in their rooms, and measure."""
    sessions = [Session(url) for _ in range(people)]
    try:
        talkers = [Talker(session, bot) for session in sessions]
        for talker in talkers:
            await talker.arrive(secret)
        await asyncio.sleep(SETTLE_S)  # the bot's work on the joins is not a reply's cost
        for talker in talkers:
            await talker.sync(0)
        return await measure(talkers, messages, pid)
    finally:
        for session in sessions:
            await session.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="Load a bot with people and time its replies.")
    parser.add_argument("--url", required=True, help="the homeserver")
    parser.add_argument("--secret", required=True, help="its registration shared secret")
    parser.add_argument("--bot", required=True, help="the bot's user id")
    parser.add_argument("--pid", type=int, required=True, help="the bot's process")
    parser.add_argument("--people", type=int, default=1)
    parser.add_argument("--messages", type=int, default=20, help="each person's messages")
    print(json.dumps(asdict(asyncio.run(run(**vars(parser.parse_args()))))))


if __name__ == "__main__":
    main()
