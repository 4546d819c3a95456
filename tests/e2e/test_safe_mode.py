"""Whatever is broken about Luna herself: she lives, says what it is, and can be commanded."""

import pytest

from tests.e2e.administrator import Administrator
from tests.e2e.house import House
from tests.e2e.luna import LunaProcess
from tests.e2e.person import Person
from tests.e2e.proxy import FaultyProxy
from tests.e2e.timeline import message, notice, reply_to
from tests.fake_model import FakeModel

SKILL = '''\
from lunabot.admin.call import Call
from lunabot.admin.skill import skill


@skill("{verb}")
async def {verb}(call: Call) -> str:
    """Greet."""
    return "{answer}"
'''


async def health(admin: Administrator) -> str:
    """Return what she says of herself, which is more than that all is well."""
    result = await admin.command("!health")
    assert result.mark == "✅"
    return result.text


async def told(admin: Administrator, luna: LunaProcess, text: str) -> str:
    """Return what she told the administrators of her own accord."""
    event = await admin.person.wait_for(admin.room, notice(luna.user_id, text))
    return str(event["content"]["body"])


async def test_a_broken_skill_costs_itself_only(house: House, alice: Person) -> None:
    luna = house.luna(alice)
    skills = luna.folder / "more-skills"
    skills.mkdir()
    (skills / "broken.py").write_text("def greet(:\n")
    (skills / "failing.py").write_text("import nothing_of_this_name\n")
    (skills / "greeting.py").write_text(SKILL.format(verb="greet", answer="hello there"))
    (skills / "impostor.py").write_text(SKILL.format(verb="health", answer="never better"))
    luna.configuration["skills"].append(str(skills))
    _, admin = await house.start(luna, alice)
    for name in ("broken.py:1", "failing.py:1", "impostor.py"):
        assert name in await told(admin, luna, name)
        assert name in await health(admin)
    assert "never better" not in await health(admin)
    assert (await admin.command("!greet")).text == "hello there"
    refused = await admin.command("!reload")
    assert (refused.mark, "broken.py:1" in refused.text) == ("❌", True)
    for name in ("broken", "failing", "impostor"):
        (skills / f"{name}.py").unlink()
    assert (await admin.command("!reload")).mark == "✅"
    assert "All is well" in await health(admin)


@pytest.mark.parametrize(
    ("name", "trouble"),
    [("archive.db", "archive.db cannot be used"), ("db.json", "db.json was broken")],
)
async def test_a_store_that_cannot_be_read_is_left_as_it_is(
    luna: LunaProcess, admin: Administrator, alice: Person, name: str, trouble: str
) -> None:
    room = await alice.direct(luna.user_id)
    await luna.stop()
    sound = {path: path.read_bytes() for path in luna.folder.glob(f"{name}*")}
    garbage = sound[luna.folder / name][:40] + b"\xff garbage"
    for path in sound:
        path.write_bytes(garbage)
    await luna.start()
    await told(admin, luna, trouble)
    assert trouble in await health(admin)
    await alice.send(room, "do you still think?")
    await alice.wait_for_message(room, luna.user_id, "do you still think?")
    assert garbage in [path.read_bytes() for path in luna.folder.glob(f"{name}*")]
    await luna.stop()
    for path in luna.folder.glob(f"{name}*"):
        path.unlink()
    for path, content in sound.items():
        path.write_bytes(content)
    await luna.start()
    assert "All is well" in await health(admin)
    await alice.send(room, "and now?")
    await alice.wait_for_message(room, luna.user_id, "and now?")
    assert len(alice.timeline.find(room, message(luna.user_id))) == 2


async def test_a_model_out_of_reach_is_told_of_until_it_is_back(
    house: House, alice: Person, model: FakeModel
) -> None:
    async with FaultyProxy(model.base_url.removesuffix("/v1")) as door:
        options = {"model_url": f"{door.url}/v1", "sections": {"llm": {"timeout_s": 1}}}
        luna, admin = await house.start(house.luna(alice, **options), alice)
        room = await alice.direct(luna.user_id)
        await door.stop()
        question = await alice.send(room, "anybody there?")
        apology = await alice.wait_for(room, notice(luna.user_id, "I could not answer"))
        assert reply_to(question, luna.user_id)(apology)
        assert "cannot reach" in apology["content"]["body"]
        await told(admin, luna, f"No answer to {alice.user_id}")
        assert "cannot reach" in await health(admin)
        await luna.restart()
        await told(admin, luna, "model: cannot reach")
        await door.start()
        await alice.send(room, "and now?")
        await alice.wait_for_message(room, luna.user_id, "and now?")
        assert "All is well" in await health(admin)
        assert len(alice.timeline.find(room, notice(luna.user_id))) == 1
        assert len(admin.person.timeline.find(admin.room, notice(luna.user_id, "No answer"))) == 1


async def test_without_any_model_she_says_what_to_set(
    house: House, alice: Person, model: FakeModel
) -> None:
    luna = house.luna(alice)
    (luna.folder / "model.gguf").write_text("no model")
    configured = luna.configuration.pop("llm")
    luna.configure("llm", {"local_model": "model.gguf"})
    _, admin = await house.start(luna, alice)
    room = await alice.direct(luna.user_id)
    await alice.send(room, "anybody there?")
    apology = await alice.wait_for(room, notice(luna.user_id, "I could not answer"))
    for text in (apology["content"]["body"], await health(admin), await told(admin, luna, "model")):
        assert "set llm.base_url, llm.api_key and llm.model" in text
    luna.configuration["llm"] = configured
    luna.write_configuration()
    assert (await admin.command("!reload")).mark == "✅"
    await alice.send(room, "and now?")
    await alice.wait_for_message(room, luna.user_id, "and now?")
    assert "All is well" in await health(admin)
