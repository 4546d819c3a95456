"""A person with a Matrix client, over plain HTTP and without a Matrix library."""

import asyncio
import json
import secrets
from typing import Any, Self
from urllib.parse import quote

import aiohttp

from tests.e2e.homeserver import Homeserver
from tests.e2e.rooms import Rooms, room_path
from tests.e2e.session import CLIENT, PASSWORD, Json, MatrixError, Session
from tests.e2e.timeline import Event, Predicate, Timeline, membership, message
from tests.e2e.waiting import until

LONG_POLL_MS = 30_000
PARTS = ("state", "timeline", "ephemeral")
FILTER = json.dumps({"room": {"timeline": {"limit": 500}}, "presence": {"types": []}})


class Person(Rooms):
    """Somebody who is logged in and whose client follows all their rooms.

    Their `timeline` fills in the background from `start` to `close`; a homeserver that is down in
    between is waited for. Every verb that sends returns the event's id.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.timeline = Timeline()
        self.invitations: dict[str, list[Event]] = {}
        self._following: asyncio.Task[None] | None = None

    @classmethod
    async def register(cls, homeserver: Homeserver, localpart: str, *, admin: bool = False) -> Self:
        """Make an account and follow it."""
        session = Session(homeserver.url)
        await session.register(homeserver.registration_shared_secret, localpart, admin=admin)
        return await cls._started(session)

    @classmethod
    async def log_in(cls, url: str, localpart: str, password: str = PASSWORD) -> Self:
        """Log in to an account with a new device and follow it."""
        session = Session(url)
        await session.log_in(localpart, password)
        return await cls._started(session)

    @classmethod
    async def _started(cls, session: Session) -> Self:
        person = cls(session)
        await person.start()
        return person

    @property
    def user_id(self) -> str:
        return self.session.identity.user_id

    @property
    def localpart(self) -> str:
        return self.user_id.partition(":")[0].removeprefix("@")

    async def start(self) -> None:
        """Begin to follow the account's rooms."""
        self._following = asyncio.create_task(self._follow())

    async def rest(self) -> None:
        """Follow the rooms no longer; raises what ended the following early."""
        following = self._following
        while following and not following.done():
            following.cancel()  # which may be lost in the libraries (python/cpython#86296)
            await asyncio.wait([following], timeout=1)
        if following and not following.cancelled():
            following.result()

    async def close(self) -> None:
        """Stop following as `rest` does and close the connections."""
        await self.rest()
        await self.session.close()

    async def _follow(self) -> None:
        since: dict[str, str] = {}
        try:
            while True:
                try:
                    answer = await self._sync(since)
                except (aiohttp.ClientError, TimeoutError):
                    await asyncio.sleep(0.1)  # the homeserver is away: a fault test's doing
                    continue
                except MatrixError as error:
                    if error.status < 500:
                        raise
                    await asyncio.sleep(0.1)  # Synapse fails so while a room is being deleted
                    continue
                since = {"since": answer["next_batch"]}
                await self._take(answer)
        except Exception as error:
            await self.timeline.fail(error)
            raise

    async def _sync(self, since: dict[str, str]) -> Json:
        timeout = str(LONG_POLL_MS if since else 0)
        return await self.session.call(
            "GET", f"{CLIENT}/sync", filter=FILTER, timeout=timeout, **since
        )

    async def _take(self, answer: Json) -> None:
        rooms = answer.get("rooms", {})
        for room, part in rooms.get("invite", {}).items():
            self.invitations[room] = part["invite_state"]["events"]
        for room, part in [*rooms.get("join", {}).items(), *rooms.get("leave", {}).items()]:
            self.invitations.pop(room, None)
            parts = (part.get(name, {}).get("events", []) for name in PARTS)
            await self.timeline.add(room, [event for events in parts for event in events])

    # -- rooms

    async def direct(
        self, user_id: str, *, timeout_s: float = 30, encrypted: bool = False, **options: Any
    ) -> str:
        """Make a direct room with somebody and return its id once they have joined it."""
        options = {"preset": "trusted_private_chat", "is_direct": True, **options}
        room = await self.create_room(invite=[user_id], encrypted=encrypted, **options)
        await self.wait_for(room, membership(user_id, "join"), timeout_s)
        return room

    async def accept_invitation(
        self, room: str | None = None, *, sender: str | None = None, timeout_s: float = 30
    ) -> str:
        """Wait for an invitation, to a room or by somebody where given; join, return the room."""

        await until(
            lambda: self._invited(room, sender) is not None,
            timeout_s,
            f"an invitation of {self.user_id} to {room or 'any room'} by {sender or 'anybody'}",
        )
        return await self.join(str(self._invited(room, sender)))

    def _invited(self, room: str | None, sender: str | None) -> str | None:
        own = membership(self.user_id, "invite")
        for invited, state in self.invitations.items():
            senders = {event["sender"] for event in state if own(event)}
            if room in (None, invited) and (sender is None or sender in senders):
                return invited
        return None

    # -- sending

    async def send_event(self, room: str, kind: str, content: Json) -> str:
        """Send an event of any type."""
        path = room_path(room, f"send/{kind}/{secrets.token_hex(8)}")
        return str((await self.session.call("PUT", path, content))["event_id"])

    async def send(self, room: str, text: str, **content: Any) -> str:
        """Send a text; `content` is added to the event's content, or replaces parts of it."""
        body = {"msgtype": "m.text", "body": text, **content}
        return await self.send_event(room, "m.room.message", body)

    async def reply(self, room: str, event_id: str, text: str, **content: Any) -> str:
        """Answer an event."""
        relates_to = {"m.in_reply_to": {"event_id": event_id}}
        return await self.send(room, text, **{"m.relates_to": relates_to, **content})

    async def thread(self, room: str, root_id: str, text: str, **content: Any) -> str:
        """Send a text in the thread that begins at an event."""
        relates_to = {
            "rel_type": "m.thread",
            "event_id": root_id,
            "is_falling_back": True,
            "m.in_reply_to": {"event_id": root_id},
        }
        return await self.send(room, text, **{"m.relates_to": relates_to, **content})

    async def edit(self, room: str, event_id: str, text: str) -> str:
        """Replace the text of an own message."""
        new_content = {"msgtype": "m.text", "body": text}
        relates_to = {"rel_type": "m.replace", "event_id": event_id}
        content = {"m.new_content": new_content, "m.relates_to": relates_to}
        return await self.send(room, f"* {text}", **content)

    async def react(self, room: str, event_id: str, key: str) -> str:
        """React to an event."""
        relates_to = {"rel_type": "m.annotation", "event_id": event_id, "key": key}
        return await self.send_event(room, "m.reaction", {"m.relates_to": relates_to})

    async def redact(self, room: str, event_id: str) -> str:
        """Remove what an event said."""
        path = room_path(room, f"redact/{quote(event_id)}/{secrets.token_hex(8)}")
        return str((await self.session.call("PUT", path, {}))["event_id"])

    # -- seeing

    async def wait_for(
        self, room: str, predicate: Predicate, timeout_s: float = 30, count: int = 1
    ) -> Event:
        """Return the `count`-th event of a room that matches; see `Timeline.wait_for`."""
        return await self.timeline.wait_for(room, predicate, timeout_s, count)

    async def wait_for_message(
        self, room: str, sender: str, containing: str = "", timeout_s: float = 30, count: int = 1
    ) -> Event:
        """Return somebody's `count`-th message, edits left out, that contains a text."""
        return await self.wait_for(room, message(sender, containing), timeout_s, count)
