"""From a question to its answer: once, whoever answers how often."""

from typing import Any

import pytest

from lunabot.matrix.ids import EventId, UserId
from tests.fake_services import ADMIN, command
from tests.unit.admin.snowmen import BOB, NOTICE, STRANGER, AskingHouse, tap


async def test_the_question_comes_first_with_reactions_to_tap(asking: AskingHouse) -> None:
    question = await asking.ask()
    assert asking.world.melted == []
    [reply] = asking.replies()
    assert reply.startswith("2 snowmen melt: Olaf and Frosty.")
    assert f"!yes {question.code}" in reply
    assert (asking.marks(), asking.marks(NOTICE)) == ([], ["✅", "❌"])
    assert question.notice == NOTICE
    assert await asking.trail() == [(ADMIN, "melt", "asked")]


@pytest.mark.parametrize("key", ["✅", "✅\ufe0f"])
async def test_a_tap_runs_the_command_once(asking: AskingHouse, key: str) -> None:
    await asking.ask()
    for _ in range(2):
        await asking.tap(key)
    assert asking.world.melted == ["Olaf", "Frosty"]
    assert asking.marks() == ["✅"]
    assert asking.replies() == [
        "2 snowmen melt: Olaf and Frosty.\n\n✅ Confirmed.",
        "2 melted",
    ]
    assert asking.questions == []
    assert await asking.trail() == [(ADMIN, "melt", "asked"), (ADMIN, "melt", "ok")]


async def test_a_tap_may_be_faster_than_the_servers_response(asking: AskingHouse) -> None:
    response = asking.account.hold_responses()
    asking.room.run(command("/melt"))
    await asking.account.wait_for(lambda: asking.account.sent)
    for reaction in (tap("👍"), tap("❌", target=EventId("$other")), tap(), tap("❌")):
        asking.room.reacted(asking.account.user_id, reaction)
    response.set()
    await asking.settle()
    assert asking.world.melted == ["Olaf", "Frosty"]
    assert (asking.marks(), asking.questions) == (["✅"], [])
    assert await asking.trail() == [(ADMIN, "melt", "asked"), (ADMIN, "melt", "ok")]


@pytest.mark.parametrize(("answer", "end"), [("yes", "Confirmed."), ("no", "nothing was done.")])
async def test_what_is_typed_may_be_faster_too(asking: AskingHouse, answer: str, end: str) -> None:
    response = asking.account.hold_responses()
    asking.room.run(command("/melt"))
    await asking.account.wait_for(lambda: asking.account.sent)
    asking.room.run(command(f"/{answer}", event_id="$answer"))
    await asking.account.wait_for(lambda: len(asking.account.sent) > 1)
    response.set()
    await asking.settle()
    assert bool(asking.world.melted) is (answer == "yes")
    assert asking.replies()[0].endswith(end)
    assert asking.questions == []
    assert (ADMIN, "melt", "asked") in (await asking.trail())[:2]


async def test_several_answers_at_once_are_one(asking: AskingHouse) -> None:
    question = await asking.ask()
    for key in ("✅", "❌", "✅"):
        asking.room.reacted(asking.account.user_id, tap(key))
    asking.room.run(command(f"/no {question.code}", event_id="$no"))
    await asking.settle()
    assert asking.world.melted == ["Olaf", "Frosty"]
    assert (asking.marks(), asking.marks("$no")) == (["✅"], ["❌"])


async def test_a_no_leaves_everything(asking: AskingHouse) -> None:
    await asking.ask()
    await asking.tap("❌")
    await asking.tap("✅")
    assert asking.world.melted == []
    assert asking.marks() == ["❌"]
    assert asking.replies() == [
        "2 snowmen melt: Olaf and Frosty.\n\n❌ Declined: nothing was done."
    ]
    assert await asking.trail() == [(ADMIN, "melt", "asked"), (ADMIN, "melt", "declined")]


@pytest.mark.parametrize(
    ("body", "changes", "melted", "said"),
    [
        ("/yes {code}", {}, True, "Confirmed."),
        ("!YES {code}", {}, True, "Confirmed."),
        ("/yes", {}, True, "Confirmed."),
        ("/yes", {"in_reply_to": NOTICE}, True, "Confirmed."),
        ("/yes {code}", {"in_reply_to": EventId("$other")}, True, "Confirmed."),
        ("/no {code}", {}, False, "Declined."),
        ("/no", {}, False, "Declined."),
    ],
)
async def test_an_answer_can_be_typed(
    asking: AskingHouse, body: str, changes: dict[str, Any], melted: bool, said: str
) -> None:
    question = await asking.ask()
    await asking.run(body.format(code=question.code), event_id="$answer", **changes)
    assert bool(asking.world.melted) is melted
    assert asking.replies("$answer") == [said]
    assert asking.marks("$answer") == ["✅"]
    assert asking.marks() == ["✅" if melted else "❌"]


@pytest.mark.parametrize("body", ["/yes wrong", "/no 12345"])
async def test_a_wrong_code_is_told_and_changes_nothing(asking: AskingHouse, body: str) -> None:
    question = await asking.ask()
    await asking.run(body, event_id="$answer")
    assert "No open question has the code" in asking.replies("$answer")[0]
    assert asking.marks("$answer") == ["❌"]
    assert (asking.questions, asking.world.melted, asking.marks()) == ([question], [], [])


async def test_where_several_questions_wait_one_has_to_be_named(asking: AskingHouse) -> None:
    first = await asking.ask()
    await asking.run("/melt", event_id="$second")
    second = asking.questions[1]
    await asking.run("/yes", event_id="$answer")
    [reply] = asking.replies("$answer")
    assert first.code in reply and second.code in reply
    assert asking.world.melted == []
    await asking.run(f"/no {second.code}", event_id="$answer-2")
    assert asking.questions == [first]
    assert (asking.marks(), asking.marks("$second")) == ([], ["❌"])


@pytest.mark.parametrize("body", ["/yes", "/no"])
async def test_without_a_question_there_is_nothing_to_answer(
    asking: AskingHouse, body: str
) -> None:
    await asking.run(body)
    assert asking.replies() == ["No question waits for your answer."]
    assert asking.marks() == ["❌"]


@pytest.mark.parametrize("key", ["✅", "❌"])
@pytest.mark.parametrize("sender", [BOB, STRANGER])
async def test_somebody_elses_tap_is_told_audited_and_nothing_else(
    asking: AskingHouse, sender: UserId, key: str
) -> None:
    question = await asking.ask()
    before = list(asking.account.acts)
    await asking.tap(key, sender=sender)
    assert (asking.questions, asking.world.melted) == ([question], [])
    assert asking.account.acts == before
    assert len(asking.told) == 1 and sender in asking.told[0]
    assert (await asking.trail())[-1] == (sender, "melt", "refused")
    await asking.tap()
    assert asking.world.melted == ["Olaf", "Frosty"]


async def test_somebody_elses_code_is_refused(asking: AskingHouse) -> None:
    question = await asking.ask()
    await asking.run(f"/yes {question.code}", event_id="$answer", sender=BOB)
    assert asking.replies("$answer") == [
        f"That does not count: that question is for {ADMIN} to answer."
    ]
    assert (asking.questions, asking.world.melted) == ([question], [])
    assert len(asking.told) == 1


@pytest.mark.parametrize(
    ("seer", "changes"),
    [
        ("@luna:localhost", {"key": "👍"}),
        ("@luna:localhost", {"target": EventId("$command")}),
        ("@luna:localhost", {"sender": UserId("@luna:localhost")}),
        ("@scout:localhost", {}),
    ],
)
async def test_other_reactions_are_nothing(
    asking: AskingHouse, seer: str, changes: dict[str, Any]
) -> None:
    question = await asking.ask()
    asking.room.reacted(UserId(seer), tap(**changes))
    await asking.settle()
    assert (asking.questions, asking.told) == ([question], [])
