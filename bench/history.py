"""Whether fetching a long history disturbs answering: ``python -m bench.history``.

    python -m bench.history --made 100000       # the pages are made up by a proxy before Synapse
    python -m bench.history --sent 20000        # the messages are really in Synapse

People talk to a Luna, each in a direct room, before she fetches the history of another room and
while she does. How long her event loop is held is measured within her, by a skill of this
benchmark: the lateness of a timer that is due every 2 ms. While many events are sent to it, or read
from it, Synapse is busy, too, and what it takes counts in the times of the answers.
"""

import argparse
import asyncio
import json
import random
import re
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web

from bench.latency import Bot, Stage
from tests.e2e.administrator import Administrator
from tests.e2e.faults import Forward
from tests.e2e.house import House, Household
from tests.e2e.luna import LunaProcess
from tests.e2e.person import Person
from tests.e2e.proxy import FaultyProxy

PATIENCE_S = 3600.0
SENDERS = 8
PEOPLE, MESSAGES = 3, 20
HEADER = "            answers  median ms   p95 ms   max ms  lost   loop p99 ms   max ms  over 20 ms"
SKILL = '''\
import asyncio
import json

from lunabot.admin.call import Call
from lunabot.admin.skill import skill


@skill("lateness")
async def lateness(call: Call, seconds: float) -> str:
    """Measure by how many milliseconds a timer is late that is due every 2 ms.

    seconds: for how long
    """
    loop = asyncio.get_running_loop()
    end, late = loop.time() + seconds, []
    while (due := loop.time() + 0.002) < end:
        await asyncio.sleep(0.002)
        late.append(1000 * (loop.time() - due))
    late.sort()
    over = sum(each > 20 for each in late)
    return json.dumps({"p99": late[len(late) * 99 // 100], "longest": late[-1], "over": over})
'''


@dataclass(frozen=True, slots=True)
class Past:
    """A history that was never sent: the pages of one room, as a homeserver gives them."""

    room: str
    sender: str
    messages: int

    async def page(self, request: web.Request, forward: Forward) -> web.Response:
        """Answer a request for a page of the room's timeline; who asks what is new asks Synapse."""
        if "to" in request.query:
            return await forward()
        found = re.fullmatch(r"t(\d+)-0", request.query["from"])
        last = int(found[1]) if found else self.messages
        first = max(0, last - int(request.query["limit"]))
        events = [self._event(number) for number in range(last - 1, first - 1, -1)]
        more = {"end": f"t{first}-0"} if first else {}
        return web.json_response({"start": "", "chunk": events, **more})

    def _event(self, number: int) -> dict[str, Any]:
        return {
            "event_id": f"$made-{number}",
            "type": "m.room.message",
            "room_id": self.room,
            "sender": self.sender,
            "origin_server_ts": int(time.time() * 1000) - (self.messages - number + 60) * 60_000,
            "content": {"msgtype": "m.text", "body": words(number)},
        }


def words(number: int) -> str:
    """Return what the message of a number says: some 25 words out of 2,000."""
    source = random.Random(number)
    return " ".join(f"word{source.randrange(2000)}" for _ in range(source.randrange(5, 45)))


async def send(person: Person, room: str, messages: int) -> None:
    """Really send a history, several messages at a time."""
    numbers = iter(range(messages))

    async def work() -> None:
        for number in numbers:
            await person.send(room, words(number))

    await asyncio.gather(*(work() for _ in range(SENDERS)))


async def row(stage: Stage, bot: Bot, admin: Administrator, name: str, seconds: float) -> str:
    """Let people talk to her while her loop is watched so long; return a line of the table."""
    watching = await admin.say(f"/lateness {seconds}")
    load = await stage.load(bot, PEOPLE, MESSAGES)
    held = json.loads((await admin.result(watching, PATIENCE_S)).text)
    return (
        f"{name:12}{load.sent:7} {load.median_ms:10.1f} {load.p95_ms:8.1f} {load.longest_ms:8.1f}"
        f" {load.lost:5} {held['p99']:13.1f} {held['longest']:8.1f} {held['over']:11}"
    )


async def measure(stage: Stage, household: Household, room: str) -> None:
    """Print the figures as they come: at rest again in the end, for machines have moods."""
    luna, admin = household
    bot = Bot("luna", luna.user_id, luna.process.pid)
    warm = await stage.load(bot, PEOPLE, MESSAGES)
    measured = partial(row, stage, bot, admin, seconds=warm.sent / warm.replies_per_s)
    print(HEADER, flush=True)
    print(await measured("at rest"), flush=True)
    start = time.monotonic()
    fetching = asyncio.create_task(admin.command(f"/fetch_all {room}", PATIENCE_S))
    while not fetching.done():
        line = await measured("fetching")
        if not fetching.done():
            print(line, flush=True)
    print(f"{(await fetching).text} In all it took {time.monotonic() - start:.0f} s.", flush=True)
    print(await measured("at rest"), flush=True)


@asynccontextmanager
async def at_work(stage: Stage, folder: Path, url: str) -> AsyncIterator[Household]:
    """Run a Luna who knows the skill of this benchmark; `url` is her homeserver's."""
    model_url = await stage.start_model(0)
    async with House(stage.server, folder / "house", model_url) as house:
        person = await house.person("admin")
        luna = house.luna(
            person,
            homeserver_url=url,
            sections={"loops": {"inhuman_seconds": 0}},  # the people here are no slower than bots
            forked=False,
        )
        _add_skill(luna)
        yield await house.start(luna, person)


def _add_skill(luna: LunaProcess) -> None:
    skills = luna.folder / "bench-skills"
    skills.mkdir()
    (skills / "lateness.py").write_text(SKILL)
    luna.configuration["skills"].append(str(skills))


async def run(made: int, sent: int) -> None:
    """Make the server, the model, Luna and a room with a past, and measure."""
    with tempfile.TemporaryDirectory() as name:
        async with Stage(Path(name)) as stage:
            await stage.start_server()
            async with (
                FaultyProxy(stage.server.url) as proxy,
                at_work(stage, Path(name), proxy.url) as household,
            ):
                person = household.admin.person
                room = await person.create_room()
                await send(person, room, sent)
                past = Past(room, person.user_id, made)
                if made:
                    pages = f"{re.escape(room[1:18])}.*/messages"
                    stage.enter_context(proxy.fault(pages, past.page))
                await person.invite(room, household.luna.user_id)
                print(f"A room with {made or sent:,} messages, {'made up' if made else 'sent'}")
                await measure(stage, household, room)


def main() -> None:
    parser = argparse.ArgumentParser(description="Answering while a long history is fetched.")
    parser.add_argument("--made", type=int, default=0, help="messages that a proxy makes up")
    parser.add_argument("--sent", type=int, default=0, help="messages that are sent to Synapse")
    options = parser.parse_args()
    asyncio.run(run(options.made if options.sent or options.made else 100_000, options.sent))


if __name__ == "__main__":
    main()
