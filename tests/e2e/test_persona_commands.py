"""Living with personas, by command: see them, shape them, copy them, keep them in a file."""

from tests.e2e.administrator import Administrator
from tests.e2e.luna import LunaProcess
from tests.e2e.person import Person
from tests.e2e.session import CLIENT, unique
from tests.fake_model import FakeModel


async def spawn(admin: Administrator, word: str, rest: str) -> tuple[str, str]:
    """Summon a persona; return its name and user id."""
    name = unique(word)
    spawned = await admin.command(f"/spawn {name} {rest}")
    assert spawned.mark == "✅", spawned.text
    return name, f"@{name}:localhost"


async def displayname(person: Person, user_id: str) -> str:
    return str((await person.session.call("GET", f"{CLIENT}/profile/{user_id}"))["displayname"])


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
    assert await displayname(alice, user_id) == "Old Scout"
    await alice.send(room, "And now?")
    await alice.wait_for_message(room, user_id, "And now?")
    prompt = model.requests[-1].system
    assert "Your name is Old Scout." in prompt
    assert "You know maps." in prompt
    assert "tried and proven" in prompt
    assert "humour: dry" in prompt

    renamed = await admin.command(f"/persona {name} --rename Young Scout")
    assert renamed.mark == "✅", renamed.text
    assert await displayname(alice, user_id) == "Young Scout"
    wrong = await admin.command(f"/persona {name} --set colour=red")
    assert (wrong.mark, "What can be set" in wrong.text) == ("❌", True)
    nobody = await admin.command(f"/persona {name[:-1]}")
    assert (nobody.mark, name in nobody.text) == ("❌", True)
