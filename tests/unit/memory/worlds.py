"""Histories for property tests, and what people should see of each, said without SQL."""

import itertools
from collections.abc import Sequence

from hypothesis import strategies as st

from lunabot.matrix.events import Message, Redaction
from lunabot.matrix.ids import EventId
from tests.unit.memory.samples import ADA, BOB, OTHER_ROOM, ROOM

Event = Message | Redaction
_WORDS = ("apple", "birch", "cedar", "delta")


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Draw events of two rooms and two people that edit and redact each other's at random."""
    size = draw(st.integers(1, 10))
    ids = [EventId(f"${number}") for number in range(size)]
    return [_event(draw, event_id, at, ids) for at, event_id in enumerate(ids)]


def _event(draw: st.DrawFn, event_id: EventId, at: int, ids: Sequence[EventId]) -> Event:
    room_id = draw(st.sampled_from([ROOM, ROOM, ROOM, OTHER_ROOM]))
    sender = draw(st.sampled_from([ADA, ADA, BOB]))
    kind = draw(st.sampled_from(["message", "message", "edit", "redaction"]))
    target = draw(st.sampled_from(ids))
    if kind == "redaction":
        return Redaction(event_id, room_id, sender, at, target)
    return Message(
        event_id,
        room_id,
        sender,
        at,
        body=draw(st.sampled_from(_WORDS)),
        replaces=target if kind == "edit" else None,
        encrypted=draw(st.booleans()),
    )


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[Event], list[list[Event]]]:
    """Draw a history, and batches that bring each event of it at least once, in any order."""
    history = draw(histories())
    arrivals = draw(st.permutations(history + draw(st.lists(st.sampled_from(history)))))
    cuts = sorted(draw(st.lists(st.integers(0, len(arrivals)))))
    edges = [0, *cuts, len(arrivals)]
    return history, [arrivals[start:end] for start, end in itertools.pairwise(edges)]


def seen(history: Sequence[Event]) -> list[tuple[EventId, str]]:
    """Return the id and the text of each message that people see, in time order."""
    messages = [event for event in history if isinstance(event, Message)]
    gone = {(event.room_id, event.target) for event in history if isinstance(event, Redaction)}
    alive = [
        message
        for message in messages
        if gone.isdisjoint(
            {(message.room_id, message.event_id), (message.room_id, message.replaces)}
        )
    ]
    return [
        (message.event_id, _newest_text(message, alive))
        for message in alive
        if message.replaces is None
    ]


def _newest_text(original: Message, alive: Sequence[Message]) -> str:
    edits = [
        message
        for message in alive
        if message.replaces == original.event_id
        and (message.room_id, message.sender) == (original.room_id, original.sender)
        and (message.encrypted or not original.encrypted)
    ]
    return max(edits, key=lambda edit: edit.timestamp, default=original).body
