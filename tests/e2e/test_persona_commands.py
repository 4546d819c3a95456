"""Living with personas, by command: see them, shape them, copy them, keep them in a file."""

import base64
import json
from typing import Any

from nio.crypto.attachments import encrypt_attachment

from tests.e2e.administrator import Administrator
from tests.e2e.house import House
from tests.e2e.luna import LunaProcess
from tests.e2e.person import Person
from tests.e2e.session import CLIENT, unique
from tests.e2e.timeline import Event, Predicate, membership
from tests.fake_model import FakeModel

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGD4DwABBAEAX+XDSwAAAABJRU5ErkJggg=="
)


async def spawn(admin: Administrator, word: str, rest: str) -> tuple[str, str]:
    """Summon a persona; return its name and user id."""
    name = unique(word)
    spawned = await admin.command(f"/spawn {name} {rest}")
    assert spawned.mark == "✅", spawned.text
    return name, f"@{name}:localhost"


async def profile(person: Person, user_id: str) -> dict[str, Any]:
    return await person.session.call("GET", f"{CLIENT}/profile/{user_id}")


async def send_file(
    admin: Administrator, name: str, data: bytes, mimetype: str, msgtype: str
) -> str:
    """Send a file to the admin room, in the clear; return the event's id."""
    uri = await admin.person.session.upload(data, mimetype)
    info = {"mimetype": mimetype, "size": len(data)}
    return await admin.person.send(admin.room, name, msgtype=msgtype, url=uri, info=info)


def file_named(name: str) -> Predicate:
    def matches(event: Event) -> bool:
        content = event.get("content", {})
        return (content.get("msgtype"), content.get("body")) == ("m.file", name)

    return matches


async def test_a_persona_is_listed_shown_and_changed(
    admin: Administrator, alice: Person, model: FakeModel
) -> None:
    name, user_id = await spawn(admin, "scout", "--traits o=90 You know trails.")
    room = await alice.direct(user_id)
    await alice.send(room, "Which way?")
    await alice.wait_for_message(room, user_id, "Which way?")

    listed = await admin.command(f"/personas {name}")
    assert "Which way?" in listed.text
    assert " 0 tokens" not in listed.text
    assert "⚠️" not in listed.text
    shown = await admin.command(f"/persona {name}")
    assert "You know trails." in shown.text
    assert "openness=90" in shown.text

    done = await admin.command(
        f'/persona {name} --set name="Old Scout" traits=o=10,humour=dry prompt=You know maps.'
    )
    assert done.mark == "✅", done.text
    assert (await profile(alice, user_id))["displayname"] == "Old Scout"
    await alice.send(room, "And now?")
    await alice.wait_for_message(room, user_id, "And now?")
    prompt = model.requests[-1].system
    assert "Your name is Old Scout." in prompt
    assert "You know maps." in prompt
    assert "tried and proven" in prompt
    assert "humour: dry" in prompt

    renamed = await admin.command(f"/persona {name} --rename Young Scout")
    assert renamed.mark == "✅", renamed.text
    assert (await profile(alice, user_id))["displayname"] == "Young Scout"
    wrong = await admin.command(f"/persona {name} --set colour=red")
    assert (wrong.mark, "What can be set" in wrong.text) == ("❌", True)
    nobody = await admin.command(f"/persona {name[:-1]}")
    assert (nobody.mark, name in nobody.text) == ("❌", True)


async def test_a_copy_is_another_of_the_same(
    admin: Administrator, alice: Person, model: FakeModel
) -> None:
    name, _ = await spawn(admin, "scout", "--traits humour=dry You know trails.")
    copy = unique("ranger")
    copied = await admin.command(f'/persona {name} --copy {copy} name="The Ranger"')
    assert copied.mark == "✅", copied.text
    room = await alice.direct(f"@{copy}:localhost")
    await alice.send(room, "Who are you?")
    await alice.wait_for_message(room, f"@{copy}:localhost", "Who are you?")
    for part in ("Your name is The Ranger.", "You know trails.", "humour: dry"):
        assert part in model.requests[-1].system
    again = await admin.command(f"/persona {name} --copy {copy}")
    assert again.mark == "❌"


async def test_an_avatar_comes_from_an_image(admin: Administrator, alice: Person) -> None:
    name, user_id = await spawn(admin, "scout", "You know trails.")
    image = await send_file(admin, "scout.png", PIXEL, "image/png", "m.image")
    done = await admin.result(
        await admin.person.reply(admin.room, image, f"/persona {name} --set avatar")
    )
    assert done.mark == "✅", done.text
    assert await alice.session.download(str((await profile(alice, user_id))["avatar_url"])) == PIXEL
    alone = await admin.command(f"/persona {name} --avatar")
    assert (alone.mark, "as a reply" in alone.text) == ("❌", True)
    text = await send_file(admin, "scout.txt", b"text", "text/plain", "m.file")
    wrong = await admin.result(
        await admin.person.reply(admin.room, text, f"/persona {name} --avatar")
    )
    assert (wrong.mark, "no image" in wrong.text) == ("❌", True)


async def test_an_avatar_comes_encrypted(house: House, alice: Person) -> None:
    _, admin = await house.household(encrypted=True)
    name, user_id = await spawn(admin, "scout", "You know trails.")
    ciphertext, keys = encrypt_attachment(PIXEL)
    uri = await admin.person.session.upload(ciphertext, "application/octet-stream")
    file = {**keys, "url": uri}
    info = {"mimetype": "image/png", "size": len(PIXEL)}
    image = await admin.person.send(admin.room, "me.png", msgtype="m.image", file=file, info=info)
    done = await admin.result(
        await admin.person.reply(admin.room, image, f"/persona {name} --set avatar")
    )
    assert done.mark == "✅", done.text
    assert await alice.session.download((await profile(alice, user_id))["avatar_url"]) == PIXEL


async def test_personas_go_to_a_file_and_come_back(
    admin: Administrator, luna: LunaProcess, alice: Person
) -> None:
    _, user_id = await spawn(admin, "scout", "You know trails.")
    exported = await admin.command("/persona --export")
    assert exported.mark == "✅", exported.text
    sent = await admin.person.wait_for(admin.room, file_named("personalities.json"))
    documents = json.loads(await admin.person.session.download(sent["content"]["url"]))
    assert documents[user_id]["system_prompt"] == "You know trails."

    room = await alice.create_room(invite=[luna.user_id])
    newcomer, broken = unique("baker"), unique("smith")
    wanted = {
        user_id: {**documents[user_id], "displayname": "Old Scout"},
        newcomer: {"system_prompt": "You bake.", "rooms": ["!nowhere:localhost"], "age": 7},
        broken: {"system_prompt": 5},
    }
    file = await send_file(
        admin, "edited.json", json.dumps(wanted).encode(), "application/json", "m.file"
    )
    imported = await admin.result(
        await admin.person.reply(admin.room, file, "/persona --import"), timeout_s=30
    )
    assert imported.mark == "❌"  # one was refused, and the others are there all the same
    assert "1 new, 1 changed, 0 unchanged, 1 refused" in imported.text
    assert "!nowhere:localhost" in imported.text
    assert broken in imported.text
    assert (await profile(alice, user_id))["displayname"] == "Old Scout"
    shown = await admin.command(f"/persona {newcomer}")
    assert "You bake." in shown.text
    assert "age" in shown.text
    await alice.leave(room)


async def test_a_persona_joins_and_leaves_at_once(
    admin: Administrator, luna: LunaProcess, alice: Person
) -> None:
    name, user_id = await spawn(admin, "scout", "You know trails.")
    made = await admin.command(f'/create_channel "{name} trails" --invite {alice.localpart}')
    assert made.mark == "✅", made.text
    room = await alice.accept_invitation(sender=luna.user_id)
    added = await admin.command(f"/add_participant {name}-trails {name}")
    assert added.mark == "✅", added.text
    assert user_id in await alice.joined_members(room)
    removed = await admin.command(f"/remove_participant {name}-trails {name}")
    assert removed.mark == "✅", removed.text
    assert user_id not in await alice.joined_members(room)
    question = await admin.question(await admin.say(f"/despawn {name}"))
    for part in (f"its place in {name.capitalize()}", "its account", "What it said stays"):
        assert part in question["content"]["body"]
    twice = await admin.command(f"/remove_participant {name}-trails {name}")
    assert "is not in" in twice.text
    removed = await admin.command(f"/remove_participant {name}-trails {alice.localpart}")
    assert removed.mark == "✅", removed.text
    await alice.wait_for(room, membership(alice.user_id, "leave"))
