"""Purging what Luna remembers: out of both stores, and off the disk.

What was made of messages goes before they do: a crash in between costs summaries, and leaves no
words behind. Whatever a crash cuts short is purged by asking again.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from lunabot.matrix.ids import RoomId
from lunabot.memory import purges
from lunabot.memory.memory import Memory
from lunabot.memory.recent import RECENT_MESSAGES
from lunabot.memory.withdrawing import withdraw


@dataclass(frozen=True, slots=True)
class Made:
    """What was made of messages: how many of each kind."""

    chapters: int
    lenses: int
    notes: int
    vectors: int


async def made(memory: Memory, room_id: RoomId | None) -> Made:
    """Count what was made of the messages of a room, or (None) of all."""
    state = memory.state
    chapters = state.chapters.rooms() if room_id is None else (room_id,)
    lenses = state.lenses.rooms() if room_id is None else (room_id,)
    notes = (note for persona in state.notes.personas() for note in state.notes.of(persona))
    return Made(
        sum(len(state.chapters.of(room)) for room in chapters),
        sum(len(state.lenses.of(room)) for room in lenses),
        sum(room_id in (None, note.room_id) for note in notes),
        await memory.archive.search(purges.vectors_of, room_id),
    )


async def purge_messages(
    memory: Memory,
    room_id: RoomId,
    before: int | None,
    now: int,
    progress: Callable[[int], Awaitable[None]],
) -> None:
    """Take out what was said in a room before a moment, or (None) all of it, and what it led to.

    It does not come back by itself, were it said by somebody whose sync comes later. Both moments
    are in milliseconds. `progress` hears how many are gone. Raises `WorldError`.
    """
    async with memory.unchanged():
        _withdraw(memory, room_id, before)
        purge = await memory.archive.change(purges.begin, room_id, before, now)
    while rest := await memory.archive.change(purges.go_on, purge):
        purge = rest
        await progress(purge.taken)
    async with memory.unchanged():
        _withdraw(memory, room_id, before)  # what was written of them meanwhile
        newest = await memory.archive.recent(room_id, RECENT_MESSAGES)
        memory.state.refill(room_id, newest)
        if not newest:
            memory.state.forget_recent(room_id)
        memory.revision += 1


async def purge_made(memory: Memory, room_id: RoomId | None) -> None:
    """Take out chapters, lens texts, notes and vectors of a room, or (None) all of them."""
    async with memory.unchanged():
        _clear(memory, room_id)
        await memory.archive.change(purges.vectors, room_id)


async def purge_store(memory: Memory, now: int) -> None:
    """Take out all messages and what was made of them; personas, facts and the books stay."""
    async with memory.unchanged():
        _clear(memory, None)
        memory.state.forget_recent()
        await memory.archive.change(purges.everything, now)
        memory.revision += 1


async def purge_accounts(memory: Memory, now: int) -> None:
    """Take out all that belongs to a homeserver that is no more; the books stay."""
    memory.state.clear()
    await memory.archive.change(purges.accounts, now)


async def scrub(memory: Memory) -> None:
    """Leave nothing on the disk of what was purged, in no copy and no free page."""
    await memory.state.scrub()
    await memory.archive.scrub()


def _withdraw(memory: Memory, room_id: RoomId, before: int | None) -> None:
    """Take out what was made of the messages before a moment; what is of later ones, too, stays.

    That loses its words and is written anew.
    """
    if before is None:
        _clear(memory, room_id)
        return
    chapters = memory.state.chapters
    old = [each for each in chapters.places(room_id) if each.begins < before]
    withdraw(memory.state, room_id, [0, *(each.begins for each in old)], unpinned=True)
    chapters.remove(*(each for each in old if each.ends < before))


def _clear(memory: Memory, room_id: RoomId | None) -> None:
    memory.state.chapters.clear(room_id)
    memory.state.lenses.clear(room_id)
    memory.state.notes.clear(room_id)
