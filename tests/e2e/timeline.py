"""What one person's client has seen, in order, and waiting for what it has not seen yet."""

import asyncio
from collections.abc import Callable
from typing import Any

Event = dict[str, Any]
Predicate = Callable[[Event], bool]


class Timeline:
    """Every event a client was shown, each with its ``room_id``, in the order of arrival.

    It holds messages, state and also the typing notices and read receipts of its rooms. Nothing
    is ever removed, so a test may wait for what came before it began to wait.
    """

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._failure: Exception | None = None
        self._ids: set[str] = set()
        self._news = asyncio.Condition()

    async def add(self, room: str, events: list[Event]) -> None:
        """Note a room's new events; one that was seen already is left out."""
        for event in events:
            event_id = event.get("event_id")
            if event_id not in self._ids:
                self.events.append({**event, "room_id": room})
            if event_id:
                self._ids.add(event_id)
        async with self._news:
            self._news.notify_all()

    async def fail(self, error: Exception) -> None:
        """Note that nothing more will come; whoever waits is told."""
        self._failure = error
        async with self._news:
            self._news.notify_all()

    def find(self, room: str, predicate: Predicate) -> list[Event]:
        """Return the room's events that match, oldest first."""
        return [event for event in self.events if event["room_id"] == room and predicate(event)]

    async def wait_for(
        self, room: str, predicate: Predicate, timeout_s: float = 30, count: int = 1
    ) -> Event:
        """Return the `count`-th event of the room that matches, which may have come before.

        AssertionError with the room's last events when it does not come in time.
        """
        try:
            async with asyncio.timeout(timeout_s), self._news:
                while len(found := self.find(room, predicate)) < count:
                    if self._failure is not None:
                        raise AssertionError("the client's sync ended") from self._failure
                    await self._news.wait()
                return found[count - 1]
        except TimeoutError:
            seen = "\n".join(str(event) for event in self.find(room, lambda _: True)[-8:])
            raise AssertionError(f"not in {timeout_s} s; seen last in {room}:\n{seen}") from None

    def text_of(self, event: Event) -> str:
        """Return a message's text as a client shows it: as its sender edited it last."""
        edits = self.find(event["room_id"], edit_of(event["event_id"]))
        own = [edit for edit in edits if edit["sender"] == event["sender"]]
        content = own[-1]["content"]["m.new_content"] if own else event["content"]
        return str(content.get("body", ""))


def relation(event: Event) -> dict[str, Any]:
    """Return what ``m.relates_to`` holds; empty for an event that relates to none."""
    return event.get("content", {}).get("m.relates_to") or {}


def message(sender: str | None = None, containing: str = "") -> Predicate:
    """Match messages, edits left out, of a sender and with a text."""

    def matches(event: Event) -> bool:
        return (
            event["type"] == "m.room.message"
            and sender in (None, event["sender"])
            and containing in event.get("content", {}).get("body", "")
            and relation(event).get("rel_type") != "m.replace"
        )

    return matches


def notice(sender: str | None = None, containing: str = "") -> Predicate:
    """Match notices of a sender and with a text."""
    is_message = message(sender, containing)
    return lambda event: is_message(event) and event["content"].get("msgtype") == "m.notice"


def reply_to(event_id: str, sender: str | None = None) -> Predicate:
    """Match messages of a sender that answer an event."""
    is_message = message(sender)
    return lambda event: (
        is_message(event) and relation(event).get("m.in_reply_to", {}).get("event_id") == event_id
    )


def edit_of(event_id: str) -> Predicate:
    """Match the edits of an event."""
    return lambda event: (
        relation(event).get("rel_type") == "m.replace" and relation(event)["event_id"] == event_id
    )


def reaction_to(event_id: str, *keys: str, sender: str | None = None) -> Predicate:
    """Match reactions to an event, with one of `keys` where any are given."""
    return lambda event: (
        event["type"] == "m.reaction"
        and sender in (None, event["sender"])
        and relation(event).get("event_id") == event_id
        and (not keys or relation(event).get("key") in keys)
    )


def membership(user_id: str, value: str) -> Predicate:
    """Match the state events that set somebody's membership."""
    return lambda event: (
        event["type"] == "m.room.member"
        and event.get("state_key") == user_id
        and event["content"].get("membership") == value
    )
