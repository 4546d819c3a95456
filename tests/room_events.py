"""Events and sync answers as a homeserver writes them, with as few words as a test needs."""

import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any

Event = dict[str, Any]


def event(kind: str, sender: str, content: Mapping[str, Any], **more: Any) -> Event:
    """Return any event; its id and its time are made up unless they are given."""
    return {
        "event_id": f"$event-{secrets.token_hex(4)}",
        "origin_server_ts": int(time.time() * 1000),
        "type": kind,
        "sender": sender,
        "content": dict(content),
        **more,
    }


def wrote(sender: str, body: str, *, event_id: str = "", **content: Any) -> Event:
    """Return a text message; keywords go into its content."""
    given = {"event_id": event_id} if event_id else {}
    return event("m.room.message", sender, {"msgtype": "m.text", "body": body, **content}, **given)


def member(user: str, membership: str = "join", *, by: str = "", name: str = "") -> Event:
    """Return a membership, the user's own deed unless `by` somebody else."""
    content = {"membership": membership, **({"displayname": name} if name else {})}
    return event("m.room.member", by or user, content, state_key=user)


def encryption() -> Event:
    """Return the event that makes a room encrypted."""
    content = {"algorithm": "m.megolm.v1.aes-sha2"}
    return event("m.room.encryption", "@luna:localhost", content, state_key="")


def joined(
    room_id: str, *timeline: Event, state: Sequence[Event] = (), limited: bool = False
) -> dict[str, Any]:
    """Return the sync answer of one joined room, without a token."""
    line = {"events": list(timeline), "limited": limited, "prev_batch": f"before-{room_id}"}
    return {"rooms": {"join": {room_id: {"timeline": line, "state": {"events": list(state)}}}}}


def invited(room_id: str, *state: Event) -> dict[str, Any]:
    """Return the sync answer of one invitation."""
    return {"rooms": {"invite": {room_id: {"invite_state": {"events": list(state)}}}}}


def left(room_id: str, *timeline: Event, state: Sequence[Event] = ()) -> dict[str, Any]:
    """Return the sync answer of a room that the account is no longer in."""
    line = {"events": list(timeline), "limited": False}
    return {"rooms": {"leave": {room_id: {"timeline": line, "state": {"events": list(state)}}}}}
