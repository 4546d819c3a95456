"""What a skill may use: the running Luna, part by part."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from lunabot.admin.authority import Authority, Posture, RoomState
from lunabot.admin.registry import Registry
from lunabot.config import Settings
from lunabot.dispatch.backfill import Backfill
from lunabot.dispatch.guard import Guard
from lunabot.dispatch.preview import Preview
from lunabot.dispatch.queue import RoomQueues
from lunabot.homeserver.admin_api import AdminApi
from lunabot.homeserver.client_api import ClientApi
from lunabot.llm.source import Model
from lunabot.matrix.account import Account
from lunabot.matrix.events import Message
from lunabot.matrix.ids import RoomId, UserId
from lunabot.memory.memory import Memory
from lunabot.personas.keeper import Keeper
from lunabot.problems import Problems
from lunabot.remembering.summariser import Summariser


@dataclass(slots=True)
class Services:
    """The parts of a running Luna. `settings`, `registry` and `model` change with a reload.

    `account` is Luna's own, for which `client_api` and `admin_api` call the server; its token
    opens every door there and is shown to no skill. `own_accounts` are the user ids Luna runs,
    `personas` the door to those that are personas, `history` to what was said unseen. `summariser`
    writes chapters, lenses and notes. `preview` builds the prompt by which an account would answer
    now. `reload` returns what changed, and raises `UserMistake` where nothing did because something
    is wrong. `answer` hears somebody's yes or no to a question, given by its code or "" for the one
    that is meant. `begin_anew` stops her and lets her begin anew in the same process. `problems`
    says what does not work now. `started` is monotonic seconds. `seeding` is held while something
    is seeded: two at once would make a room twice.
    """

    settings: Settings
    registry: Registry
    model: Model
    account: Account
    admin_room: RoomId
    client_api: ClientApi
    admin_api: AdminApi
    memory: Memory
    queues: RoomQueues
    guard: Guard
    own_accounts: Callable[[], frozenset[UserId]]
    personas: Callable[[], Keeper]
    history: Callable[[], Backfill]
    summariser: Summariser
    preview: Callable[[Account, RoomId], Awaitable[Preview]]
    reload: Callable[[], Awaitable[str]]
    answer: Callable[[Message, str, bool], str]
    request_shutdown: Callable[[str], None]
    begin_anew: Callable[[str], None]
    started: float
    problems: Problems
    seeding: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def authority(self) -> Authority:
        """What the right to command rests on now."""
        administrators = frozenset(self.settings.admin.users)
        return Authority(self.admin_room, administrators, self.own_accounts())

    def posture(self) -> Posture:
        """Judge the admin room as the last sync left it."""
        room = self.account.client.rooms.get(self.admin_room)
        if room is None:
            return Posture(False, ("I am not in it",))
        members = frozenset(UserId(user) for user in room.users)
        state = RoomState(
            members, room.join_rule, room.guest_access, room.encrypted, room.history_visibility
        )
        return self.authority.posture(state)
