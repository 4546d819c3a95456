"""A running Luna's parts for tests of what uses them: real where that is cheap."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from lunabot.admin.registry import Registry
from lunabot.admin.services import Services
from lunabot.config import Settings
from lunabot.dispatch.cast import Character
from lunabot.dispatch.guard import Guard
from lunabot.dispatch.queue import Question, RoomQueues
from lunabot.llm.absent import NoModel
from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, RoomId, UserId
from lunabot.memory.memory import Memory
from lunabot.personas.company import Company
from lunabot.problems import Problems
from lunabot.prompt.tokens import Tokenizer
from lunabot.remembering.desk import Desk
from lunabot.remembering.summariser import Summariser
from lunabot.remembering.writer import Writer
from tests.fake_account import FakeAccount

ADMIN = UserId("@admin:localhost")
ADMIN_ROOM = RoomId("!admin:localhost")


def services(account: FakeAccount, memory: Memory, **parts: Any) -> Services:
    """Return services in an admin room with the administrator; `parts` replace the usual ones.

    A part that is neither usual nor given is None: whoever needs it gives it.
    """
    if ADMIN_ROOM not in account.client.rooms:
        account.enter(ADMIN_ROOM, ADMIN)
    usual: dict[str, Any] = {
        "settings": Settings(),
        "registry": Registry(),
        "model": NoModel("nobody set one up"),
        "account": account,
        "admin_room": ADMIN_ROOM,
        "memory": memory,
        "queues": RoomQueues(_no_answer),
        "own_accounts": lambda: frozenset({account.user_id}),
        "started": time.monotonic(),
        "problems": Problems(lambda text: None),
        "seeding": asyncio.Lock(),
    }
    own_accounts = (usual | parts)["own_accounts"]
    usual["guard"] = Guard(lambda: Settings().loops, own_accounts, memory, lambda text: None)
    names = [field.name for field in fields(Services)]
    assert parts.keys() <= set(names)
    given: dict[str, Any] = {name: (usual | parts).get(name) for name in names}
    found = Services(**given)
    if "summariser" not in parts:
        found.summariser = _summariser(found)
    return found


def _summariser(found: Services) -> Summariser:
    """Return who sums up with the model and the settings of the moment."""
    desk = Desk(
        found.memory,
        Company(lambda: Character(found.account.user_id, ("Luna",), "You are Luna.")),
        found.account.joined_members,
        lambda message: True,
        lambda: found.settings,
        found.account.server_now,
    )
    writer = Writer(
        found.account.user_id,
        found.memory.archive,
        found.queues,
        Tokenizer("gpt-4o-mini"),
        lambda: found.model,
        desk.settings,
        lambda: found.settings.context,
        lambda: 1,
        desk.now,
    )
    return Summariser(desk, writer, found.problems)


def command(
    body: str, *, sender: UserId = ADMIN, event_id: str = "$command", **changes: Any
) -> Message:
    """Return a message in the admin room, of now."""
    usual: dict[str, Any] = {"room_id": ADMIN_ROOM, "timestamp": int(time.time() * 1000)}
    return Message(event_id=EventId(event_id), sender=sender, body=body, **(usual | changes))


async def _no_answer(questions: Sequence[Question]) -> None:
    """Answer nothing."""
