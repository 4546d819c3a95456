"""What was said while she was away, and before she came: all is there, and nothing twice."""

import asyncio
import re

import pytest
from aiohttp import web

from tests.e2e.administrator import Administrator
from tests.e2e.faults import Forward, hold
from tests.e2e.house import House
from tests.e2e.luna import LunaProcess
from tests.e2e.person import Person
from tests.e2e.proxy import FaultyProxy
from tests.e2e.talk import group, said

AWAY = 130  # more than the 100 events a sync brings of a room
BEFORE = 300


async def write(person: Person, room: str, count: int, first: str = "") -> None:
    """Send so many messages, one after the other."""
    for number in range(count):
        await person.send(room, first if number == 0 and first else f"message {number}")


async def read_in(admin: Administrator, room: str) -> tuple[int, int]:
    """Return how many messages `fetch_all` did not know of a room, and how many it read."""
    result = await admin.command(f"/fetch_all {room}", timeout_s=60)
    assert result.mark == "✅", result
    told = r"(?:I knew all of it|([\d,]+) messages? I did not know)\. I read ([\d,]+) in"
    numbers = re.match(told, result.text)
    assert numbers, result.text
    new, read = (int(number.replace(",", "")) for number in numbers.groups(default="0"))
    return new, read


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "encrypted"])
async def test_what_was_said_while_she_was_away_is_there_and_answered(
    house: House, luna: LunaProcess, admin: Administrator, bob: Person, encrypted: bool
) -> None:
    alice = await house.person("alice", encrypted=encrypted)
    room = await group(alice, luna.user_id, bob)
    if encrypted:
        await alice.set_state(room, "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"})
    await alice.send(room, "luna: are you there?")
    await alice.wait_for_message(room, luna.user_id, "are you there")
    await luna.stop()
    await write(alice, room, AWAY, first="luna: can you still hear me?")
    await luna.start()
    await alice.wait_for_message(room, luna.user_id, "still hear me", timeout_s=30)
    found = await admin.command("!fetch_new", timeout_s=60)
    assert "I had missed nothing" in found.text
    assert await read_in(admin, room) == (0, AWAY + 3)
    assert len(said(alice, room, luna.user_id)) == 2


async def test_what_was_said_before_she_came_is_fetched_once_and_not_answered(
    luna: LunaProcess, admin: Administrator, alice: Person, bob: Person
) -> None:
    room = await group(alice, bob)
    await write(alice, room, BEFORE, first="luna: would you answer this?")
    await alice.invite(room, luna.user_id)
    await alice.send(room, "luna: welcome")
    await alice.wait_for_message(room, luna.user_id, "welcome", timeout_s=20)
    new, read = await read_in(admin, room)
    assert read == BEFORE + 2
    assert BEFORE - 100 <= new < BEFORE
    assert await read_in(admin, room) == (0, read)
    assert len(said(alice, room, luna.user_id)) == 1


async def test_killed_in_the_middle_she_goes_on(house: House, proxy: FaultyProxy) -> None:
    alice, bob = await house.person("alice"), await house.person("bob")
    room = await group(alice, bob)
    await write(alice, room, BEFORE)
    luna, admin = await house.start(house.luna(alice, homeserver_url=proxy.url), alice)
    await alice.invite(room, luna.user_id)
    await alice.send(room, "luna: welcome")
    await alice.wait_for_message(room, luna.user_id, "welcome", timeout_s=20)
    pages = f"{re.escape(room[1:18])}.*/messages"
    with proxy.fault(pages, hold(asyncio.Event())) as third, proxy.fault(pages, _served, times=2):
        command = await admin.say(f"/fetch_all {room}")
        await third.met()
        assert "read" in admin.replies(command)[0]
        await luna.kill()
    with proxy.fault(pages, _served) as going_on:
        await luna.start()
        await going_on.met(2)
    await read_in(admin, room)  # what is left of the first run
    assert await read_in(admin, room) == (0, BEFORE + 2)


async def _served(request: web.Request, forward: Forward) -> web.Response:
    return await forward()
