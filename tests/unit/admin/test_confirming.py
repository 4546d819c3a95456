"""From a question to what becomes of it: once, whoever answers how often, and across restarts."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest

from lunabot.admin.call import Call, Plan
from lunabot.admin.confirmation import INTERRUPTED, WINDOW_MS
from lunabot.admin.loader import builtin_folder, load_skills
from lunabot.admin.registry import Registry, build
from lunabot.admin.room import AdminRoom
from lunabot.admin.skill import skill
from lunabot.config import Settings
from lunabot.errors import UserMistake, WorldError
from lunabot.matrix.events import Message, Reaction
from lunabot.matrix.ids import EventId, UserId
from lunabot.matrix.transaction import transaction_id
from lunabot.memory import audit
from lunabot.memory.memory import Memory
from lunabot.memory.questions import Question
from tests.clock import Clock
from tests.fake_account import FakeAccount
from tests.fake_services import ADMIN, ADMIN_ROOM, command, services

BOB = UserId("@bob:localhost")
STRANGER = UserId("@stranger:localhost")
QUESTION_ID = transaction_id(UserId("@luna:localhost"), EventId("$command"), "question")
NOTICE = EventId(f"$by-{QUESTION_ID}")
BUILTIN = load_skills([builtin_folder()]).registry


class World:
    """What can be destroyed, and what was."""

    def __init__(self) -> None:
        self.snowmen = ["Olaf", "Frosty"]
        self.melted: list[str] = []
        self.harmless = False
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()

    def registry(self) -> Registry:
        async def plan(call: Call) -> Plan | None:
            if self.harmless:
                return None
            if not self.snowmen:
                raise UserMistake("There is no snowman.")
            names = " and ".join(self.snowmen)
            return Plan(f"**{len(self.snowmen)} snowmen** melt: {names}.", names)

        @skill("melt", destructive=True, plan=plan)
        async def melt(call: Call) -> str:
            """Melt them all."""
            self.melted += self.snowmen
            self.begun.set()
            await self.go_on.wait()
            return f"{len(self.snowmen)} melted"

        registry, problems = build([melt, BUILTIN.require("yes"), BUILTIN.require("no")])
        assert not problems
        return registry


class House:
    """An admin room with the administrators Admin and Bob; `again` is what a restart leads to."""

    def __init__(self, account: FakeAccount, memory: Memory, world: World) -> None:
        self.account = account
        self.world = world
        self.told: list[str] = []
        account.enter(ADMIN_ROOM, ADMIN, BOB)
        settings = Settings.model_validate({"admin": {"users": [ADMIN, BOB]}})
        self.services = services(
            account,
            memory,
            registry=world.registry(),
            settings=settings,
            answer=self._answer,
        )
        self.room = AdminRoom(self.services, self.told.append)

    def _answer(self, message: Message, code: str, yes: bool) -> str:
        return self.room.confirmations.answer(message, code, yes=yes)

    def again(self) -> "House":
        return House(self.account, self.services.memory, self.world)

    async def run(self, body: str, **changes: Any) -> None:
        """Run a command to its end, or to its question."""
        message = command(body, **changes)
        assert self.room.claims(message)
        self.room.run(message)
        await self.settle()

    async def settle(self) -> None:
        """Let everything that runs come to its end."""
        while len(self.room.tasks):
            await self.room.tasks.close(10)

    async def ask(self) -> Question:
        """Have an administrator asked whether the snowmen are to melt."""
        await self.run("/melt")
        [question] = self.questions
        return question

    async def tap(self, key: str = "✅", **changes: Any) -> None:
        """React to the question's notice, and wait for what that leads to."""
        self.room.reacted(self.account.user_id, tap(key, **changes))
        await self.settle()

    @property
    def questions(self) -> list[Question]:
        return list(self.services.memory.state.questions)

    def marks(self, event_id: str = "$command") -> list[str]:
        """The marks of a command; what was sent twice under one transaction id is one."""
        by_transaction: dict[str, str] = {}
        for sent in self.account.sent:
            if sent.type == "m.reaction" and sent.content["m.relates_to"]["event_id"] == event_id:
                by_transaction.setdefault(sent.transaction_id, sent.reaction)
        return list(by_transaction.values())

    def replies(self, event_id: str = "$command") -> list[str]:
        """The replies to a command, in their last version."""
        shown: dict[str, str] = {}
        for sent in self.account.sent:
            relation = sent.content["m.relates_to"]
            if relation.get("m.in_reply_to", {}).get("event_id") == event_id:
                shown[sent.event_id] = sent.body
            elif relation.get("rel_type") == "m.replace" and relation["event_id"] in shown:
                shown[relation["event_id"]] = sent.content["m.new_content"]["body"]
        return list(shown.values())

    async def trail(self) -> list[tuple[str, str, str]]:
        entries = await self.services.memory.archive.search(audit.newest, 20)
        return [(entry.sender, entry.verb, entry.outcome) for entry in reversed(entries)]


def tap(key: str = "✅", **changes: Any) -> Reaction:
    """Return the administrator's reaction to the question about ``$command``."""
    now = command("").timestamp
    made = Reaction(EventId("$tap"), ADMIN_ROOM, ADMIN, now, NOTICE, key)
    return replace(made, **changes)


@pytest.fixture
async def house(account: FakeAccount, memory: Memory) -> AsyncIterator[House]:
    opened = House(account, memory, World())
    yield opened
    await opened.room.close(0)


async def test_the_question_comes_first_with_reactions_to_tap(house: House) -> None:
    question = await house.ask()
    assert house.world.melted == []
    [reply] = house.replies()
    assert reply.startswith("2 snowmen melt: Olaf and Frosty.")
    assert f"!yes {question.code}" in reply
    assert (house.marks(), house.marks(NOTICE)) == ([], ["✅", "❌"])
    assert question.notice == NOTICE
    assert await house.trail() == [(ADMIN, "melt", "asked")]


@pytest.mark.parametrize("key", ["✅", "✅\ufe0f"])
async def test_a_tap_runs_the_command_once(house: House, key: str) -> None:
    await house.ask()
    for _ in range(2):
        await house.tap(key)
    assert house.world.melted == ["Olaf", "Frosty"]
    assert house.marks() == ["✅"]
    assert house.replies() == [
        "2 snowmen melt: Olaf and Frosty.\n\n✅ Confirmed.",
        "2 melted",
    ]
    assert house.questions == []
    assert await house.trail() == [(ADMIN, "melt", "asked"), (ADMIN, "melt", "ok")]


async def test_several_answers_at_once_are_one(house: House) -> None:
    question = await house.ask()
    for key in ("✅", "❌", "✅"):
        house.room.reacted(house.account.user_id, tap(key))
    house.room.run(command(f"/no {question.code}", event_id="$no"))
    await house.settle()
    assert house.world.melted == ["Olaf", "Frosty"]
    assert (house.marks(), house.marks("$no")) == (["✅"], ["❌"])


async def test_a_no_leaves_everything(house: House) -> None:
    await house.ask()
    await house.tap("❌")
    await house.tap("✅")
    assert house.world.melted == []
    assert house.marks() == ["❌"]
    assert house.replies() == [
        "2 snowmen melt: Olaf and Frosty.\n\n❌ Declined: nothing was done."
    ]
    assert await house.trail() == [(ADMIN, "melt", "asked"), (ADMIN, "melt", "declined")]


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
    house: House, body: str, changes: dict[str, Any], melted: bool, said: str
) -> None:
    question = await house.ask()
    await house.run(body.format(code=question.code), event_id="$answer", **changes)
    assert bool(house.world.melted) is melted
    assert house.replies("$answer") == [said]
    assert house.marks("$answer") == ["✅"]
    assert house.marks() == ["✅" if melted else "❌"]


@pytest.mark.parametrize("body", ["/yes wrong", "/no 12345"])
async def test_a_wrong_code_is_told_and_changes_nothing(house: House, body: str) -> None:
    question = await house.ask()
    await house.run(body, event_id="$answer")
    assert "No open question has the code" in house.replies("$answer")[0]
    assert house.marks("$answer") == ["❌"]
    assert (house.questions, house.world.melted, house.marks()) == ([question], [], [])


async def test_where_several_questions_wait_one_has_to_be_named(house: House) -> None:
    first = await house.ask()
    await house.run("/melt", event_id="$second")
    second = house.questions[1]
    await house.run("/yes", event_id="$answer")
    [reply] = house.replies("$answer")
    assert first.code in reply and second.code in reply
    assert house.world.melted == []
    await house.run(f"/no {second.code}", event_id="$answer-2")
    assert house.questions == [first]
    assert (house.marks(), house.marks("$second")) == ([], ["❌"])


@pytest.mark.parametrize("body", ["/yes", "/no"])
async def test_without_a_question_there_is_nothing_to_answer(house: House, body: str) -> None:
    await house.run(body)
    assert house.replies() == ["No question waits for your answer."]
    assert house.marks() == ["❌"]


@pytest.mark.parametrize("key", ["✅", "❌"])
@pytest.mark.parametrize("sender", [BOB, STRANGER])
async def test_somebody_elses_tap_is_told_audited_and_nothing_else(
    house: House, sender: UserId, key: str
) -> None:
    question = await house.ask()
    before = list(house.account.acts)
    await house.tap(key, sender=sender)
    assert (house.questions, house.world.melted) == ([question], [])
    assert house.account.acts == before
    assert len(house.told) == 1 and sender in house.told[0]
    assert (await house.trail())[-1] == (sender, "melt", "refused")
    await house.tap()
    assert house.world.melted == ["Olaf", "Frosty"]


async def test_somebody_elses_code_is_refused(house: House) -> None:
    question = await house.ask()
    await house.run(f"/yes {question.code}", event_id="$answer", sender=BOB)
    assert house.replies("$answer") == [
        f"That does not count: that question is for {ADMIN} to answer."
    ]
    assert (house.questions, house.world.melted) == ([question], [])
    assert len(house.told) == 1


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
    house: House, seer: str, changes: dict[str, Any]
) -> None:
    question = await house.ask()
    house.room.reacted(UserId(seer), tap(**changes))
    await house.settle()
    assert (house.questions, house.told) == ([question], [])


def _one_more(house: House) -> None:
    house.world.snowmen.append("Yuki")


def _none_left(house: House) -> None:
    house.world.snowmen.clear()


def _renamed(house: House) -> None:
    house.services.registry = Registry()


def _asks_no_more(house: House) -> None:
    [melt] = [each for each in house.services.registry.skills if each.verb == "melt"]
    house.services.registry, _ = build([replace(melt, plan=None)])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_one_more, "Not done: what would go has changed since I asked. Ask again."),
        (_none_left, "There is no snowman."),
        (_renamed, "There is no command `/melt`."),
        (_asks_no_more, "Not done: what would go has changed since I asked. Ask again."),
    ],
)
async def test_a_plan_that_has_changed_is_not_carried_out(
    house: House, change: Callable[[House], None], said: str
) -> None:
    await house.ask()
    change(house)
    await house.tap()
    assert house.world.melted == []
    assert house.replies()[-1].startswith(said)
    assert house.marks() == ["❌"]
    assert house.questions == []
    assert (await house.trail())[-1] == (ADMIN, "melt", "failed")


async def test_a_plan_with_nothing_to_do_asks_nothing(house: House) -> None:
    house.world.snowmen.clear()
    await house.run("/melt")
    assert (house.replies(), house.marks()) == (["There is no snowman."], ["❌"])
    assert house.questions == []


async def test_without_anything_to_lose_nobody_is_asked(house: House) -> None:
    house.world.harmless = True
    await house.run("/melt")
    assert (house.replies(), house.marks()) == (["2 melted"], ["✅"])


async def test_yes_in_the_command_skips_the_question(house: House) -> None:
    await house.run("/melt --yes")
    assert (house.replies(), house.marks()) == (["2 melted"], ["✅"])
    assert await house.trail() == [(ADMIN, "melt", "ok")]


async def test_a_room_that_became_unsafe_runs_nothing(house: House) -> None:
    await house.ask()
    house.account.client.rooms[ADMIN_ROOM].join_rule = "public"
    await house.tap()
    assert house.world.melted == []
    assert "❌ not run, because this room is not safe" in house.replies()[0]
    assert house.marks() == ["❌"]
    assert (await house.trail())[-1] == (ADMIN, "melt", "refused")


async def test_who_is_no_administrator_any_more_confirms_nothing(house: House) -> None:
    await house.ask()
    house.services.settings = Settings.model_validate({"admin": {"users": [BOB]}})
    await house.tap()
    assert house.world.melted == []


async def test_a_question_ends_when_its_time_is_over(clock: Clock, house: House) -> None:
    question = await house.ask()
    await clock.forward(300)
    assert house.questions == [question]
    await clock.forward(6)
    await house.settle()
    await house.tap()
    await house.run("/yes", event_id="$answer")
    assert (house.world.melted, house.questions, house.marks()) == ([], [], ["❌"])
    assert house.replies()[0].endswith("❌ Nobody said yes within five minutes: nothing was done.")
    assert (ADMIN, "melt", "expired") in await house.trail()


async def test_what_was_tapped_in_time_while_luna_was_away_counts(
    clock: Clock, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = await house.ask()
    _let_pass(house, WINDOW_MS + 60_000, monkeypatch)
    restarted = house.again()
    await restarted.room.begin()
    await clock.forward(1)
    await restarted.tap(timestamp=question.expires)
    assert house.world.melted == ["Olaf", "Frosty"]
    await restarted.room.close(0)


async def test_a_question_that_became_too_old_while_luna_was_away_ends(
    clock: Clock, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.ask()
    _let_pass(house, WINDOW_MS + 60_000, monkeypatch)
    restarted = house.again()
    await restarted.room.begin()
    await clock.forward(6)
    await restarted.settle()
    assert (house.world.melted, house.questions, house.marks()) == ([], [], ["❌"])
    assert (await house.trail())[-1] == (ADMIN, "melt", "expired")
    await restarted.room.close(0)


@pytest.mark.parametrize("typed", [True, False])
async def test_a_late_answer_ends_the_question(
    house: House, monkeypatch: pytest.MonkeyPatch, typed: bool
) -> None:
    question = await house.ask()
    late = question.expires + 1
    _let_pass(house, WINDOW_MS + 1, monkeypatch)
    if typed:
        await house.run("/yes", event_id="$answer", timestamp=late)
        assert "the five minutes are over" in house.replies("$answer")[0]
    else:
        await house.tap(timestamp=late)
    assert (house.world.melted, house.questions, house.marks()) == ([], [], ["❌"])
    assert "expired" in [outcome for _, _, outcome in await house.trail()]


async def test_a_question_outlives_a_restart(house: House) -> None:
    question = await house.ask()
    sent = len(house.account.sent)
    await house.room.close(0)
    restarted = house.again()
    await restarted.room.begin()
    assert restarted.questions == [question]
    assert len(house.account.sent) == sent
    await restarted.tap()
    assert house.world.melted == ["Olaf", "Frosty"]
    await restarted.room.close(0)


async def test_a_question_whose_notice_was_not_kept_is_found_by_asking_again(house: House) -> None:
    question = await house.ask()
    house.services.memory.state.questions.put(replace(question, notice=None))
    restarted = house.again()
    await restarted.room.begin()
    assert restarted.questions == [question]
    asked = [sent for sent in house.account.sent if sent.event_id == NOTICE]
    assert len(asked) == 2 and asked[0] == asked[1]
    await restarted.tap()
    assert house.world.melted == ["Olaf", "Frosty"]
    await restarted.room.close(0)


async def test_what_a_crash_cut_off_is_told_and_not_begun_again(house: House) -> None:
    question = await house.ask()
    house.world.go_on.clear()
    house.room.reacted(house.account.user_id, tap())
    await house.world.begun.wait()
    await house.room.close(0)
    restarted = house.again()
    [left] = restarted.questions
    assert left == replace(question, ending=INTERRUPTED)
    await restarted.room.begin()
    await restarted.tap()
    assert house.world.melted == ["Olaf", "Frosty"]
    assert restarted.told == ["⚠️ `/melt` was cut off: look what is left to do."]
    assert (house.marks(), restarted.questions) == (["❌"], [])
    assert INTERRUPTED in house.replies()[0]
    assert (await house.trail())[-1] == (ADMIN, "melt", "failed")
    await restarted.room.close(0)


async def test_a_command_that_was_done_keeps_its_mark_whatever_crashes_then(house: House) -> None:
    question = await house.ask()
    await house.tap()
    house.services.memory.state.questions.put(replace(question, ending=INTERRUPTED))
    restarted = house.again()
    await restarted.room.begin()
    await restarted.settle()
    assert house.marks() == ["✅"]
    await restarted.room.close(0)


async def test_a_question_that_cannot_be_shown_is_none(house: House) -> None:
    house.account.failure = WorldError("out of reach")
    await house.run("/melt")
    assert house.questions == []
    assert (await house.trail())[-1] == (ADMIN, "melt", "failed")


async def test_a_disk_that_cannot_note_the_answer_stops_the_command(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.ask()

    async def full() -> None:
        raise WorldError("the disk is full")

    monkeypatch.setattr(house.services.memory.state, "flush", full)
    await house.tap()
    assert house.world.melted == []
    assert house.replies()[-1] == "That did not work: the disk is full."
    assert (house.marks(), house.questions) == (["❌"], [])


def _let_pass(house: House, ms: int, monkeypatch: pytest.MonkeyPatch) -> None:
    now = house.account.server_now
    monkeypatch.setattr(house.account, "server_now", lambda: now() + ms)
