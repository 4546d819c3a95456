"""An admin room at work: commands, what was told in it, and what its trail says."""

import asyncio

from lunabot.admin.call import Answer, Call
from lunabot.admin.parameters import Secret, Tail
from lunabot.admin.registry import build
from lunabot.admin.room import AdminRoom
from lunabot.admin.skill import Skill, skill
from lunabot.errors import UserMistake, WorldError
from lunabot.matrix.events import Message
from lunabot.memory import audit
from lunabot.memory.audit import AuditEntry
from lunabot.memory.memory import Memory
from tests.fake_account import FakeAccount
from tests.fake_services import services


@skill("greet")
async def greet(call: Call, text: Tail = "world") -> str:
    """Say hello.

    text: to whom
    """
    return f"hello {text}"


@skill("fail")
async def fail(call: Call, how: str) -> Answer:
    """Fail.

    how: as what
    """
    kinds = {"mistake": UserMistake, "world": WorldError, "bug": ValueError}
    if how in kinds:
        raise kinds[how]("the reason, sk-secret")
    return Answer("no", ok=False)


@skill("unlock")
async def unlock(call: Call, key: Secret) -> str:
    """Take a secret.

    key: the secret
    """
    return "unlocked"


@skill("destroy", destructive=True)
async def destroy(call: Call) -> str:
    """Destroy."""
    return "gone"


class House:
    """An admin room, what was told in it, and what its trail says."""

    def __init__(self, account: FakeAccount, memory: Memory) -> None:
        self.account = account
        self.told: list[str] = []
        self.finish = asyncio.Event()
        registry, problems = build([greet, fail, unlock, destroy, self._waiting_skill()])
        assert not problems
        self.services = services(account, memory, registry=registry)
        self.room = AdminRoom(self.services, self.told.append)

    def _waiting_skill(self) -> Skill:
        @skill("wait")
        async def wait(call: Call) -> str:
            """Wait for the test."""
            await call.progress("half way")
            await self.finish.wait()
            return "done"

        return wait

    async def run(self, *messages: Message) -> list[AuditEntry]:
        """Run commands one after the other; return all lines of the trail, oldest first."""
        for message in messages:
            assert self.room.claims(message)
            self.room.run(message)
            await self.room.tasks.close(10)
        return await self.trail()

    async def trail(self) -> list[AuditEntry]:
        return list(await self.services.memory.archive.search(audit.newest, 20))[::-1]

    @property
    def said(self) -> list[str]:
        """The notices and marks, in order."""
        return [what for kind, what, *_ in self.account.acts if kind == "sent"]
