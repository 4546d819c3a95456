"""A room's timeline, read backwards page by page, as one account sees it.

Client-server API, "Getting events for a room" (``/messages``). nio has that call, too, but checks
each event by a schema and decrypts a page at a stretch: a hundred events hold the loop for 50 ms.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

import nio

from lunabot.homeserver.http import HomeserverClient
from lunabot.matrix.account import Account
from lunabot.matrix.events import Message, RoomEvent
from lunabot.matrix.ids import RoomId
from lunabot.matrix.reading import read_event

PAGE_EVENTS = 100
_AT_A_STRETCH = 10  # events: reading an encrypted one takes over a millisecond
_FILTER = json.dumps(
    {
        "lazy_load_members": True,
        "types": [
            "m.room.message",
            "m.sticker",
            "m.room.encrypted",
            "m.room.redaction",
            "m.reaction",
        ],
    }
)


@dataclass(frozen=True, slots=True)
class Page:
    """What was said in a part of a room, oldest first.

    `before` is the token from which what is older can be read; None where nothing is. `unread` are
    events whose key is missing, in the form the client can decrypt later.
    """

    events: tuple[RoomEvent, ...]
    before: str | None
    unread: tuple[nio.MegolmEvent, ...] = ()

    @property
    def messages(self) -> tuple[Message, ...]:
        """Its messages, edits among them."""
        return tuple(event for event in self.events if isinstance(event, Message))


class Pages(Protocol):
    """Who reads rooms' timelines; see `History.page`."""

    async def page(
        self, account: Account, room_id: RoomId, token: str, until: str | None = None
    ) -> Page:
        """Return what was said in a room before `token` and after `until`."""


@dataclass(frozen=True, slots=True)
class History:
    """Reads rooms' timelines from a homeserver."""

    http: HomeserverClient

    async def page(
        self, account: Account, room_id: RoomId, token: str, until: str | None = None
    ) -> Page:
        """Return what an account may see of a room before `token` and, if given, after `until`.

        Both are tokens of a sync, or of another page. Raises `Refused`, or `WorldError` where the
        homeserver stays out of reach.
        """
        params = {"dir": "b", "from": token, "limit": str(PAGE_EVENTS), "filter": _FILTER}
        answer = await self.http.call(
            "GET",
            f"/_matrix/client/v3/rooms/{quote(room_id, safe='')}/messages",
            params=params | ({"to": until} if until else {}),
            token=account.client.access_token,
        )
        chunk, end = answer.get("chunk"), answer.get("end")
        sources = chunk if isinstance(chunk, list) else []
        goes_on = isinstance(end, str) and end != token
        return await _read(account, room_id, sources, end if goes_on else None)


async def _read(account: Account, room_id: RoomId, sources: list[Any], before: str | None) -> Page:
    events, unread = [], []
    for number, source in enumerate(reversed(sources), 1):
        encrypted = _encrypted(room_id, source)
        if encrypted and _has_key(account, encrypted):
            event = account.read(encrypted)
        else:
            event = read_event(source, room_id)
            unread += [encrypted] if encrypted else []
        events += [event] if event else []
        if number % _AT_A_STRETCH == 0:
            await asyncio.sleep(0)
    return Page(tuple(events), before, tuple(unread))


def _encrypted(room_id: RoomId, source: object) -> nio.MegolmEvent | None:
    if not isinstance(source, Mapping) or source.get("type") != "m.room.encrypted":
        return None
    event = nio.Event.parse_encrypted_event({**source, "room_id": room_id})
    return event if isinstance(event, nio.MegolmEvent) else None


def _has_key(account: Account, event: nio.MegolmEvent) -> bool:
    """Tell whether an event can be decrypted at all: most of what was said before one came cannot.

    To nio a missing key is an alarm: it logs it, and opens a new session with the sender.
    """
    keys = account.client.olm.inbound_group_store
    return keys.get(event.room_id, event.sender_key, event.session_id) is not None
