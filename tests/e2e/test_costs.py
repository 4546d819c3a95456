"""What a day may cost: the notice at the limit, silence after it, and the pictures of it all."""

from typing import Any

import pytest
from nio.crypto.attachments import decrypt_attachment

from tests.e2e.administrator import Administrator
from tests.e2e.luna import LunaProcess
from tests.e2e.person import Person
from tests.e2e.timeline import Event, message, notice
from tests.unit.llm.pictures import opened


@pytest.fixture(scope="module")
def luna_options() -> dict[str, Any]:
    """A person's first question is always answered, the second one never."""
    prices = {"fake": {"input": 1000, "output": 1000}}
    return {
        "encrypted": True,
        "sections": {"limits": {"person_tokens": 10}, "llm": {"prices": prices}},
    }


def is_image(event: Event) -> bool:
    return bool(event.get("content", {}).get("msgtype") == "m.image")


async def shown(admin: Administrator, name: str) -> tuple[int, int]:
    """Return the size of the newest picture in the encrypted admin room, as a client opens it."""
    person = admin.person

    def is_it(event: Event) -> bool:
        return is_image(event) and event["content"]["body"] == name

    content = (await person.wait_for(admin.room, is_it))["content"]
    file, info = content["file"], content["info"]
    data = await person.session.download(file["url"])
    assert len(data) == info["size"]
    picture = opened(
        decrypt_attachment(data, file["key"]["k"], file["hashes"]["sha256"], file["iv"])
    )
    assert picture.size == (info["w"], info["h"])
    return picture.size


async def test_at_the_limit_of_a_person_there_is_a_notice_and_then_silence(
    luna: LunaProcess, admin: Administrator, alice: Person, bob: Person
) -> None:
    room = await alice.direct(luna.user_id)
    await alice.send(room, "one")
    await alice.wait_for_message(room, luna.user_id, "one")
    await alice.send(room, "two")
    limited = notice(luna.user_id, "Today's limit for answers to one person is reached.")
    await alice.wait_for(room, limited)
    line = notice(luna.user_id, f"of the person `{alice.user_id}`")
    told = await admin.person.wait_for(admin.room, line)
    assert "limits.person_tokens" in told["content"]["body"]

    await alice.send(room, "three")
    others = await bob.direct(luna.user_id)
    await bob.send(others, "hello")
    await bob.wait_for_message(others, luna.user_id, "hello")

    luna.configure("limits", {"person_tokens": 1_000_000})
    luna.write_configuration()
    assert (await admin.command("/reload")).mark == "✅"
    await alice.send(room, "four")
    await alice.wait_for_message(room, luna.user_id, "four")
    heard = [event["content"]["body"] for event in alice.timeline.find(room, message(luna.user_id))]
    assert len(heard) == 3, heard
    assert len(admin.person.timeline.find(admin.room, line)) == 1


async def test_what_it_cost_is_drawn_and_told(
    luna: LunaProcess, admin: Administrator, alice: Person
) -> None:
    room = await alice.direct(luna.user_id)
    await alice.send(room, "how much?")
    await alice.wait_for_message(room, luna.user_id, "how much?")
    answer = await admin.command("/usage --by person")
    assert answer.mark == "✅", answer.text
    assert alice.localpart in answer.text
    assert "USD" in answer.text
    assert " % of 1,000,000 tokens" in answer.text
    assert (await shown(admin, "usage.png"))[0] <= 1_000
    for command, name in (("/health --plot", "health"), (f"/context {room} --plot", "context")):
        answer = await admin.command(command)
        assert answer.mark == "✅", answer.text
        assert (await shown(admin, f"{name}.png"))[0] <= 1_000
