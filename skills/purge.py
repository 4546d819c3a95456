"""Purging: what was there is gone, and nothing is made."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Literal

from lunabot.admin.call import Call, Plan
from lunabot.admin.finding import find_known_room
from lunabot.admin.parameters import RoomReference
from lunabot.admin.services import Services
from lunabot.admin.skill import skill
from lunabot.errors import UserMistake
from lunabot.matrix.ids import RoomId
from lunabot.memory.purging import scrub
from lunabot.purging.houses import Personas, Rooms, Server
from lunabot.purging.memories import Messages, Store, Summaries
from lunabot.purging.scope import Scope

What = Literal["messages", "memory", "personas", "rooms", "store", "homeserver"]


async def purge_plan(
    call: Call, scope: What, room: RoomReference | None = None, *, before: date | None = None
) -> Plan | None:
    """Tell what goes; None where nothing is there."""
    holdings = await (await _scope(call, scope, room, before)).look()
    if holdings is None:
        return None
    lines = "\n".join(f"- {line}" for line in holdings.lines)
    parts = [f"This goes: {holdings.head}", lines, holdings.stays]
    return Plan("\n\n".join(filter(None, parts)), f"{scope} {holdings.fingerprint}")


@skill(
    "purge",
    group="operations",
    destructive=True,
    plan=purge_plan,
    examples=(
        "purge messages trails",
        "purge messages trails --before 2026-01-01",
        "purge memory",
        "purge memory trails",
        "purge personas",
        "purge rooms",
        "purge store",
        "purge homeserver",
    ),
)
async def purge(
    call: Call, scope: What, room: RoomReference | None = None, *, before: date | None = None
) -> str:
    """Wipe something, for good. Nothing is made in its place.

    `messages`: what I remember of what was said in a room. `memory`: what I made of messages, of a
    room or of all. `personas`: all of them. `rooms`: those that my accounts made, but this one.
    `store`: all that I remember. `homeserver`: all there is, where the server is my own.

    scope: what goes
    room: which room's, for messages and memory
    before: only messages from before that day (UTC)
    """
    wanted = await _scope(call, scope, room, before)
    if await wanted.look() is None:
        await scrub(call.services.memory)  # a purge may have been cut off before that
        return "There is nothing to purge."
    return await wanted.empty(call.progress)


async def _scope(call: Call, scope: What, room: RoomReference | None, before: date | None) -> Scope:
    """Return what is meant; raises `UserMistake` where words are missing or too many."""
    if room and scope not in ("messages", "memory"):
        raise UserMistake(f"`!purge {scope}` is not about one room: leave the room out.")
    if before and scope != "messages":
        raise UserMistake("`--before` is for messages: `!purge messages ROOM --before DAY`.")
    services = call.services
    room_id = await find_known_room(services, room) if room else None
    if scope == "messages":
        return Messages(services, _given(room_id), before)
    if scope == "memory":
        return Summaries(services, room_id)
    others: Mapping[What, Callable[[Services], Scope]] = {
        "personas": Personas,
        "rooms": Rooms,
        "store": Store,
        "homeserver": Server,
    }
    return others[scope](services)


def _given(room_id: RoomId | None) -> RoomId:
    if room_id is None:
        raise UserMistake("Of which room? `!purge messages ROOM`.")
    return room_id
