"""The helpers themselves: what the other tests rely on is so."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import aiohttp
import pytest

from tests.e2e.faults import cut, hold, html, late_answer, lost_answer, refusal
from tests.e2e.homeserver import Homeserver, SynapseProcess
from tests.e2e.house import House
from tests.e2e.person import Person
from tests.e2e.process import ChildProcess, PythonProcess
from tests.e2e.proxy import FaultyProxy
from tests.e2e.timeline import membership, message, reaction_to, reply_to


async def test_people_talk_in_rooms_of_each_version(
    alice: Person, bob: Person, room_version: str
) -> None:
    room = await alice.create_room(invite=[bob.user_id], room_version=room_version)
    assert await bob.accept_invitation(sender=alice.user_id) == room
    assert (await alice.state(room, "m.room.create"))["room_version"] == room_version
    question = await alice.send(room, "ready?")
    await bob.wait_for_message(room, alice.user_id, "ready?")
    await bob.edit(room, await bob.reply(room, question, "no"), "yes")
    await bob.react(room, question, "✅")
    await alice.wait_for(room, reaction_to(question, "✅", sender=bob.user_id))
    answer = await alice.wait_for(room, reply_to(question, bob.user_id))
    assert alice.timeline.text_of(answer) == "yes"
    await alice.kick(room, bob.user_id)
    await bob.wait_for(room, membership(bob.user_id, "leave"))
    assert await alice.joined_members(room) == {alice.user_id}


async def test_what_encrypting_people_say_is_encrypted(house: House) -> None:
    carol = await house.person("carol", encrypted=True)
    dan = await house.person("dan", encrypted=True)
    room = await carol.create_room(invite=[dan.user_id], encrypted=True)
    await dan.accept_invitation(room)
    await carol.wait_for(room, membership(dan.user_id, "join"))
    await carol.send(room, "psst")
    assert (await dan.wait_for_message(room, carol.user_id, "psst"))["decrypted"]
    assert not any(message()(event) for event in await carol.history(room))


async def test_the_proxy_makes_faults(alice: Person, homeserver: Homeserver) -> None:
    room = await alice.create_room()
    async with FaultyProxy(homeserver.url) as proxy:
        distant = await Person.log_in(proxy.url, alice.localpart)
        with proxy.fault("/send/", lost_answer()), pytest.raises(aiohttp.ClientError):
            await distant.send(room, "arrived")
        with proxy.fault("/send/", cut()), pytest.raises(aiohttp.ClientError):
            await distant.send(room, "cut off")
        with proxy.fault("/send/", html()), pytest.raises(aiohttp.ContentTypeError):
            await distant.send(room, "gone astray")
        limit = refusal(429, "M_LIMIT_EXCEEDED", retry_after_ms=10)
        with proxy.fault("/send/", limit, method="PUT", times=2) as fault:
            await distant.send(room, "third time lucky")
        assert fault.hits == 2
        await distant.close()
    await alice.wait_for_message(room, alice.user_id, "third time lucky")
    bodies = [event["content"]["body"] for event in alice.timeline.find(room, message())]
    assert bodies == ["arrived", "third time lucky"]


async def test_the_proxy_holds_requests_and_answers(alice: Person, homeserver: Homeserver) -> None:
    room = await alice.create_room()
    async with FaultyProxy(homeserver.url) as proxy:
        distant = await Person.log_in(proxy.url, alice.localpart)
        release = asyncio.Event()
        with proxy.fault("/send/", late_answer(release)):
            sending = asyncio.create_task(distant.send(room, "answered late"))
            await alice.wait_for_message(room, alice.user_id, "answered late")
            assert not sending.done()
            release.set()
            await sending
        release.clear()
        with proxy.fault("/send/", hold(release)) as fault:
            sending = asyncio.create_task(distant.send(room, "held"))
            await fault.met()
            assert not alice.timeline.find(room, message(containing="held"))
            release.set()
            await sending
        await distant.close()


async def test_a_client_survives_the_loss_of_its_homeserver(
    own_homeserver: SynapseProcess,
) -> None:
    erin = await Person.register(own_homeserver, "erin")
    room = await erin.create_room()
    await own_homeserver.kill()
    await own_homeserver.start()
    await erin.send(room, "still here")
    await erin.wait_for_message(room, erin.user_id, "still here")
    await erin.close()


KINDS = pytest.mark.parametrize("kind", [ChildProcess, PythonProcess])


@KINDS
async def test_a_process_that_ends_early_says_why(kind: type[ChildProcess]) -> None:
    process = kind([sys.executable, "-c", "print('begun'); raise SystemExit('no fuel')"])
    await process.start()
    assert await process.wait_for_line("begun") == "begun"
    with pytest.raises(AssertionError, match=r"(?s)ended before.*no fuel"):
        await process.wait_for_line("done")
    assert await process.wait() == 1


@KINDS
async def test_a_process_is_what_it_was_started_as_until_it_is_killed(
    kind: type[ChildProcess], tmp_path: Path
) -> None:
    code = """if True:
        import os, signal, sys
        print(os.getcwd(), os.environ["WORD"], sys.argv, sys.stdin.read(), flush=True)
        signal.pause()
    """
    command = [sys.executable, "-c", code, "more"]
    process = kind(command, environment={"WORD": "moon"}, folder=tmp_path)
    for _ in range(2):
        began = len(process.output)
        await process.start()
        line = await process.wait_for_line("moon", after=began)
        assert line == f"{tmp_path} moon ['-c', 'more'] "
        assert os.getsid(process.pid) == process.pid
        assert await process.kill() == process.exit_status == -signal.SIGKILL
