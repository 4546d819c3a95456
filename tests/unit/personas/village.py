"""Everything that brings personas and takes them, with real stores and a small scripted server.

The server knows one persona, Scout, and one room that is made for it; `refusing` are the requests
it says no to, as a method and the end of a path. Accounts that run are fakes.
"""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self, cast

import aiohttp

from lunabot.dispatch.cast import Character
from lunabot.homeserver.admin_api import AdminApi
from lunabot.homeserver.client_api import ClientApi
from lunabot.homeserver.http import HomeserverClient
from lunabot.matrix.batch import SyncBatch
from lunabot.matrix.identity import Identity
from lunabot.matrix.ids import DeviceId, RoomId, UserId
from lunabot.matrix.session import Session, save_session
from lunabot.memory.memory import Memory
from lunabot.opening import Opened, Opener
from lunabot.personas.company import Company
from lunabot.personas.dismissal import Dismisser
from lunabot.personas.fleet import Fleet
from lunabot.personas.home import Homes
from lunabot.personas.secrets import PersonaSecrets
from lunabot.personas.summoning import Summoner, Summons
from lunabot.problems import Problems
from tests.fake_account import FakeAccount
from tests.fake_homeserver import FakeHomeserver, Request
from tests.homeserver_scripts import Status
from tests.quiet_house import QuietInbox, quiet_household
from tests.unit.personas.characters import ADMIN, CLASSROOM

LUNA, SCOUT = UserId("@luna:localhost"), UserId("@scout:localhost")
HOME = RoomId("!home:localhost")
V3, V1, V2 = "/_matrix/client/v3", "/_synapse/admin/v1", "/_synapse/admin/v2"
_MISSING = Status(404, {"errcode": "M_NOT_FOUND", "error": "nothing is there"})
_REFUSED = Status(403, {"errcode": "M_FORBIDDEN", "error": "no"})


class Server:
    """What a homeserver knows of Scout: `account` is None, "active" or "deactivated"."""

    def __init__(self, home: FakeHomeserver) -> None:
        self.account: str | None = None
        self.rooms: set[RoomId] = {CLASSROOM}
        self.members: set[RoomId] = set()
        self.refusing: set[tuple[str, str]] = set()
        self.asked: list[str] = []
        for path, serve in {
            f"{V2}/users/{SCOUT}": self._user,
            f"{V1}/deactivate/{SCOUT}": self._deactivate,
            f"{V1}/users/{SCOUT}/override_ratelimit": lambda request: {},
            f"{V3}/directory/room/#scout:localhost": self._alias,
            f"{V3}/createRoom": self._create,
            f"{V3}/rooms/{HOME}/state/m.room.create/": lambda r: {"org.luna.persona": SCOUT},
            f"{V3}/rooms/{HOME}/kick": lambda request: {},
            f"{V2}/rooms/{HOME}": self._delete,
            f"{V2}/rooms/delete_status/task": lambda request: {"status": "complete"},
            f"{V3}/account/whoami": lambda request: {"device_id": "DEV"},
            f"{V3}/joined_rooms": lambda request: {"joined_rooms": sorted(self.members)},
            **{path: serve for room in (HOME, CLASSROOM) for path, serve in self._room(room)},
        }.items():
            home.answers[path] = self._unless_refused(serve)

    def _room(self, room: RoomId) -> list[tuple[str, Any]]:
        def leave(request: Request) -> Any:
            self.members.discard(room)
            return {}

        prefix = f"{V3}/rooms/{room}"
        return [
            (f"{prefix}/members", lambda request: {"chunk": []}),
            (f"{prefix}/invite", lambda request: {}),
            (f"{prefix}/leave", leave),
        ]

    def _unless_refused(self, serve: Any) -> Any:
        def answer(request: Request) -> Any:
            self.asked.append(f"{request.endpoint} {request.path}")
            no = any(m == request.endpoint and request.path.endswith(p) for m, p in self.refusing)
            return _REFUSED if no else serve(request)

        return answer

    def _user(self, request: Request) -> Any:
        if request.endpoint == "PUT":
            self.account = "active"
        if self.account is None:
            return _MISSING
        is_deactivated = self.account == "deactivated"
        return {"name": SCOUT, "creation_ts": 1, "deactivated": is_deactivated}

    def _deactivate(self, request: Request) -> Any:
        self.account = "deactivated"
        self.members.clear()
        return {}

    def _alias(self, request: Request) -> Any:
        return {"room_id": HOME} if HOME in self.rooms else _MISSING

    def _create(self, request: Request) -> Any:
        self.rooms.add(HOME)
        return {"room_id": HOME}

    def _delete(self, request: Request) -> Any:
        self.rooms.discard(HOME)
        self.members.discard(HOME)
        return {"delete_id": "task"}


class ScoutsAccount(FakeAccount):
    """Joins rooms of the server; with `failure` set it cannot."""

    def __init__(self, server: Server) -> None:
        super().__init__(SCOUT)
        self.server = server
        self.closed = 0

    async def join(self, room_id: RoomId) -> None:
        self._fail()
        self.server.members.add(room_id)

    async def sync_forever(self, *_: Any) -> None:
        await asyncio.Event().wait()

    async def close(self) -> None:
        self.closed += 1


class ScoutsFleet(Fleet):
    """Opens Scout's account without a server, in `rooms`: `opened` are all that were."""

    server: Server
    opened: list[ScoutsAccount]
    rooms: tuple[RoomId, ...] = ()
    failure: Exception | None = None

    async def open(
        self, user_id: UserId, *, reset_identity: bool = False, publish: bool = True
    ) -> Opened:
        if self.failure:
            raise self.failure
        session = Session(SCOUT, DeviceId("DEV"), "scout's")
        await asyncio.to_thread(save_session, self.secrets.session(user_id), session)
        account = ScoutsAccount(self.server)
        for room_id in self.rooms:
            account.enter(room_id)
        self.opened.append(account)
        return Opened(session, account, cast(Identity, _Silent()), SyncBatch(SCOUT, "s1"), True)


class _Silent:
    async def publish(self, *, password: str, reset: bool) -> None:
        """Be published already."""

    async def take(self, batch: SyncBatch) -> None:
        """Answer no verification."""


class Village(AsyncExitStack):
    """An asynchronous context manager; `told` is what the administrators hear."""

    def __init__(self, home: FakeHomeserver, memory: Memory, folder: Path) -> None:
        super().__init__()
        self.server, self.memory, self.folder = Server(home), memory, folder
        self.told: list[str] = []
        self._url = home.url

    async def __aenter__(self) -> Self:
        session = await self.enter_async_context(aiohttp.ClientSession())
        http = HomeserverClient(self._url, session, patience_s=10)
        client_api, admin_api = ClientApi(http, _token), AdminApi(http, _token)
        self.secrets = PersonaSecrets(self.folder)
        self.company = Company(lambda: Character(LUNA, ("Luna",), "You are Luna."))
        self.homes = Homes(client_api, admin_api, self.secrets)
        self.fleet = self._fleet(http)
        self.push_async_callback(self.fleet.close)
        self.summoner = Summoner(FakeAccount(LUNA), admin_api, self.homes, self.memory, self.fleet)
        self.dismisser = Dismisser(admin_api, self.homes, self.memory, self.fleet)
        return self

    def _fleet(self, http: HomeserverClient) -> ScoutsFleet:
        async def take(batch: SyncBatch) -> None:
            await self.memory.record_sync(batch.account, batch.token, batch.events)

        house = quiet_household(QuietInbox(take), Problems(self.told.append), self.told.append)
        fleet = ScoutsFleet(
            http,
            cast(Opener, None),
            self.secrets,
            self.company,
            self.memory.state,
            {},
            house,
            lambda: 0,
        )
        fleet.server, fleet.opened = self.server, []
        return fleet

    async def traces(self) -> list[str]:
        """Return what there is of Scout."""
        unfinished = await self.memory.archive.unfinished()
        found = {
            "account": self.server.account == "active",
            "room": HOME in self.server.rooms,
            "membership": bool(self.server.members),
            "document": SCOUT in self.memory.state.personas(),
            "secrets": any(path.is_file() for path in self.folder.rglob("*")),
            "token": await self.memory.archive.sync_token(SCOUT) is not None,
            "running": SCOUT in self.fleet.accounts,
            "character": SCOUT in self.company.characters(),
            "open": any(account.closed != 1 for account in self.fleet.opened),
            "journal": bool(unfinished),
        }
        return [name for name, is_there in found.items() if is_there]


def _token() -> str:
    return "luna's"


async def until(condition: Callable[[], object]) -> None:
    """Give the fleet its turns until the condition holds."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - nothing to wait on: the fleet tells nobody
            await asyncio.sleep(0)


def summons(room: RoomId | None = None) -> Summons:
    return Summons(SCOUT, "Scout", "You know trails.", ADMIN, {"openness": 80}, room=room)
