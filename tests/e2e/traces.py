"""What there is of a persona anywhere: on the server, in Luna's stores, among her secrets."""

import contextlib
import json
import sqlite3
from collections.abc import AsyncIterator
from urllib.parse import quote

from tests.e2e.homeserver import Homeserver
from tests.e2e.luna import LunaProcess
from tests.e2e.session import Json, MatrixError, Session, unique
from tests.e2e.waiting import until

_ADMIN = "/_synapse/admin"


class Traces:
    """Looks for traces with the eyes of a server administrator and in Luna's folder."""

    def __init__(self, session: Session, luna: LunaProcess) -> None:
        self._session = session
        self._luna = luna

    @classmethod
    @contextlib.asynccontextmanager
    async def looked_for(cls, homeserver: Homeserver, luna: LunaProcess) -> AsyncIterator["Traces"]:
        async with Session(homeserver.url) as session:
            secret = homeserver.registration_shared_secret
            await session.register(secret, unique("inspector"), admin=True)
            yield cls(session, luna)

    async def of(self, name: str, *rooms: str) -> list[str]:
        """Return the traces of a persona; `rooms` are those it may have been a member of."""
        found = [f"its {trace}" for trace in self.kept(name)]
        if await self.account(name):
            found.append("its account")
        listed = await self._session.call("GET", f"{_ADMIN}/v1/rooms", search_term=name)
        found += [f"the room {room['name']}" for room in listed["rooms"]]
        for room in rooms:
            if (membership := await self._membership(room, name)) in ("join", "invite"):
                found.append(f"its membership ({membership}) in {room}")
        return found

    async def until_none(self, name: str, *rooms: str) -> None:
        """Return once nothing is left: the server sees to some of it in the background."""
        found: list[str] = ["not looked yet"]

        async def nothing() -> bool:
            found[:] = await self.of(name, *rooms)
            return not found

        with contextlib.suppress(AssertionError):
            await until(nothing, 30, "")
        assert not found, f"of {name} is left: {', '.join(found)}"

    async def account(self, name: str) -> bool:
        """Tell whether the account is there and not deactivated."""
        try:
            path = f"{_ADMIN}/v2/users/{quote(self.user_id(name))}"
            return not (await self._session.call("GET", path))["deactivated"]
        except MatrixError:
            return False

    async def until_names_can_come_back(self) -> None:
        """Return once Synapse is through with what it does at first: before, it revives nobody."""

        async def settled() -> bool:
            path = f"{_ADMIN}/v1/background_updates/status"
            return not (await self._session.call("GET", path))["current_updates"]

        await until(settled, 90, "the end of Synapse's background updates")

    async def deactivate(self, name: str) -> None:
        """Remove an account as somebody who is not Luna."""
        path = f"{_ADMIN}/v1/deactivate/{quote(self.user_id(name))}"
        await self._session.call("POST", path, {"erase": True})

    def kept(self, name: str) -> list[str]:
        """Return what Luna keeps of a persona."""
        folder, user_id = self._luna.folder, self.user_id(name)
        found = ["document"] if self.document(name) else []
        found += [f"secret {path.name}" for path in (folder / "secrets").rglob(f"*{name}*")]
        with contextlib.closing(sqlite3.connect(folder / "archive.db")) as archive:
            for table, column in (("undertakings", "subject"), ("sync_tokens", "account")):
                query = f"SELECT count(*) FROM {table} WHERE {column} = ?"
                if archive.execute(query, (user_id,)).fetchone()[0]:
                    found.append(f"row in {table}")
        return found

    def document(self, name: str) -> Json:
        """Return a persona's document, empty where there is none."""
        tables: Json = json.loads((self._luna.folder / "db.json").read_text())
        found: Json = tables.get("personas", {}).get(self.user_id(name), {})
        return found

    def user_id(self, name: str) -> str:
        return f"@{name}:{self._luna.user_id.partition(':')[2]}"

    async def _membership(self, room: str, name: str) -> str | None:
        state = await self._session.call("GET", f"{_ADMIN}/v1/rooms/{quote(room)}/state")
        found = [
            event["content"]["membership"]
            for event in state["state"]
            if (event["type"], event["state_key"]) == ("m.room.member", self.user_id(name))
        ]
        return found[0] if found else None
