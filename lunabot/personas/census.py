"""How the personas fare: what each said last, and what it has spent today."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from lunabot.matrix.events import Message
from lunabot.matrix.ids import UserId
from lunabot.memory.memory import Memory
from lunabot.memory.state import State


@dataclass(frozen=True, slots=True)
class Census:
    """What is known of all accounts, by user id; who said or spent nothing is in neither.

    `last_words` are the newest messages among those the state keeps, `tokens` those of today.
    """

    last_words: Mapping[UserId, Message]
    tokens: Mapping[UserId, int]


async def take(memory: Memory, *, encrypted: bool, now: datetime | None = None) -> Census:
    """Count and look; today begins at midnight UTC.

    Without `encrypted` the last words are kept back where they were said in an encrypted room.
    """
    midnight = (now or datetime.now(UTC)).replace(hour=0, minute=0, second=0, microsecond=0)
    tokens = await memory.archive.tokens_since(int(midnight.timestamp() * 1000))
    words = _last_words(memory.state)
    if not encrypted:
        words = {who: _kept_back(said) if said.encrypted else said for who, said in words.items()}
    return Census(words, tokens)


def _last_words(state: State) -> dict[UserId, Message]:
    newest: dict[UserId, Message] = {}
    for room_id in state.recent_rooms():
        for message in state.recent(room_id):
            known = newest.get(message.sender)
            if known is None or known.timestamp <= message.timestamp:
                newest[message.sender] = message
    return newest


def _kept_back(said: Message) -> Message:
    return replace(said, body="(encrypted)", formatted_body=None)
