"""An admin room with a command that asks before it destroys: snowmen, who melt."""

import asyncio
from dataclasses import replace
from typing import Any

from lunabot.admin.call import Call, Plan
from lunabot.admin.loader import builtin_folder, load_skills
from lunabot.admin.registry import Registry, build
from lunabot.admin.room import AdminRoom
from lunabot.admin.skill import skill
from lunabot.config import Settings
from lunabot.errors import UserMistake
from lunabot.matrix.events import Message, Reaction
from lunabot.matrix.ids import EventId, UserId
from lunabot.matrix.transaction import transaction_id
from lunabot.memory import audit
from lunabot.memory.memory import Memory
from lunabot.memory.questions import Question
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


class AskingHouse:
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

    def again(self) -> "AskingHouse":
        return AskingHouse(self.account, self.services.memory, self.world)

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
